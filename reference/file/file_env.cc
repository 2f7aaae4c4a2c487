// FileEnv's system calls.

#include "aether/file_env.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace aether {

ssize_t FileEnv::Read(int fd, void* buffer, std::size_t size, off_t offset) {
  return ::pread(fd, buffer, size, offset);
}

ssize_t FileEnv::Write(int fd, const void* bytes, std::size_t size, off_t offset) {
  return ::pwrite(fd, bytes, size, offset);
}

int FileEnv::Sync(int fd) { return ::fdatasync(fd); }

// Not posix_fallocate, which writes zeros block by block where the file system cannot allocate.
int FileEnv::Allocate(int fd, off_t offset, off_t length) { return ::fallocate(fd, 0, offset, length); }

int FileEnv::Resize(int fd, off_t size) { return ::ftruncate(fd, size); }

void* FileEnv::Map(int fd, std::size_t size, off_t offset) {
  void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, offset);
  return mapped == MAP_FAILED ? nullptr : mapped;
}

int FileEnv::MakeReadable(void* pages, std::size_t size) {
  return ::madvise(pages, size, MADV_POPULATE_READ);
}

FileEnv& FileEnv::System() {
  static FileEnv env;
  return env;
}

}  // namespace aether
