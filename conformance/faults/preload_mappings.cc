// libaether_faults.so, part three: files that are mapped.

#include <errno.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recorder.h"
#include "silent.h"

#define AETHER_EXPORT extern "C" __attribute__((visibility("default")))

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#endif

namespace aether::faults {

namespace {

constexpr int kMostMappings = 4096;

struct Mapping {
  char* begin = nullptr;
  std::size_t size = 0;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t handle = 0;
  int silent = -1;  // that it writes
};

// Alone.
Mapping mappings[kMostMappings];
int used = 0;

Mapping* Find(const void* address) {
  const auto* const at = static_cast<const char*>(address);
  for (int i = 0; i < used; ++i) {
    Mapping& mapping = mappings[i];
    if (mapping.begin != nullptr && at >= mapping.begin && at < mapping.begin + mapping.size)
      return &mapping;
  }
  return nullptr;
}

void Remember(void* address, std::size_t size, int fd, off_t offset, int silent) {
  int i = 0;
  while (i < used && mappings[i].begin != nullptr) ++i;
  if (i == kMostMappings) return LogText(Op::kUnknown, "too many mappings of files");
  mappings[i] = {static_cast<char*>(address), size, static_cast<std::uint64_t>(offset), HandleOf(fd),
                 silent};
  if (i == used) ++used;
}

// Makes a call that reads with `real()`, unless it is to fail.
template <typename Answer, typename Real>
Answer MayFail(const char* name, int instead_of_eio, Answer failed, Real real) {
  Fate fate;
  if (ReadsMayFail()) {
    const Alone alone;
    fate = FateOf(Call::kRead, name);
  }
  if (!fate.fails) return real();
  errno = fate.error == EIO ? instead_of_eio : fate.error;
  return failed;
}

void* Map(void* address, std::size_t size, int protection, int flags, int fd, off_t offset,
          void* (*real)(void*, std::size_t, int, int, int, off_t)) {
  if (!Active() || fd < 0 || HandleOf(fd) == 0) return real(address, size, protection, flags, fd, offset);
  void* const mapped =
      MayFail("mmap", EIO, MAP_FAILED, [&] { return real(address, size, protection, flags, fd, offset); });
  if (mapped == MAP_FAILED) return mapped;
  const Alone alone;
  const bool writes = (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0;
  Remember(mapped, size, fd, offset, writes ? BeginSilent(fd) : -1);
  return mapped;
}

int Unmap(void* address, std::size_t size, int (*real)(void*, std::size_t)) {
  if (!Active() || used == 0) return real(address, size);
  const Alone alone;
  LookAtSilent();
  auto* const begin = static_cast<char*>(address);
  for (int i = 0; i < used; ++i) {
    Mapping& mapping = mappings[i];
    if (mapping.begin == nullptr || mapping.begin < begin || mapping.begin + mapping.size > begin + size)
      continue;
    if (mapping.silent >= 0) EndSilent(mapping.silent);
    mapping = {};
  }
  return real(address, size);
}

// Of a range of a mapping.
int SyncMapped(void* address, std::size_t size, int flags, int (*real)(void*, std::size_t, int)) {
  if (!Active() || (flags & MS_SYNC) == 0) return real(address, size, flags);
  std::uint64_t handle = 0;
  Range range;
  Fate fate;
  {
    const Alone alone;
    if (const Mapping* const mapping = Find(address)) {
      const auto page = static_cast<std::size_t>(getpagesize());
      handle = mapping->handle;
      range.begin =
          mapping->offset + static_cast<std::uint64_t>(static_cast<char*>(address) - mapping->begin);
      range.end = range.begin + (size + page - 1) / page * page;
      if (!NoSync()) fate = FateOf(Call::kSync, "msync");
    }
  }
  if (handle == 0) return real(address, size, flags);
  return RecordSync(handle, fate, range);
}

}  // namespace

}  // namespace aether::faults

using namespace aether::faults;  // NOLINT: this file defines C functions

AETHER_EXPORT void* mmap(void* address, size_t size, int protection, int flags, int fd,
                         off_t offset) noexcept {
  static const auto real = Real<void*(void*, size_t, int, int, int, off_t)>("mmap");
  return Map(address, size, protection, flags, fd, offset, real);
}

AETHER_EXPORT void* mmap64(void* address, size_t size, int protection, int flags, int fd,
                           off64_t offset) noexcept {
  return mmap(address, size, protection, flags, fd, offset);
}

AETHER_EXPORT int munmap(void* address, size_t size) noexcept {
  return Unmap(address, size, Real<int(void*, size_t)>("munmap"));
}

AETHER_EXPORT void* mremap(void* address, size_t before, size_t after, int flags, ...) noexcept {
  static const auto real = Real<void*(void*, size_t, size_t, int, ...)>("mremap");
  va_list more;
  va_start(more, flags);
  void* const wanted = (flags & MREMAP_FIXED) != 0 ? va_arg(more, void*) : nullptr;
  va_end(more);
  if (!Active()) return real(address, before, after, flags, wanted);
  const Alone alone;
  Mapping* const mapping = Find(address);
  void* const moved = real(address, before, after, flags, wanted);
  if (mapping != nullptr && moved != MAP_FAILED) {
    mapping->begin = static_cast<char*>(moved);
    mapping->size = after;
  }
  return moved;
}

AETHER_EXPORT int msync(void* address, size_t size, int flags) {
  return SyncMapped(address, size, flags, Real<int(void*, size_t, int)>("msync"));
}

AETHER_EXPORT int madvise(void* address, size_t size, int advice) noexcept {
  static const auto real = Real<int(void*, size_t, int)>("madvise");
  if (advice != MADV_POPULATE_READ || !Active()) return real(address, size, advice);
  return MayFail("madvise", EFAULT, -1, [&] { return real(address, size, advice); });
}
