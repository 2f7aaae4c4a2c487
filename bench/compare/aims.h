// Aims: figures that the stores are to reach, as ratios of one run, in a file.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "summary.h"

namespace aether::bench::compare {

// bench/aims.schema.json says what each of these means.
struct Aim {
  std::string id;
  std::string text;
  std::string of;
  std::string statistic = "per_second";
  std::vector<std::string> to;  // several: the best of them; none: the figure itself is bounded
  std::string to_statistic;
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::string note;
};

enum class Outcome { kMet, kNotMet, kNotMeasured };

struct Judged {
  Aim aim;
  Outcome outcome = Outcome::kNotMeasured;
  std::optional<Estimate> value;     // the ratio, or the figure itself
  std::string against;               // which of several was the best
  std::vector<std::string> missing;  // what was not measured
};

// Throws std::runtime_error naming what is wrong with the file.
std::vector<Aim> ReadAims(const std::string& file);

std::vector<Judged> JudgeAims(const std::vector<Aim>& aims, const std::vector<Series>& series);

}  // namespace aether::bench::compare
