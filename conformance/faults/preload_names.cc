// libaether_faults.so, part two: the calls by which files are opened, named, synced and closed.

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder.h"
#include "silent.h"

#define AETHER_EXPORT extern "C" __attribute__((visibility("default")))

namespace aether::faults {

namespace {

int Fail(const Fate& fate) {
  errno = fate.error;
  return -1;
}

bool IsDirectory(int fd) {
  struct stat status = {};
  return fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

std::uint64_t LogOpen(int fd, const char* path, int flags, bool existed) {
  Record record;
  record.op = Op::kOpen;
  record.handle = NewHandle();
  if (!existed) record.flags |= kCreated;
  if ((flags & O_TRUNC) != 0) record.flags |= kTruncated;
  if ((flags & (O_SYNC | O_DSYNC)) != 0) record.flags |= kSynced;
  if (IsDirectory(fd)) record.flags |= kDirectory;
  Log(record, path);
  return record.handle;
}

// Opens with `real()`, which answers a descriptor.
template <typename Real>
int Open(int directory, const char* path, int flags, Real real) {
  const Place place = PlaceOf(directory, path);
  if (!place.inside || (flags & O_PATH) == O_PATH) return real();
  const Alone alone;
  struct stat status = {};
  const bool existed = fstatat(directory, path, &status, 0) == 0;
  const bool creates = !existed && (flags & O_CREAT) != 0;
  if (const Fate fate = FateOf(creates ? Call::kCreate : Call::kOpen, "open"); fate.fails)
    return Fail(fate);
  const int fd = real();
  if (fd >= 0) SetHandle(fd, LogOpen(fd, place.text, flags, existed));
  return fd;
}

// Does what changes names, with `real()`, and records it.
template <typename Real>
int Rename(Call call, const char* name, Op op, const Place& from, const Place& to, Real real) {
  if (!from.inside && !to.inside) return real();
  const Alone alone;
  if (const Fate fate = FateOf(call, name); fate.fails) return Fail(fate);
  const int done = real();
  if (done != 0) return done;
  if (from.inside && to.inside) {
    Record record;
    record.op = op;
    Log(record, from.text, to.text, strlen(to.text));
  } else {
    LogText(Op::kUnknown, "a name that moves into the directory or out of it");
  }
  return done;
}

template <typename Real>
int ChangeName(Call call, const char* name, Op op, const Place& place, Real real) {
  if (!place.inside) return real();
  const Alone alone;
  if (const Fate fate = FateOf(call, name); fate.fails) return Fail(fate);
  const int done = real();
  if (done != 0) return done;
  Record record;
  record.op = op;
  Log(record, place.text);
  return done;
}

// A descriptor of the directory's that no call of ours has opened, as opendir() has: a handle for now.
std::uint64_t Adopt(int fd) {
  const Place place = PlaceOfDescriptor(fd);
  return place.inside ? LogOpen(fd, place.text, 0, true) : 0;
}

template <typename Real>
int Sync(int fd, const char* name, Real real) {
  if (!Active()) return real();
  std::uint64_t handle = 0;
  Fate fate;
  {
    const Alone alone;
    handle = HandleOf(fd);
    if (handle == 0 && fd >= 0) handle = Adopt(fd);
    if (handle != 0 && !NoSync()) fate = FateOf(IsDirectory(fd) ? Call::kDirectorySync : Call::kSync, name);
  }
  return handle == 0 ? real() : RecordSync(handle, fate);
}

template <typename Real>
void SyncAll(Real real) {
  if (!Active()) return real();
  Record record;
  record.op = Op::kSyncAllBegin;
  {
    const Alone alone;
    record.offset = NewSync();
    Log(record);
  }
  const Alone alone;
  record.op = Op::kSyncAllEnd;
  Log(record);
}

bool NeedsMode(int flags) { return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE; }

// What fopen and mkstemp have opened.
void Opened(int fd, int flags, bool existed) {
  const Place place = PlaceOfDescriptor(fd);
  if (!place.inside) return;
  const Alone alone;
  SetHandle(fd, LogOpen(fd, place.text, flags, existed));
}

// A stream writes by itself, when it likes.
FILE* Written(FILE* stream, const char* mode) {
  if (stream == nullptr || HandleOf(fileno(stream)) == 0 || strpbrk(mode, "wa+") == nullptr) return stream;
  const Alone alone;
  BeginSilent(fileno(stream));
  return stream;
}

FILE* OpenStream(const char* path, const char* mode, FILE* (*real)(const char*, const char*)) {
  const bool existed = access(path, F_OK) == 0;
  FILE* const stream = real(path, mode);
  if (stream == nullptr) return stream;
  Opened(fileno(stream), mode[0] == 'w' ? O_TRUNC : 0, existed);
  return Written(stream, mode);
}

int Duplicated(int from, int to) {
  if (to >= 0) SetHandle(to, HandleOf(from));
  return to;
}

int MakeTemporary(int fd) {
  if (fd >= 0) Opened(fd, 0, false);
  return fd;
}

}  // namespace

}  // namespace aether::faults

using namespace aether::faults;  // NOLINT: this file defines C functions

AETHER_EXPORT int openat(int directory, const char* path, int flags, ...) {
  static const auto real = Real<int(int, const char*, int, mode_t)>("openat");
  va_list more;
  va_start(more, flags);
  const mode_t mode = NeedsMode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return Open(directory, path, flags, [&] { return real(directory, path, flags, mode); });
}

AETHER_EXPORT int openat64(int directory, const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = NeedsMode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(directory, path, flags, mode);
}

AETHER_EXPORT int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = NeedsMode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, path, flags, mode);
}

AETHER_EXPORT int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = NeedsMode(flags) ? va_arg(more, mode_t) : 0;
  va_end(more);
  return openat(AT_FDCWD, path, flags, mode);
}

AETHER_EXPORT int __open_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags); }
AETHER_EXPORT int __open64_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags); }
AETHER_EXPORT int __openat_2(int fd, const char* path, int flags) { return openat(fd, path, flags); }
AETHER_EXPORT int __openat64_2(int fd, const char* path, int flags) { return openat(fd, path, flags); }
AETHER_EXPORT int creat(const char* path, mode_t mode) {
  return openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
AETHER_EXPORT int creat64(const char* path, mode_t mode) { return creat(path, mode); }

AETHER_EXPORT FILE* fopen(const char* path, const char* mode) {
  static const auto real = Real<FILE*(const char*, const char*)>("fopen");
  return OpenStream(path, mode, real);
}
AETHER_EXPORT FILE* fopen64(const char* path, const char* mode) { return fopen(path, mode); }

AETHER_EXPORT FILE* fdopen(int fd, const char* mode) noexcept {
  return Written(Real<FILE*(int, const char*)>("fdopen")(fd, mode), mode);
}

AETHER_EXPORT int mkstemp(char* pattern) { return MakeTemporary(Real<int(char*)>("mkstemp")(pattern)); }
AETHER_EXPORT int mkstemp64(char* pattern) { return mkstemp(pattern); }
AETHER_EXPORT int mkostemp(char* pattern, int flags) {
  return MakeTemporary(Real<int(char*, int)>("mkostemp")(pattern, flags));
}
AETHER_EXPORT int mkostemp64(char* pattern, int flags) { return mkostemp(pattern, flags); }

AETHER_EXPORT int close(int fd) {
  static const auto real = Real<int(int)>("close");
  SetHandle(fd, 0);
  return real(fd);
}

AETHER_EXPORT int fclose(FILE* stream) {
  static const auto real = Real<int(FILE*)>("fclose");
  const int fd = fileno(stream);
  const int silent = HandleOf(fd) != 0 ? SilentOf(fd) : -1;
  SetHandle(fd, 0);
  const int done = real(stream);
  if (silent >= 0) {
    const Alone alone;
    EndSilent(silent);
  }
  return done;
}

AETHER_EXPORT int dup(int fd) noexcept { return Duplicated(fd, Real<int(int)>("dup")(fd)); }
AETHER_EXPORT int dup2(int from, int to) noexcept {
  return Duplicated(from, Real<int(int, int)>("dup2")(from, to));
}
AETHER_EXPORT int dup3(int from, int to, int flags) noexcept {
  return Duplicated(from, Real<int(int, int, int)>("dup3")(from, to, flags));
}

AETHER_EXPORT int fcntl(int fd, int command, ...) {
  static const auto real = Real<int(int, int, ...)>("fcntl");
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  const int done = real(fd, command, argument);
  return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? Duplicated(fd, done) : done;
}

AETHER_EXPORT int fcntl64(int fd, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  return fcntl(fd, command, argument);
}

AETHER_EXPORT int renameat(int from_fd, const char* from, int to_fd, const char* to) noexcept {
  static const auto real = Real<int(int, const char*, int, const char*)>("renameat");
  return Rename(Call::kRename, "rename", Op::kRename, PlaceOf(from_fd, from), PlaceOf(to_fd, to),
                [&] { return real(from_fd, from, to_fd, to); });
}

AETHER_EXPORT int rename(const char* from, const char* to) noexcept {
  return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

AETHER_EXPORT int renameat2(int from_fd, const char* from, int to_fd, const char* to,
                            unsigned flags) noexcept {
  static const auto real = Real<int(int, const char*, int, const char*, unsigned)>("renameat2");
  if (Active() && (flags & ~static_cast<unsigned>(RENAME_NOREPLACE)) != 0) {
    const Alone alone;
    LogText(Op::kUnknown, "renameat2 that exchanges names");
  }
  return Rename(Call::kRename, "rename", Op::kRename, PlaceOf(from_fd, from), PlaceOf(to_fd, to),
                [&] { return real(from_fd, from, to_fd, to, flags); });
}

AETHER_EXPORT int linkat(int from_fd, const char* from, int to_fd, const char* to, int flags) noexcept {
  static const auto real = Real<int(int, const char*, int, const char*, int)>("linkat");
  return Rename(Call::kCreate, "link", Op::kLink, PlaceOf(from_fd, from), PlaceOf(to_fd, to),
                [&] { return real(from_fd, from, to_fd, to, flags); });
}

AETHER_EXPORT int link(const char* from, const char* to) noexcept {
  return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

AETHER_EXPORT int unlinkat(int fd, const char* path, int flags) noexcept {
  static const auto real = Real<int(int, const char*, int)>("unlinkat");
  const bool directory = (flags & AT_REMOVEDIR) != 0;
  return ChangeName(Call::kUnlink, "unlink", directory ? Op::kRemoveDirectory : Op::kUnlink,
                    PlaceOf(fd, path), [&] { return real(fd, path, flags); });
}

AETHER_EXPORT int unlink(const char* path) noexcept { return unlinkat(AT_FDCWD, path, 0); }
AETHER_EXPORT int rmdir(const char* path) noexcept { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

AETHER_EXPORT int remove(const char* path) noexcept {
  const int done = unlink(path);
  return done != 0 && errno == EISDIR ? rmdir(path) : done;
}

AETHER_EXPORT int mkdirat(int fd, const char* path, mode_t mode) noexcept {
  static const auto real = Real<int(int, const char*, mode_t)>("mkdirat");
  return ChangeName(Call::kCreate, "mkdir", Op::kMakeDirectory, PlaceOf(fd, path),
                    [&] { return real(fd, path, mode); });
}

AETHER_EXPORT int mkdir(const char* path, mode_t mode) noexcept { return mkdirat(AT_FDCWD, path, mode); }

AETHER_EXPORT int fsync(int fd) {
  static const auto real = Real<int(int)>("fsync");
  return Sync(fd, "fsync", [&] { return real(fd); });
}

AETHER_EXPORT int fdatasync(int fd) {
  static const auto real = Real<int(int)>("fdatasync");
  return Sync(fd, "fdatasync", [&] { return real(fd); });
}

AETHER_EXPORT void sync() noexcept { SyncAll(Real<void()>("sync")); }

AETHER_EXPORT int syncfs(int fd) noexcept {
  int done = 0;
  SyncAll([&] { done = Real<int(int)>("syncfs")(fd); });
  return done;
}
