// What is measured, and in which order.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "model.h"
#include "worker.h"

namespace aether::bench::compare {

struct Settings {
  int repetitions = 0;
  double seconds = 0;                  // of a repetition
  bool quick = false;                  // nothing with more than kQuickMost events or actors
  std::vector<std::string> workloads;  // the first words of Benchmark::Case(); empty: all
  int rounds_a_process = 0;            // after which programs are started again; 0: never
};

inline constexpr double kQuickMost = 100'000;

struct Plan {
  std::vector<Program> programs;
  // Cases in the order in which they are measured; those of one case, and an earlier build beside its
  // successor, are neighbours.
  std::vector<Series> series;
  // What one build has and the other has not: "NAME: only in the earlier build".
  std::vector<std::string> without_counterpart;

  // The indices of `series` in the order of this round. Within a case it alternates from round to round, so
  // that nobody is always the first.
  std::vector<std::size_t> Order(int round) const;
};

// Asks the programs what they offer and selects from it. A limit is measured when something selected is
// bounded by it, just before the first such case. Throws Broken, and std::runtime_error when nothing is
// selected or two benchmarks have one name.
Plan MakePlan(const std::vector<Program>& programs, const Settings& settings,
              const std::filesystem::path& scratch);

}  // namespace aether::bench::compare
