// bench.json.

#include "bench_json.h"

#include <cmath>

namespace aether::bench::compare {

namespace {

using nlohmann::json;

json OrNull(const std::string& text) { return text.empty() ? json() : json(text); }

json ToJson(const Estimate& estimate) {
  json object = {{"median", estimate.median}, {"low", nullptr}, {"high", nullptr}};
  if (estimate.interval) {
    object["low"] = estimate.interval->low;
    object["high"] = estimate.interval->high;
  }
  return object;
}

json Raw(const Series& series) {
  json repetitions = json::array();
  for (const Repetition& repetition : series.repetitions) {
    repetitions.push_back({{"round", repetition.round},
                           {"per_second", repetition.per_second},
                           {"counters", repetition.counters}});
  }
  return repetitions;
}

json ToJson(const Series& series, const Results& results) {
  const Benchmark& benchmark = series.benchmark;
  json object = {{"name", benchmark.name},
                 {"program", results.programs[series.program].name},
                 {"store", benchmark.store},
                 {"durability", benchmark.durability},
                 {"workload", benchmark.workload},
                 {"parameter", OrNull(benchmark.parameter)},
                 {"value", benchmark.parameter.empty() ? json() : json(benchmark.value)},
                 {"title", benchmark.title},
                 {"unit", benchmark.unit},
                 {"limit", OrNull(benchmark.limit)},
                 {"per_second", nullptr},
                 {"of_limit", nullptr},
                 {"counters", json::object()},
                 {"trouble", OrNull(series.trouble)},
                 {"not_offered", OrNull(series.not_offered)},
                 {"repetitions", Raw(series)}};
  const Figure* figure = series.baseline ? nullptr : results.summary.Find(benchmark.name);
  if (figure == nullptr) return object;
  object["per_second"] = ToJson(figure->per_second);
  object["counters"] = figure->counters;
  if (figure->of_limit) object["of_limit"] = ToJson(*figure->of_limit);
  return object;
}

json ToJson(const Growth& growth) {
  json points = json::array();
  for (const auto& [value, seconds] : growth.points)
    points.push_back({{"value", value}, {"seconds", seconds}});
  return {{"store", growth.store},
          {"durability", growth.durability},
          {"workload", growth.workload},
          {"title", growth.title},
          {"parameter", growth.parameter},
          {"points", points},
          {"exponent", ToJson(growth.exponent)},
          {"last_exponent", growth.last_exponent},
          {"expected", growth.expected},
          {"worse", growth.worse}};
}

json ToJson(const Comparison& comparison) {
  json figures = json::array();
  for (const Compared& figure : comparison.figures) {
    figures.push_back({{"name", figure.name},
                       {"durability", figure.durability},
                       {"ratio", ToJson(figure.ratio)},
                       {"p", figure.p ? json(*figure.p) : json()},
                       {"p_holm", figure.p_holm ? json(*figure.p_holm) : json()},
                       {"slower", figure.slower}});
  }
  return {{"with", comparison.with},
          {"threshold", comparison.threshold},
          {"figures", figures},
          {"not_compared", comparison.not_compared}};
}

json ToJson(const Judged& judged) {
  static const std::map<Outcome, std::string> names = {
      {Outcome::kMet, "met"}, {Outcome::kNotMet, "not met"}, {Outcome::kNotMeasured, "not measured"}};
  const Aim& aim = judged.aim;
  return {{"id", aim.id},
          {"text", aim.text},
          {"of", aim.of},
          {"statistic", aim.statistic},
          {"at_least", aim.at_least ? json(*aim.at_least) : json()},
          {"at_most", aim.at_most ? json(*aim.at_most) : json()},
          {"outcome", names.at(judged.outcome)},
          {"value", judged.value ? ToJson(*judged.value) : json()},
          {"against", OrNull(judged.against)},
          {"missing", judged.missing},
          {"note", OrNull(aim.note)}};
}

json ToJson(const Environment& environment) {
  return {{"cpu", environment.cpu},
          {"cores", environment.cores},
          {"memory_gib", environment.memory_gib},
          {"os", environment.os},
          {"kernel", environment.kernel},
          {"compiler", environment.compiler},
          {"file_system", environment.file_system},
          {"mount_options", environment.mount_options}};
}

json RunOf(const Results& results) {
  return {{"kit_version", AETHER_KIT_VERSION},
          {"command", results.command},
          {"started", results.started},
          {"seconds", std::round(results.took_seconds * 1000) / 1000},
          {"complete", !results.interrupted && results.Incomplete().empty()},
          {"interrupted", results.interrupted},
          {"repetitions", results.settings.repetitions},
          {"repetition_seconds", results.settings.seconds},
          {"quick", results.settings.quick},
          {"workloads", results.settings.workloads},
          {"troubles", results.troubles},
          {"environment", ToJson(results.environment)}};
}

}  // namespace

json ToJson(const Results& results) {
  json programs = json::array();
  for (std::size_t i = 0; i < results.programs.size(); ++i) {
    const auto versions = results.versions.find(i);
    programs.push_back({{"name", results.programs[i].name},
                        {"baseline", results.programs[i].baseline},
                        {"versions", versions == results.versions.end() ? json() : versions->second}});
  }
  json report = {{"format", kFormat},
                 {"run", RunOf(results)},
                 {"programs", programs},
                 {"figures", json::array()},
                 {"baseline", json::array()},
                 {"growth", json::array()},
                 {"comparisons", json::array()},
                 {"aims", json::array()}};
  for (const Series& series : results.series) {
    report[series.baseline ? "baseline" : "figures"].push_back(ToJson(series, results));
  }
  for (const Growth& growth : results.summary.growth) report["growth"].push_back(ToJson(growth));
  for (const Comparison& comparison : results.comparisons) {
    report["comparisons"].push_back(ToJson(comparison));
  }
  for (const Judged& judged : results.aims) report["aims"].push_back(ToJson(judged));
  return report;
}

}  // namespace aether::bench::compare
