// A run as such: when, by which command, and on what machine. Names neither the machine nor its user.

#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// From its construction to ToJson() is what the run took.
class RunInfo {
 public:
  // `command`: as it was typed, ready for a shell. `strict`: whether SHOULD rules count.
  RunInfo(std::string command, bool strict);

  // report.json's `run`; conformance/report.schema.json says what is in it.
  nlohmann::json ToJson() const;

 private:
  std::string command_;
  bool strict_;
  std::chrono::system_clock::time_point started_;
  std::chrono::steady_clock::time_point started_steady_;
};

}  // namespace aether::conformance
