// Contents of silent files, and the blocks of them that were recorded.

#include "silent.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recorder.h"

namespace aether::faults {

namespace {

constexpr int kMostFiles = 256;
constexpr off_t kBlock = 4096;

struct SilentFile {
  std::uint64_t handle = 0;
  int fd = -1;  // our own, never closed: closing one gives back all locks that the process has on the file
  int writers = 0;  // mappings and streams
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;                     // when we looked last
  std::uint64_t* recorded = nullptr;  // of each block the hash; 0: not yet
  std::size_t blocks = 0;             // that there is room for
  bool given_up = false;
};

SilentFile files[kMostFiles];
int count = 0;
int active = 0;

std::uint64_t HashOf(const unsigned char* bytes, std::size_t size) {
  std::uint64_t hash = 14695981039346656037ULL ^ size;
  std::size_t at = 0;
  for (; at + 8 <= size; at += 8) {
    std::uint64_t word;
    memcpy(&word, bytes + at, 8);
    hash = (hash ^ word) * 0x9E3779B97F4A7C15ULL;
    hash ^= hash >> 29;
  }
  for (; at < size; ++at) hash = (hash ^ bytes[at]) * 1099511628211ULL;
  return hash | 1;
}

bool MakeRoom(SilentFile& file, off_t size) {
  const std::size_t blocks = static_cast<std::size_t>((size + kBlock - 1) / kBlock);
  if (blocks <= file.blocks) return true;
  const std::size_t wanted = 2 * blocks + 64;
  static const auto map = Real<void*(void*, std::size_t, int, int, int, off_t)>("mmap");
  void* const room = map(nullptr, wanted * sizeof(std::uint64_t), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return false;
  if (file.blocks > 0) {
    memcpy(room, file.recorded, file.blocks * sizeof(std::uint64_t));
    static const auto unmap = Real<int(void*, std::size_t)>("munmap");
    unmap(file.recorded, file.blocks * sizeof(std::uint64_t));
  }
  file.recorded = static_cast<std::uint64_t*>(room);
  file.blocks = wanted;
  return true;
}

// What was cut off is unknown should it come again.
void Forget(SilentFile& file, off_t size) {
  for (off_t at = size / kBlock; at * kBlock < file.size; ++at) file.recorded[at] = 0;
}

void LookAtBlock(SilentFile& file, off_t at) {
  static const auto real = Real<ssize_t(int, void*, std::size_t, off_t)>("pread");
  unsigned char bytes[kBlock];
  const ssize_t size = real(file.fd, bytes, sizeof bytes, at);
  if (size <= 0) return;
  const std::uint64_t hash = HashOf(bytes, static_cast<std::size_t>(size));
  if (file.recorded[at / kBlock] == hash) return;
  file.recorded[at / kBlock] = hash;
  Record record;
  record.op = Op::kContents;
  record.handle = file.handle;
  record.offset = static_cast<std::uint64_t>(at);
  Log(record, "", bytes, static_cast<std::size_t>(size));
}

void LookAt(SilentFile& file) {
  struct stat status = {};
  if (file.given_up || fstat(file.fd, &status) != 0) return;
  if (!MakeRoom(file, status.st_size)) {
    file.given_up = true;
    return LogText(Op::kUnknown, "a mapping of a file that is too large to be looked at");
  }
  if (status.st_size < file.size) Forget(file, status.st_size);
  file.size = status.st_size;
  for (off_t at = 0; (at = lseek(file.fd, at, SEEK_DATA)) >= 0;) {
    const off_t end = lseek(file.fd, at, SEEK_HOLE);
    for (at = at / kBlock * kBlock; at < end; at += kBlock) LookAtBlock(file, at);
  }
}

int Add(int fd, const struct stat& status) {
  char name[32] = "/proc/self/fd/";
  char digits[16];
  int n = 0;
  do digits[n++] = static_cast<char>('0' + fd % 10);
  while ((fd /= 10) != 0);
  for (char* end = name + strlen(name); n > 0;) *end++ = digits[--n];
  static const auto real = Real<int(int, const char*, int, ...)>("openat");
  const int own = count < kMostFiles ? real(AT_FDCWD, name, O_RDONLY | O_CLOEXEC) : -1;
  if (own < 0) {
    LogText(Op::kUnknown, "a mapping of a file, or a stream, that cannot be looked at");
    return -1;
  }
  SilentFile& file = files[count];
  file.fd = own;
  file.device = status.st_dev;
  file.inode = status.st_ino;
  return count++;
}

}  // namespace

int SilentOf(int fd) {
  struct stat status = {};
  if (count == 0 || fstat(fd, &status) != 0) return -1;
  for (int i = 0; i < count; ++i) {
    if (files[i].device == status.st_dev && files[i].inode == status.st_ino) return i;
  }
  return -1;
}

int BeginSilent(int fd) {
  struct stat status = {};
  if (NoSync() || fstat(fd, &status) != 0) return -1;
  int file = SilentOf(fd);
  if (file < 0) file = Add(fd, status);
  if (file < 0) return file;
  files[file].handle = HandleOf(fd);
  Record record;
  record.op = Op::kSilent;
  record.handle = files[file].handle;
  Log(record);
  if (files[file].writers++ == 0) ++active;
  LookAt(files[file]);
  return file;
}

void EndSilent(int file) {
  LookAt(files[file]);
  if (--files[file].writers == 0) --active;
}

void LookAtSilent() {
  if (active == 0) return;
  const int kept = errno;
  for (int i = 0; i < count; ++i) {
    if (files[i].writers > 0) LookAt(files[i]);
  }
  errno = kept;
}

}  // namespace aether::faults
