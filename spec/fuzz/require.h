// What a fuzz target does when a promise is broken: it dies, and libFuzzer keeps the input.

#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace aether::fuzz {

inline void Require(bool holds, std::string_view promise, std::string_view about = "") {
  if (holds) return;
  for (const std::string_view part :
       {std::string_view("broken promise: "), promise, std::string_view("\n"), about}) {
    std::fwrite(part.data(), 1, part.size(), stderr);
  }
  std::fputc('\n', stderr);
  std::abort();
}

}  // namespace aether::fuzz
