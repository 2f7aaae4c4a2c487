// Aims.

#include "aims.h"

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

namespace aether::bench::compare {

namespace {

using nlohmann::json;

std::vector<std::string> NamesIn(const json& to) {
  if (to.is_string()) return {to.get<std::string>()};
  return to.get<std::vector<std::string>>();
}

Aim FromJson(const json& object) {
  static const std::set<std::string> known = {"id",           "text",     "of",      "statistic", "to",
                                              "to_statistic", "at_least", "at_most", "note"};
  for (const auto& [key, value] : object.items()) {
    if (!known.contains(key)) throw std::runtime_error("\"" + key + "\" is no part of an aim");
  }
  Aim aim;
  aim.id = object.at("id");
  aim.text = object.at("text");
  aim.of = object.at("of");
  aim.statistic = object.value("statistic", aim.statistic);
  if (object.contains("to")) aim.to = NamesIn(object.at("to"));
  aim.to_statistic = object.value("to_statistic", aim.statistic);
  if (object.contains("at_least")) aim.at_least = object.at("at_least").get<double>();
  if (object.contains("at_most")) aim.at_most = object.at("at_most").get<double>();
  aim.note = object.value("note", "");
  if (aim.at_least.has_value() == aim.at_most.has_value()) {
    throw std::runtime_error(aim.id + " needs one of at_least and at_most");
  }
  return aim;
}

std::optional<double> MedianOf(const Series& series, const std::string& statistic) {
  std::vector<double> values;
  for (const Repetition& repetition : series.repetitions) {
    if (const auto value = Statistic(repetition, statistic)) values.push_back(*value);
  }
  return values.empty() ? std::nullopt : std::optional(Median(values));
}

// The best of those in `names` that were measured, by the median; the others are noted as missing.
const Series* BestOf(const std::vector<std::string>& names, const std::string& statistic,
                     const std::vector<Series>& series, std::vector<std::string>* missing) {
  const Series* best = nullptr;
  for (const std::string& name : names) {
    const Series* one = FindSeries(series, name);
    if (one == nullptr || !MedianOf(*one, statistic)) {
      missing->push_back(name);
      continue;
    }
    const bool higher_is_better = statistic == "per_second";
    if (best == nullptr || (*MedianOf(*one, statistic) > *MedianOf(*best, statistic)) == higher_is_better) {
      best = one;
    }
  }
  return best;
}

std::vector<double> ValuesOf(const Aim& aim, const Series& of, const Series* to) {
  if (to != nullptr) return RatiosByRound(of, aim.statistic, *to, aim.to_statistic);
  std::vector<double> values;
  for (const Repetition& repetition : of.repetitions) {
    if (const auto value = Statistic(repetition, aim.statistic)) values.push_back(*value);
  }
  return values;
}

Judged Judge(const Aim& aim, const std::vector<Series>& series) {
  Judged judged{aim, Outcome::kNotMeasured, std::nullopt, "", {}};
  const Series* of = FindSeries(series, aim.of);
  if (of == nullptr) judged.missing.push_back(aim.of);
  const Series* to = BestOf(aim.to, aim.to_statistic, series, &judged.missing);
  if (of == nullptr || (to == nullptr && !aim.to.empty())) return judged;
  if (aim.to.size() > 1) judged.against = to->benchmark.name;
  const std::vector<double> values = ValuesOf(aim, *of, to);
  if (values.empty()) {
    judged.missing.push_back(aim.of + " " + aim.statistic);
    return judged;
  }
  judged.value = EstimateMedian(values);
  const bool met =
      aim.at_least ? judged.value->median >= *aim.at_least : judged.value->median <= *aim.at_most;
  judged.outcome = met ? Outcome::kMet : Outcome::kNotMet;
  return judged;
}

}  // namespace

std::vector<Aim> ReadAims(const std::string& file) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("--aims: cannot read " + file);
  try {
    std::vector<Aim> aims;
    for (const json& object : json::parse(in)) aims.push_back(FromJson(object));
    if (aims.empty()) throw std::runtime_error("there is no aim in it");
    return aims;
  } catch (const std::exception& exception) {
    throw std::runtime_error("--aims: " + file + ": " + exception.what());
  }
}

std::vector<Judged> JudgeAims(const std::vector<Aim>& aims, const std::vector<Series>& series) {
  std::vector<Judged> judged;
  for (const Aim& aim : aims) judged.push_back(Judge(aim, series));
  return judged;
}

}  // namespace aether::bench::compare
