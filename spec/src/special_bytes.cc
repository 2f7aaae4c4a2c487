// SpecialBytes: 64 bytes looked at at once.

#include "special_bytes.h"

#include <algorithm>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace aether::internal {
namespace {

// Sixteen bytes: a bit for each that is special, and for each beyond ASCII.
struct Quarter {
  explicit Quarter(const char* bytes) {
#ifdef __SSE2__
    const __m128i block = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
    const __m128i quotes = _mm_cmpeq_epi8(block, _mm_set1_epi8('"'));
    const __m128i backslashes = _mm_cmpeq_epi8(block, _mm_set1_epi8('\\'));
    const __m128i controls = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
    special =
        static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quotes, backslashes), controls)));
    high = static_cast<unsigned>(_mm_movemask_epi8(block));
#else
    for (int i = 0; i < 16; ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      special |= static_cast<std::uint64_t>(byte < 0x20 || byte == '"' || byte == '\\') << i;
      high |= static_cast<std::uint64_t>(byte >= 0x80) << i;
    }
#endif
  }

  std::uint64_t special = 0;
  std::uint64_t high = 0;
};

}  // namespace

void SpecialBytes::Look() {
  const char* block = block_;
  // The zeros behind the text are special, so that every search ends.
  char last[kBlock] = {};
  if (end_ - block_ < kBlock) {
    std::copy(block_, end_, last);
    block = last;
  }
  const Quarter q[] = {Quarter(block), Quarter(block + 16), Quarter(block + 32), Quarter(block + 48)};
  special_ = q[0].special | q[1].special << 16 | q[2].special << 32 | q[3].special << 48;
  high_ = q[0].high | q[1].high << 16 | q[2].high << 32 | q[3].high << 48;
}

}  // namespace aether::internal
