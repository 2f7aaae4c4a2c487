// Segments of the log in memory, and which of their pages were read.

#include "log_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>

namespace aether::file {
namespace {

constexpr std::uint64_t kFirstBytes = 64 << 20;

// Of the bits, that is: where the system's pages are larger, several bits are of one page.
constexpr std::uint64_t kPageBytes = 4096;

// Pages are asked for in pieces of so many: as many as the system would read at once anyway.
constexpr std::uint64_t kPagesTogether = 16;

constexpr std::uint64_t kWordBits = 64;

std::uint64_t BeginOf(std::size_t segment) { return segment == 0 ? 0 : kFirstBytes << (segment - 1); }
std::uint64_t BytesOf(std::size_t segment) { return segment == 0 ? kFirstBytes : BeginOf(segment); }

bool AllSet(const std::atomic<std::uint64_t>* bits, std::uint64_t begin, std::uint64_t end) {
  for (; begin < end; ++begin) {
    const auto word = bits[begin / kWordBits].load(std::memory_order_acquire);
    if ((word >> begin % kWordBits & 1) == 0) return false;
  }
  return true;
}

void SetAll(std::atomic<std::uint64_t>* bits, std::uint64_t begin, std::uint64_t end) {
  for (; begin < end; ++begin) {
    bits[begin / kWordBits].fetch_or(std::uint64_t{1} << begin % kWordBits, std::memory_order_release);
  }
}

}  // namespace

LogMap::~LogMap() {
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (const char* begin = segments_[i].begin) ::munmap(const_cast<char*>(begin), BytesOf(i));
  }
}

std::string_view LogMap::View(std::uint64_t offset, std::size_t size, std::uint64_t end) {
  const auto index = static_cast<std::size_t>(std::bit_width(offset / kFirstBytes));
  if (size == 0 || index >= segments_.size()) return {};
  const std::uint64_t at = offset - BeginOf(index);
  if (size > BytesOf(index) - at) return {};  // it lies in two segments
  Segment& segment = segments_[index];
  const char* begin = segment.begin.load(std::memory_order_acquire);
  if (!begin) begin = Map(&segment, BeginOf(index), BytesOf(index));
  if (!begin) return {};

  const std::uint64_t first = at / kPageBytes;
  const std::uint64_t last = (at + size - 1) / kPageBytes;
  if (!AllSet(segment.readable.get(), first, last + 1)) {
    const std::uint64_t limit =
        (std::min(end - BeginOf(index), BytesOf(index)) + kPageBytes - 1) / kPageBytes;
    const std::uint64_t from = first / kPagesTogether * kPagesTogether;
    const std::uint64_t to =
        std::max(last + 1, std::min(limit, (last + kPagesTogether) / kPagesTogether * kPagesTogether));
    if (!file_.MakeReadable(begin + from * kPageBytes, (to - from) * kPageBytes)) return {};
    SetAll(segment.readable.get(), from, to);
  }
  return {begin + at, size};
}

const char* LogMap::Map(Segment* segment, std::uint64_t offset, std::uint64_t bytes) {
  std::lock_guard lock(mutex_);
  if (segment->begin || segment->failed) return segment->begin;
  segment->readable = std::make_unique<std::atomic<std::uint64_t>[]>(bytes / kPageBytes / kWordBits);
  const char* const begin = file_.Map(offset, bytes);
  segment->failed = begin == nullptr;
  segment->begin.store(begin, std::memory_order_release);
  return begin;
}

}  // namespace aether::file
