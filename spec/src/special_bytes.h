// SpecialBytes: where the bytes are that a JSON string cannot hold as they are. Internal to spec/src.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace aether::internal {

// Finds quotes, backslashes and control characters in a text that outlives it, from front to back. It looks
// at 64 bytes at once and keeps what it saw as bits: a text has a string every dozen bytes, and finding the
// end of one then waits for a shift, not for a load and a comparison of what the string before it ended at.
class SpecialBytes {
 public:
  SpecialBytes(const char* begin, const char* end) : block_(begin), end_(end) { Look(); }

  // The first special byte of the text from `at` on, or its end. `at` is not before that of an earlier
  // call. Sets `high` if a byte beyond ASCII stands in between.
  const char* Next(const char* at, bool* high) {
    for (;;) {
      if (at - block_ < kBlock) {
        const std::uint64_t found = special_ >> (at - block_);
        const std::uint64_t before = (found - 1) & ~found;
        *high |= ((high_ >> (at - block_)) & before) != 0;
        if (found != 0) return at + std::countr_zero(found);
        at = block_ + kBlock;
      }
      block_ += kBlock;
      Look();
    }
  }

 private:
  static constexpr std::ptrdiff_t kBlock = 64;

  void Look();

  const char* block_;
  const char* end_;
  std::uint64_t special_;  // a bit for each byte of the block
  std::uint64_t high_;     // those beyond ASCII
};

}  // namespace aether::internal
