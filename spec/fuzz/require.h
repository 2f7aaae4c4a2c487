// What a fuzz target does when a promise is broken: it dies, and libFuzzer keeps the input.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace aether::fuzz {

inline void Require(bool holds, std::string_view promise, std::string_view about = "") {
  if (holds) return;
  std::fprintf(stderr, "broken promise: %.*s\n%.*s\n", static_cast<int>(promise.size()), promise.data(),
               static_cast<int>(about.size()), about.data());
  std::abort();
}

}  // namespace aether::fuzz
