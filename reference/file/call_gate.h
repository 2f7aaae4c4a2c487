// CallGate: closing a handle while other threads call it.

#pragma once

#include <atomic>
#include <cstdint>

namespace aether::file {

// Calls enter and leave; Close() lets no more in and waits until those inside have left.
class CallGate {
 public:
  // False: closed.
  bool Enter() {
    if ((state_.fetch_add(kCall) & kClosed) == 0) return true;
    Leave();
    return false;
  }

  void Leave() {
    if (state_.fetch_sub(kCall) == (kCall | kClosed)) state_.notify_all();
  }

  // False: somebody else has closed it.
  bool Close() {
    if ((state_.fetch_or(kClosed) & kClosed) != 0) return false;
    for (auto state = state_.load(); state != kClosed; state = state_.load()) state_.wait(state);
    return true;
  }

 private:
  static constexpr std::uint32_t kClosed = 1;
  static constexpr std::uint32_t kCall = 2;

  std::atomic<std::uint32_t> state_ = 0;
};

}  // namespace aether::file
