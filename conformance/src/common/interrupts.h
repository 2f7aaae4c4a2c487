// Interrupts: a run that is asked to end cleans up first.

#pragma once

#include <signal.h>

#include <array>

namespace aether::conformance {

// While it lives SIGINT, SIGTERM and SIGHUP are only noted, so that children and directories do not stay
// behind; but those that were ignored before, such as by nohup, still are. One at a time.
class InterruptsNoted {
 public:
  InterruptsNoted();
  ~InterruptsNoted();
  InterruptsNoted(const InterruptsNoted&) = delete;
  InterruptsNoted& operator=(const InterruptsNoted&) = delete;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_ = {};
};

// Whether one was noted since the program began.
bool Interrupted();

}  // namespace aether::conformance
