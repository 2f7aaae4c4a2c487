// All that a run came to, for those that write it down.

#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aims.h"
#include "baseline.h"
#include "environment.h"
#include "plan.h"
#include "summary.h"

namespace aether::bench::compare {

struct Results {
  std::string command;  // as it was typed
  std::string started;
  double took_seconds = 0;
  Environment environment;
  Settings settings;
  std::vector<Program> programs;
  std::map<std::size_t, nlohmann::json> versions;  // that programs tell, by their indices
  std::vector<Series> series;
  std::vector<std::string> troubles;
  bool interrupted = false;

  Summary summary;
  std::vector<Comparison> comparisons;
  std::vector<Judged> aims;

  // What of the run ought to be told before any figure; empty when nothing is.
  std::vector<std::string> Warnings() const;

  // Benchmarks of this build of which repetitions are missing.
  std::vector<const Series*> Incomplete() const;
};

}  // namespace aether::bench::compare
