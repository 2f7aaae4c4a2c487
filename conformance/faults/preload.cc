// libaether_faults.so, part one: the calls by which files get their contents, and by which they are read.
// Preloaded, it stands before the C library. Each call is made as it was, unless the plan lets it fail, and
// recorded if it concerns the directory.

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "recorder.h"

// Weak: calls that older C libraries lack are not missed by anybody there.
#define AETHER_EXPORT extern "C" __attribute__((visibility("default")))

namespace aether::faults {

namespace {

// One buffer of what is written, whatever the call.
struct Bytes {
  const iovec* parts;
  int count;

  std::size_t size() const {
    std::size_t all = 0;
    for (int i = 0; i < count; ++i) all += parts[i].iov_len;
    return all;
  }
};

void LogWrite(std::uint64_t handle, off_t offset, const Bytes& bytes, std::size_t done,
              std::uint8_t flags) {
  Record record;
  record.op = Op::kWrite;
  record.handle = handle;
  record.offset = static_cast<std::uint64_t>(offset);
  record.flags = flags;
  for (int i = 0; i < bytes.count && done > 0; ++i) {
    const std::size_t size = bytes.parts[i].iov_len < done ? bytes.parts[i].iov_len : done;
    if (size == 0) continue;
    Log(record, "", bytes.parts[i].iov_base, size);
    record.offset += size;
    done -= size;
  }
}

// Makes the call with `real(bytes)`, which writes at `offset`, or at the file's position when that is
// negative.
template <typename Real>
ssize_t Write(int fd, const iovec* parts, int count, off_t offset, int flags, Real real) {
  const std::uint64_t handle = Active() ? HandleOf(fd) : 0;
  if (handle == 0 || count < 0) return real(parts, count);
  const Bytes bytes = {parts, count};
  const Alone alone;
  const Fate fate = FateOf(Call::kWrite, "write", bytes.size());
  if (fate.fails && !fate.half) {
    errno = fate.error;
    return -1;
  }
  const int mode = fcntl(fd, F_GETFL);
  const bool appends = (mode & O_APPEND) != 0;
  const iovec half = {parts[0].iov_base, (parts[0].iov_len + 1) / 2};
  const ssize_t done = fate.half ? real(&half, 1) : real(parts, count);
  if (done <= 0) return done;
  if (offset < 0) {
    offset = lseek(fd, 0, SEEK_CUR) - done;
  } else if (appends) {  // Linux appends in spite of the offset
    struct stat status = {};
    fstat(fd, &status);
    offset = status.st_size - done;
  }
  const bool syncs = (flags & (RWF_DSYNC | RWF_SYNC)) != 0 || (mode & (O_SYNC | O_DSYNC)) != 0;
  // A process that dies does not die between the two: they are one call of the system.
  const Fate sync =
      syncs && !NoSync() && !DeathIsPlanned() ? FateOf(Call::kSync, "the sync of a write") : Fate();
  const std::uint8_t how = sync.fails ? kSyncFailed : syncs ? kSynced : std::uint8_t{0};
  LogWrite(handle, offset, bytes, static_cast<std::size_t>(done), how);
  if (!sync.fails) return done;
  errno = sync.error;
  return -1;
}

off_t SizeOf(int fd) {
  struct stat status = {};
  fstat(fd, &status);
  return status.st_size;
}

// Makes a call that may change the size of a file, and records the new one.
template <typename Real>
int Resize(int fd, Call call, const char* name, Real real) {
  std::uint64_t handle = HandleOf(fd);
  if (!Active() || handle == 0) return real();
  const Alone alone;
  if (const Fate fate = FateOf(call, name); fate.fails) {
    errno = fate.error;
    return -1;
  }
  const off_t before = SizeOf(fd);
  const int done = real();
  if (done != 0) return done;
  Record record;
  record.op = Op::kResize;
  record.handle = handle;
  record.offset = static_cast<std::uint64_t>(SizeOf(fd));
  if (before != SizeOf(fd)) Log(record);
  return done;
}

int Truncate(int fd, off_t size, int (*real)(int, off_t)) {
  const Call call = HandleOf(fd) != 0 && size > SizeOf(fd) ? Call::kAllocate : Call::kShrink;
  return Resize(fd, call, "ftruncate", [&] { return real(fd, size); });
}

int Allocate(int fd, int mode, off_t offset, off_t size, int (*real)(int, int, off_t, off_t)) {
  if ((mode & ~FALLOC_FL_KEEP_SIZE) != 0 && Active() && HandleOf(fd) != 0) {
    const Alone alone;
    LogText(Op::kUnknown, "fallocate that changes contents");
  }
  return Resize(fd, Call::kAllocate, "fallocate", [&] { return real(fd, mode, offset, size); });
}

// posix_fallocate answers its error.
int PosixAllocate(int fd, off_t offset, off_t size, int (*real)(int, off_t, off_t)) {
  int error = 0;
  const int done = Resize(fd, Call::kAllocate, "posix_fallocate", [&] {
    error = real(fd, offset, size);
    return error == 0 ? 0 : -1;
  });
  return done == 0 ? 0 : error != 0 ? error : errno;
}

// Makes a read of at most `size` bytes with `real(half)`.
template <typename Real>
ssize_t Read(int fd, const char* name, std::size_t size, Real real) {
  if (!Active() || HandleOf(fd) == 0 || !ReadsMayFail()) return real(false);
  Fate fate;
  {
    const Alone alone;
    fate = FateOf(Call::kRead, name, size);
  }
  if (!fate.fails || fate.half) return real(fate.half);
  errno = fate.error;
  return -1;
}

template <typename Real>
ssize_t ReadParts(int fd, const char* name, const iovec* parts, int count, Real real) {
  return Read(fd, name, count > 0 ? parts[0].iov_len : 0, [&](bool half) {
    const iovec first = {parts[0].iov_base, (parts[0].iov_len + 1) / 2};
    return half ? real(&first, 1) : real(parts, count);
  });
}

}  // namespace

}  // namespace aether::faults

using namespace aether::faults;  // NOLINT: this file defines C functions

AETHER_EXPORT ssize_t write(int fd, const void* data, size_t size) {
  static const auto real = Real<ssize_t(int, const void*, size_t)>("write");
  const iovec part = {const_cast<void*>(data), size};
  return Write(fd, &part, 1, -1, 0, [&](const iovec* p, int) { return real(fd, p->iov_base, p->iov_len); });
}

AETHER_EXPORT ssize_t writev(int fd, const iovec* parts, int count) {
  static const auto real = Real<ssize_t(int, const iovec*, int)>("writev");
  return Write(fd, parts, count, -1, 0, [&](const iovec* p, int n) { return real(fd, p, n); });
}

AETHER_EXPORT ssize_t pwrite(int fd, const void* data, size_t size, off_t offset) {
  static const auto real = Real<ssize_t(int, const void*, size_t, off_t)>("pwrite");
  const iovec part = {const_cast<void*>(data), size};
  return Write(fd, &part, 1, offset, 0,
               [&](const iovec* p, int) { return real(fd, p->iov_base, p->iov_len, offset); });
}

AETHER_EXPORT ssize_t pwrite64(int fd, const void* data, size_t size, off64_t offset) {
  return pwrite(fd, data, size, offset);
}

AETHER_EXPORT ssize_t pwritev(int fd, const iovec* parts, int count, off_t offset) {
  static const auto real = Real<ssize_t(int, const iovec*, int, off_t)>("pwritev");
  return Write(fd, parts, count, offset, 0, [&](const iovec* p, int n) { return real(fd, p, n, offset); });
}

AETHER_EXPORT ssize_t pwritev64(int fd, const iovec* parts, int count, off64_t offset) {
  return pwritev(fd, parts, count, offset);
}

AETHER_EXPORT ssize_t pwritev2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static const auto real = Real<ssize_t(int, const iovec*, int, off_t, int)>("pwritev2");
  return Write(fd, parts, count, offset, flags,
               [&](const iovec* p, int n) { return real(fd, p, n, offset, flags); });
}

AETHER_EXPORT ssize_t pwritev64v2(int fd, const iovec* parts, int count, off64_t offset, int flags) {
  return pwritev2(fd, parts, count, offset, flags);
}

AETHER_EXPORT int ftruncate(int fd, off_t size) noexcept {
  static const auto real = Real<int(int, off_t)>("ftruncate");
  return Truncate(fd, size, real);
}

AETHER_EXPORT int ftruncate64(int fd, off64_t size) noexcept { return ftruncate(fd, size); }

AETHER_EXPORT int truncate(const char* path, off_t size) noexcept {
  if (!PlaceOf(AT_FDCWD, path).inside) return Real<int(const char*, off_t)>("truncate")(path, size);
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  const int done = ftruncate(fd, size);
  const int kept = errno;
  close(fd);
  errno = kept;
  return done;
}

AETHER_EXPORT int truncate64(const char* path, off64_t size) noexcept { return truncate(path, size); }

AETHER_EXPORT int fallocate(int fd, int mode, off_t offset, off_t size) {
  static const auto real = Real<int(int, int, off_t, off_t)>("fallocate");
  return Allocate(fd, mode, offset, size, real);
}

AETHER_EXPORT int fallocate64(int fd, int mode, off64_t offset, off64_t size) {
  return fallocate(fd, mode, offset, size);
}

AETHER_EXPORT int posix_fallocate(int fd, off_t offset, off_t size) {
  static const auto real = Real<int(int, off_t, off_t)>("posix_fallocate");
  return PosixAllocate(fd, offset, size, real);
}

AETHER_EXPORT int posix_fallocate64(int fd, off64_t offset, off64_t size) {
  return posix_fallocate(fd, offset, size);
}

AETHER_EXPORT ssize_t read(int fd, void* data, size_t size) {
  static const auto real = Real<ssize_t(int, void*, size_t)>("read");
  return Read(fd, "read", size, [&](bool half) { return real(fd, data, half ? (size + 1) / 2 : size); });
}

AETHER_EXPORT ssize_t pread(int fd, void* data, size_t size, off_t offset) {
  static const auto real = Real<ssize_t(int, void*, size_t, off_t)>("pread");
  return Read(fd, "pread", size,
              [&](bool half) { return real(fd, data, half ? (size + 1) / 2 : size, offset); });
}

AETHER_EXPORT ssize_t pread64(int fd, void* data, size_t size, off64_t offset) {
  return pread(fd, data, size, offset);
}

AETHER_EXPORT ssize_t __read_chk(int fd, void* data, size_t size, size_t room) {
  if (size > room) abort();
  return read(fd, data, size);
}

AETHER_EXPORT ssize_t __pread_chk(int fd, void* data, size_t size, off_t offset, size_t room) {
  if (size > room) abort();
  return pread(fd, data, size, offset);
}

AETHER_EXPORT ssize_t __pread64_chk(int fd, void* data, size_t size, off64_t offset, size_t room) {
  return __pread_chk(fd, data, size, offset, room);
}

AETHER_EXPORT ssize_t readv(int fd, const iovec* parts, int count) {
  static const auto real = Real<ssize_t(int, const iovec*, int)>("readv");
  return ReadParts(fd, "readv", parts, count, [&](const iovec* p, int n) { return real(fd, p, n); });
}

AETHER_EXPORT ssize_t preadv(int fd, const iovec* parts, int count, off_t offset) {
  static const auto real = Real<ssize_t(int, const iovec*, int, off_t)>("preadv");
  return ReadParts(fd, "preadv", parts, count,
                   [&](const iovec* p, int n) { return real(fd, p, n, offset); });
}

AETHER_EXPORT ssize_t preadv64(int fd, const iovec* parts, int count, off64_t offset) {
  return preadv(fd, parts, count, offset);
}

AETHER_EXPORT ssize_t preadv2(int fd, const iovec* parts, int count, off_t offset, int flags) {
  static const auto real = Real<ssize_t(int, const iovec*, int, off_t, int)>("preadv2");
  return ReadParts(fd, "preadv2", parts, count,
                   [&](const iovec* p, int n) { return real(fd, p, n, offset, flags); });
}

AETHER_EXPORT ssize_t preadv64v2(int fd, const iovec* parts, int count, off64_t offset, int flags) {
  return preadv2(fd, parts, count, offset, flags);
}

// What a program says has happened, in order with its operations.
AETHER_EXPORT void aether_faults_mark(const char* text) {
  if (!Active()) return;
  const Alone alone;
  LogText(Op::kMark, text);
}
