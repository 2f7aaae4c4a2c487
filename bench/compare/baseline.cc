// What got slower.

#include "baseline.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "bench_json.h"

namespace aether::bench::compare {

namespace {

using nlohmann::json;

constexpr std::size_t kFewestPairs = 9;

// Marks what is slower, now that all are known.
void Judge(Comparison* comparison) {
  std::vector<double> p;
  for (const Compared& figure : comparison->figures) p.push_back(*figure.p);
  const std::vector<double> corrected = Holm(p);
  for (std::size_t i = 0; i < p.size(); ++i) {
    Compared& figure = comparison->figures[i];
    figure.p_holm = corrected[i];
    figure.slower = corrected[i] < kAlpha && figure.ratio.median < 1 - comparison->threshold;
  }
}

// By name the fractions of limits that the earlier run has, and all names that it has.
const json* FigureIn(const json& earlier, const std::string& name) {
  for (const json& figure : earlier.at("figures")) {
    if (figure.at("name") == name) return &figure;
  }
  return nullptr;
}

}  // namespace

bool Comparison::Worse() const {
  return std::ranges::any_of(figures, [](const Compared& figure) { return figure.slower; });
}

Comparison CompareBuilds(const std::vector<Series>& series, double threshold) {
  Comparison comparison{"the earlier build, interleaved", threshold, {}, {}};
  for (const Series& earlier : series) {
    if (!earlier.baseline) continue;
    const std::string& name = earlier.benchmark.name;
    const Series* later = FindSeries(series, name);
    const std::vector<double> ratios = later == nullptr
                                           ? std::vector<double>()
                                           : RatiosByRound(*later, "per_second", earlier, "per_second");
    if (ratios.size() < kFewestPairs) {
      comparison.not_compared.push_back(name + ": " + std::to_string(ratios.size()) + " pairs are too few");
      continue;
    }
    std::vector<double> logarithms;
    for (const double ratio : ratios) logarithms.push_back(std::log(ratio));
    comparison.figures.push_back({name, later->benchmark.durability, EstimateMedian(ratios),
                                  WilcoxonLower(logarithms), std::nullopt, false});
  }
  Judge(&comparison);
  return comparison;
}

json ReadBaseline(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("--baseline: cannot read " + file);
  json earlier = json::parse(in, nullptr, false);
  try {
    if (earlier.is_object() && earlier.at("format") == kFormat) {
      for (const json& figure : earlier.at("figures")) {
        (void)figure.at("name").get_ref<const std::string&>();
        (void)figure.at("limit");
        if (const json& ratio = figure.at("of_limit"); !ratio.is_null())
          (void)ratio.at("median").get<double>();
      }
      return earlier;
    }
  } catch (const json::exception&) {
    // told below
  }
  throw std::runtime_error("--baseline: " + file + " is no bench.json of this version (\"format\": \"" +
                           kFormat + "\")");
}

Comparison CompareRuns(const Summary& summary, const json& earlier, const std::string& file,
                       double threshold) {
  Comparison comparison{"the earlier run in " + file + ", as fractions of limits", threshold, {}, {}};
  for (const Figure& figure : summary.figures) {
    const std::string& name = figure.benchmark.name;
    if (figure.benchmark.store == kLimits) continue;
    const json* before = FigureIn(earlier, name);
    std::string why;
    if (before == nullptr) {
      why = "not in the earlier run";
    } else if (!figure.of_limit || before->at("of_limit").is_null()) {
      why = "no limit was measured beside it";
    } else if (before->at("limit") != figure.benchmark.limit) {
      why = "its limit was another";
    }
    if (!why.empty()) {
      comparison.not_compared.push_back(name + ": " + why);
      continue;
    }
    const double ratio = figure.of_limit->median / before->at("of_limit").at("median").get<double>();
    comparison.figures.push_back({name,
                                  figure.benchmark.durability,
                                  {ratio, std::nullopt},
                                  std::nullopt,
                                  std::nullopt,
                                  ratio < 1 - threshold});
  }
  return comparison;
}

}  // namespace aether::bench::compare
