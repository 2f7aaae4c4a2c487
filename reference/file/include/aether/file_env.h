// FileEnv: the few system calls through which the file store reads and writes its log.

#pragma once

#include <sys/types.h>

#include <cstddef>

namespace aether {

// Every call works as the system call that it names: -1 and errno on failure, short counts and EINTR
// included; the store copes with those. The base class makes the system calls. Derive from it to count
// calls or to make them fail. Called from several threads at once.
class FileEnv {
 public:
  virtual ~FileEnv() = default;

  virtual ssize_t Read(int fd, void* buffer, std::size_t size, off_t offset);        // pread
  virtual ssize_t Write(int fd, const void* bytes, std::size_t size, off_t offset);  // pwrite
  virtual int Sync(int fd);                                                          // fdatasync
  virtual int Allocate(int fd, off_t offset, off_t length);                          // fallocate
  virtual int Resize(int fd, off_t size);                                            // ftruncate

  // mmap, read-only and shared. Null and errno on failure.
  virtual void* Map(int fd, std::size_t size, off_t offset);

  // madvise with MADV_POPULATE_READ: -1 and errno if any of these mapped pages cannot be read.
  virtual int MakeReadable(void* pages, std::size_t size);

  // The one that makes the system calls, for the life of the process.
  static FileEnv& System();
};

}  // namespace aether
