// How far the run is, on standard error.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "plan.h"

namespace aether::bench::compare {

// On a terminal one line that is written over; elsewhere a line now and then.
class Progress {
 public:
  Progress(const Plan& plan, const Settings& settings);

  // This is about to be measured.
  void Start(int round, std::size_t series);

  // It was, and is again as many times as `left` says.
  void Done(std::size_t series, int left);

  // Something that is to stay on the screen.
  void Tell(const std::string& text);

  // Leaves the terminal clean.
  void End();

 private:
  double SecondsLeft() const;

  const Plan& plan_;
  int rounds_;
  bool terminal_;
  std::vector<double> seconds_;  // of the last repetition of each series; at first what it is to take
  std::vector<int> left_;
  std::chrono::steady_clock::time_point started_;  // of what is being measured
  std::chrono::steady_clock::time_point told_;
};

// "45 s", "12 min", "1 h 05 min".
std::string DurationWords(double seconds);

}  // namespace aether::bench::compare
