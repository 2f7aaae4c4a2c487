// Patiently(): a call that is made again while it is answered with unavailable.

#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

#include "aether/result.h"

namespace aether::conformance {

// Makes `call`, and again while it is answered with unavailable and `patience` lasts: unavailable means
// that nothing happened and that the call may be made again.
template <typename Call>
auto Patiently(std::chrono::milliseconds patience, Call call) -> decltype(call()) {
  const auto end = std::chrono::steady_clock::now() + patience;
  auto pause = std::chrono::microseconds(100);
  while (true) {
    auto result = call();
    if (result || result.error().code() != ErrorCode::kUnavailable || std::chrono::steady_clock::now() >= end) return result;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(50'000));
  }
}

}  // namespace aether::conformance
