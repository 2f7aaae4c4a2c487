// The run: every benchmark once a round, stores side by side.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "plan.h"
#include "worker.h"

namespace aether::bench::compare {

struct Measured {
  std::map<std::size_t, nlohmann::json> versions;  // that programs tell, by their indices
  std::vector<std::string> troubles;               // what broke, in words
  bool interrupted = false;
};

// Measures what is planned and puts the repetitions into its series. A program that breaks is told, and
// measures nothing more; the others go on. An interrupt ends the run with what there is. Throws Broken when
// a program does not start at all.
Measured Measure(const Settings& settings, const WorkerOptions& options, Plan* plan);

}  // namespace aether::bench::compare
