// What the repetitions of a run come to.

#include "summary.h"

#include <algorithm>
#include <cmath>

namespace aether::bench::compare {

namespace {

// A table that outgrows the caches of a processor costs a factor of about ten over five decades, an
// exponent of 0.2, and a tree as much; a scan has 1.
constexpr double kTolerance = 0.25;
// A step is noisier, and may be that from one cache to the next.
constexpr double kLastTolerance = 0.6;
constexpr std::size_t kFewestPoints = 3;

std::map<std::string, double> CountersOf(const Series& series) {
  std::map<std::string, std::vector<double>> values;
  for (const Repetition& repetition : series.repetitions) {
    for (const auto& [name, value] : repetition.counters) values[name].push_back(value);
  }
  std::map<std::string, double> counters;
  for (const auto& [name, all] : values) {
    counters[name] = name == "max_us" ? *std::ranges::max_element(all) : Median(all);
  }
  return counters;
}

Figure FigureOf(const Series& series, const std::vector<Series>& all) {
  Figure figure;
  figure.benchmark = series.benchmark;
  figure.repetitions = series.repetitions.size();
  std::vector<double> values;
  for (const Repetition& repetition : series.repetitions) values.push_back(repetition.per_second);
  figure.per_second = EstimateMedian(values);
  figure.counters = CountersOf(series);
  const Series* limit = FindSeries(all, std::string(kLimits) + "/" + series.benchmark.limit);
  if (limit == nullptr) return figure;
  const std::vector<double> ratios = RatiosByRound(series, "per_second", *limit, "per_second");
  if (!ratios.empty()) figure.of_limit = EstimateMedian(ratios);
  return figure;
}

bool IsReplay(const Benchmark& benchmark) { return benchmark.workload.starts_with("replay"); }

// A replay is one operation, which reads `value` events.
double SecondsAnOperation(const Benchmark& benchmark, double per_second) {
  return (IsReplay(benchmark) ? benchmark.value : 1) / per_second;
}

// The curve as each round saw it, as far as that round measured all of it.
std::vector<double> ExponentsByRound(const std::vector<const Series*>& family, int repetitions) {
  std::vector<double> exponents;
  for (int round = 0; round < repetitions; ++round) {
    std::vector<std::pair<double, double>> points;
    for (const Series* series : family) {
      for (const Repetition& repetition : series->repetitions) {
        if (repetition.round != round) continue;
        points.push_back(
            {series->benchmark.value, SecondsAnOperation(series->benchmark, repetition.per_second)});
      }
    }
    if (points.size() == family.size()) exponents.push_back(FittedExponent(points));
  }
  return exponents;
}

std::optional<Growth> GrowthOf(std::vector<const Series*> family, int repetitions) {
  if (family.size() < kFewestPoints) return std::nullopt;
  std::ranges::sort(family, {}, [](const Series* series) { return series->benchmark.value; });
  const std::vector<double> exponents = ExponentsByRound(family, repetitions);
  if (exponents.empty()) return std::nullopt;
  const Benchmark& first = family.front()->benchmark;
  Growth growth{first.store, first.durability, first.workload, first.title, first.parameter, {}, {}, 0, 0,
                false};
  for (const Series* series : family) {
    std::vector<double> seconds;
    for (const Repetition& repetition : series->repetitions) {
      seconds.push_back(SecondsAnOperation(series->benchmark, repetition.per_second));
    }
    growth.points.push_back({series->benchmark.value, Median(seconds)});
  }
  growth.exponent = EstimateMedian(exponents);
  growth.last_exponent = FittedExponent({growth.points.end() - 2, growth.points.end()});
  growth.expected = IsReplay(first) ? 1 : 0;
  const double surely = growth.exponent.interval ? growth.exponent.interval->low : growth.exponent.median;
  growth.worse =
      surely > growth.expected + kTolerance || growth.last_exponent > growth.expected + kLastTolerance;
  return growth;
}

}  // namespace

const Figure* Summary::Find(const std::string& name) const {
  const auto found =
      std::ranges::find(figures, name, [](const Figure& figure) { return figure.benchmark.name; });
  return found == figures.end() ? nullptr : &*found;
}

Summary Summarize(const std::vector<Series>& series, int repetitions) {
  Summary summary;
  std::vector<std::vector<const Series*>> families;
  for (const Series& one : series) {
    if (one.baseline || one.repetitions.empty()) continue;
    summary.figures.push_back(FigureOf(one, series));
    if (one.benchmark.parameter != "events" && one.benchmark.parameter != "actors") continue;
    const auto same = [&](const std::vector<const Series*>& family) {
      return family[0]->benchmark.store == one.benchmark.store &&
             family[0]->benchmark.workload == one.benchmark.workload;
    };
    const auto family = std::ranges::find_if(families, same);
    if (family == families.end()) {
      families.push_back({&one});
    } else {
      family->push_back(&one);
    }
  }
  for (const auto& family : families) {
    if (auto growth = GrowthOf(family, repetitions)) summary.growth.push_back(std::move(*growth));
  }
  return summary;
}

std::optional<double> Statistic(const Repetition& repetition, const std::string& name) {
  if (name == "per_second") return repetition.per_second;
  const auto found = repetition.counters.find(name);
  return found == repetition.counters.end() ? std::nullopt : std::optional(found->second);
}

std::vector<double> RatiosByRound(const Series& of, const std::string& of_statistic, const Series& to,
                                  const std::string& to_statistic) {
  std::vector<double> ratios;
  for (const Repetition& above : of.repetitions) {
    for (const Repetition& below : to.repetitions) {
      if (above.round != below.round) continue;
      const auto value = Statistic(above, of_statistic);
      const auto base = Statistic(below, to_statistic);
      if (value && base && *base > 0) ratios.push_back(*value / *base);
    }
  }
  return ratios;
}

const Series* FindSeries(const std::vector<Series>& series, const std::string& name, bool baseline) {
  for (const Series& one : series) {
    if (one.baseline == baseline && one.benchmark.name == name && !one.repetitions.empty()) return &one;
  }
  return nullptr;
}

}  // namespace aether::bench::compare
