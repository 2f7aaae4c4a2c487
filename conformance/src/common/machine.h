// The machine that a run takes place on, and the time. Names neither the machine nor its user.

#pragma once

#include <chrono>
#include <string>

namespace aether::conformance {

struct Machine {
  std::string cpu;
  unsigned cores = 0;
  std::string os;
  std::string kernel;
  std::string compiler;  // of this program
};

Machine ReadMachine();

// RFC 3339 with seconds.
std::string UtcText(std::chrono::system_clock::time_point time);

}  // namespace aether::conformance
