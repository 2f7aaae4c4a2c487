// What is said of text that is not a timestamp, by whatever reads it. Internal to spec/src.

#pragma once

namespace aether::internal {

inline constexpr char kExpectedTimestamp[] =
    "expected an RFC 3339 date-time of the years 0001 to 9999, with at most 9 fraction digits";

}  // namespace aether::internal
