// What is measured, and in which order.

#include "plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace aether::bench::compare {

namespace {

struct Listed {
  Benchmark benchmark;
  std::size_t program = 0;
};

// Whether `name` begins with the words of `prefix`, which end at a slash or a colon: "replay/events:1000"
// does not select replay/events:10000.
bool BeginsWith(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return name == prefix;
  const auto ends_word = [](char c) { return c == '/' || c == ':'; };
  return !prefix.empty() && (ends_word(prefix.back()) || ends_word(name[prefix.size()]));
}

bool IsSelected(const Benchmark& benchmark, const Settings& settings) {
  const bool counts = benchmark.parameter == "events" || benchmark.parameter == "actors";
  if (settings.quick && counts && benchmark.value > kQuickMost) return false;
  return settings.workloads.empty() ||
         std::ranges::any_of(settings.workloads, [&](const std::string& prefix) {
           return BeginsWith(benchmark.Case(), prefix);
         });
}

void RefuseDuplicates(const std::vector<Listed>& listed, const std::vector<Program>& programs) {
  std::map<std::string, std::size_t> seen;
  for (const Listed& one : listed) {
    const auto [entry, is_new] = seen.try_emplace(one.benchmark.name, one.program);
    if (is_new) continue;
    throw std::runtime_error("two benchmarks are called " + one.benchmark.name + ", of the programs " +
                             programs[entry->second].Words() + " and " + programs[one.program].Words());
  }
}

void RefuseUselessPrefixes(const std::vector<Listed>& listed, const Settings& settings) {
  for (const std::string& prefix : settings.workloads) {
    const auto begins = [&](const Listed& one) { return BeginsWith(one.benchmark.Case(), prefix); };
    if (std::ranges::none_of(listed, begins)) {
      throw std::runtime_error("--workloads: no benchmark of these programs begins with the words \"" +
                               prefix + "\"");
    }
  }
}

// The cases of `listed` in the order of their first appearance, each with the limits that are named there
// first.
std::vector<Listed> InOrderOfCases(const std::vector<Listed>& listed, const Settings& settings) {
  std::map<std::string, Listed> limits;
  std::vector<std::string> cases;
  std::map<std::string, std::vector<Listed>> of_case;
  for (const Listed& one : listed) {
    if (one.benchmark.store == kLimits) limits[one.benchmark.Case()] = one;
    if (one.benchmark.store == kLimits || !IsSelected(one.benchmark, settings)) continue;
    if (of_case[one.benchmark.Case()].empty()) cases.push_back(one.benchmark.Case());
    of_case[one.benchmark.Case()].push_back(one);
  }
  std::vector<Listed> ordered;
  const auto take_limit = [&](const std::string& name) {
    if (const auto limit = limits.extract(name)) ordered.push_back(limit.mapped());
  };
  for (const std::string& name : cases) {
    for (const Listed& one : of_case[name]) take_limit(one.benchmark.limit);
    ordered.insert(ordered.end(), of_case[name].begin(), of_case[name].end());
  }
  // Limits that bound nothing selected are measured when they are selected themselves.
  for (const Listed& one : listed) {
    if (one.benchmark.store == kLimits && IsSelected(one.benchmark, settings))
      take_limit(one.benchmark.Case());
  }
  return ordered;
}

// Of the baseline programs: by the name of the program and of the benchmark.
using Counterparts = std::map<std::pair<std::string, std::string>, Listed>;

void AddSeries(const Listed& listed, Counterparts* counterparts, Plan* plan) {
  const auto add = [plan](const Listed& one, bool baseline) {
    Series series;
    series.benchmark = one.benchmark;
    series.program = one.program;
    series.baseline = baseline;
    plan->series.push_back(series);
  };
  const std::string program = plan->programs[listed.program].name;
  const auto earlier = counterparts->extract({program, listed.benchmark.name});
  if (earlier) add(earlier.mapped(), true);
  add(listed, false);
  const bool has_baseline = std::ranges::any_of(
      plan->programs, [&](const Program& other) { return other.baseline && other.name == program; });
  if (has_baseline && !earlier) {
    plan->without_counterpart.push_back(listed.benchmark.name + ": not in the earlier build");
  }
}

}  // namespace

std::vector<std::size_t> Plan::Order(int round) const {
  std::vector<std::size_t> order;
  for (std::size_t first = 0; first < series.size();) {
    std::size_t end = first + 1;
    const auto same_case = [&](std::size_t i) {
      return series[i].benchmark.Case() == series[first].benchmark.Case();
    };
    while (end < series.size() && same_case(end)) ++end;
    for (std::size_t i = first; i < end; ++i) order.push_back(round % 2 == 0 ? i : end - 1 - (i - first));
    first = end;
  }
  return order;
}

Plan MakePlan(const std::vector<Program>& programs, const Settings& settings,
              const std::filesystem::path& scratch) {
  Plan plan;
  plan.programs = programs;
  std::vector<Listed> listed;
  Counterparts counterparts;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    for (const Benchmark& benchmark : List(programs[i], scratch)) {
      if (programs[i].baseline) {
        counterparts[{programs[i].name, benchmark.name}] = {benchmark, i};
      } else {
        listed.push_back({benchmark, i});
      }
    }
  }
  RefuseDuplicates(listed, programs);
  RefuseUselessPrefixes(listed, settings);
  for (const Listed& one : InOrderOfCases(listed, settings)) AddSeries(one, &counterparts, &plan);
  for (const auto& [key, earlier] : counterparts) {
    if (earlier.benchmark.store != kLimits && IsSelected(earlier.benchmark, settings)) {
      plan.without_counterpart.push_back(key.second + ": only in the earlier build");
    }
  }
  const auto is_limit = [](const Series& series) { return series.benchmark.store == kLimits; };
  if (std::ranges::all_of(plan.series, is_limit) && (plan.series.empty() || settings.workloads.empty())) {
    throw std::runtime_error(
        "nothing is selected: these programs and options leave no benchmark of a store");
  }
  return plan;
}

}  // namespace aether::bench::compare
