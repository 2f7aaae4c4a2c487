// Timestamp: an instant to the nanosecond, from year 0001 to 9999.

#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "aether/result.h"

namespace aether {

// Seconds and nanoseconds rather than one 64-bit count of nanoseconds, which reaches from 1677 to 2262
// only, while the zero time of other languages is year 1.
struct Timestamp {
  std::int64_t seconds = 0;       // since 1970-01-01T00:00:00Z, leap seconds not counted
  std::uint32_t nanoseconds = 0;  // 0 to 999,999,999, always forward in time

  static constexpr std::int64_t kMinSeconds = -62135596800;  // 0001-01-01T00:00:00Z
  static constexpr std::int64_t kMaxSeconds = 253402300799;  // 9999-12-31T23:59:59Z

  // The system clock's present instant.
  static Timestamp Now();

  // Reads an RFC 3339 date-time with up to nine fraction digits and any UTC offset. Otherwise
  // kInvalidEvent for the field "timestamp".
  static Result<Timestamp> Parse(std::string_view text);

  // In UTC, such as 2026-01-13T21:26:16.12Z: trailing zeros of the fraction are dropped, and the point
  // with them. The instant is in range.
  std::string Format() const;

  bool InRange() const {
    return seconds >= kMinSeconds && seconds <= kMaxSeconds && nanoseconds <= 999'999'999;
  }

  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;
};

}  // namespace aether
