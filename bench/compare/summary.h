// What the repetitions of a run come to: figures, fractions of limits, growth.

#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model.h"
#include "statistics.h"

namespace aether::bench::compare {

struct Figure {
  Benchmark benchmark;
  Estimate per_second;
  std::size_t repetitions = 0;
  // Medians over the repetitions; of max_us the greatest.
  std::map<std::string, double> counters;
  // Of the physical limit that bounds it; none when that was not measured.
  std::optional<Estimate> of_limit;
};

// How the time of an operation grows with the number of events or actors.
struct Growth {
  std::string store;
  std::string durability;
  std::string workload;
  std::string title;
  std::string parameter;
  std::vector<std::pair<double, double>> points;  // value, seconds an operation (medians)
  Estimate exponent;                              // of the whole curve
  double last_exponent = 0;                       // between its last two points
  double expected = 0;
  bool worse = false;
};

struct Summary {
  std::vector<Figure> figures;  // of this build, in the order of the run
  std::vector<Growth> growth;

  const Figure* Find(const std::string& name) const;
};

Summary Summarize(const std::vector<Series>& series, int repetitions);

// "per_second" or a counter; nothing when the repetition lacks it.
std::optional<double> Statistic(const Repetition& repetition, const std::string& name);

// Ratios of two statistics measured in the same rounds. Both series may be the same.
std::vector<double> RatiosByRound(const Series& of, const std::string& of_statistic, const Series& to,
                                  const std::string& to_statistic);

// The series of this name and build that has repetitions; null when there is none.
const Series* FindSeries(const std::vector<Series>& series, const std::string& name, bool baseline = false);

}  // namespace aether::bench::compare
