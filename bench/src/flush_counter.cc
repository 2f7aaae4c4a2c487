// The functions that take the place of the C library's.

#include "flush_counter.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<std::uint64_t> flushes{0};

int Counted(long answer) {
  flushes.fetch_add(1, std::memory_order_relaxed);
  return static_cast<int>(answer);
}

}  // namespace

// Cancellation points in the C library; nobody cancels threads here.
extern "C" {

int fsync(int fd) { return Counted(::syscall(SYS_fsync, fd)); }

int fdatasync(int fd) { return Counted(::syscall(SYS_fdatasync, fd)); }

int sync_file_range(int fd, off64_t offset, off64_t bytes, unsigned int flags) {
  return Counted(::syscall(SYS_sync_file_range, fd, offset, bytes, flags));
}

int msync(void* address, size_t length, int flags) {
  const long answer = ::syscall(SYS_msync, address, length, flags);
  return (flags & MS_SYNC) != 0 ? Counted(answer) : static_cast<int>(answer);
}
}

namespace aether::bench {

std::uint64_t DeviceFlushes() { return flushes.load(std::memory_order_relaxed); }

}  // namespace aether::bench
