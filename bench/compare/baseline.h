// What got slower: than an earlier build measured in the same run, or than an earlier run.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "summary.h"

namespace aether::bench::compare {

struct Compared {
  std::string name;
  std::string durability;
  Estimate ratio;                // later to earlier: below 1 is slower
  std::optional<double> p;       // of Wilcoxon's test that it is no slower, and then
  std::optional<double> p_holm;  // corrected for all that are compared
  bool slower = false;
};

struct Comparison {
  std::string with;      // the earlier build or file, in words
  double threshold = 0;  // by which fraction something has to be slower to be named
  std::vector<Compared> figures;
  std::vector<std::string> not_compared;  // "NAME: why"

  bool Worse() const;
};

inline constexpr double kBuildThreshold = 0.05;
inline constexpr double kFileThreshold = 0.30;
inline constexpr double kAlpha = 0.05;

// Pairs of neighbours of the same rounds. Slower is what is so by more than the threshold in the median and
// by the test, corrected for all figures.
Comparison CompareBuilds(const std::vector<Series>& series, double threshold);

// bench.json of an earlier run. Throws std::runtime_error when it cannot be read or is something else.
nlohmann::json ReadBaseline(const std::string& file);

// Two runs: only fractions of limits that each run measured itself can be compared. Slower is what lost
// more than the threshold.
Comparison CompareRuns(const Summary& summary, const nlohmann::json& earlier, const std::string& file,
                       double threshold);

}  // namespace aether::bench::compare
