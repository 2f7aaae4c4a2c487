// Numbers that look like chance and depend on two numbers only.

#pragma once

#include <cstdint>

namespace aether::conformance {

// The n-th of those that begin with `seed` (splitmix64).
constexpr std::uint64_t Chance(std::uint64_t seed, std::uint64_t n) {
  std::uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15ULL;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace aether::conformance
