// Benchmark: one thing that is measured, of a store or of the machine, and the list of them that a program
// has.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aether/bench/bench.h"

namespace aether::bench {

// What one run of a benchmark came to.
struct Figures {
  double per_second = 0;  // higher is better
  double seconds = 0;     // what it was measured over
  // What else was seen, by names that say the unit: p50_us, max_us, flushes_per_event, open_ms, fairness.
  std::map<std::string, double> counters;
};

struct RunSettings {
  double seconds = 0.5;      // how long to measure, where the benchmark does not say itself
  double fill_seconds = 60;  // the longest that filling a store may take
};

struct Benchmark {
  std::string store{};
  std::string workload{};   // such as "append"
  std::string parameter{};  // such as "threads"; empty: none
  std::int64_t value = 0;
  Durability durability = Durability::kUnknown;
  std::string title{};  // for people
  std::string unit{};   // what is counted per second
  std::string limit{};  // the benchmark of the program limits_bench that bounds this one; empty: none
  // Runs it once. An error tells what the store, or the machine, would not do.
  std::function<Result<Figures>(const RunSettings&)> run{};

  // append/threads:8, and with the store's name before it.
  std::string name() const {
    return parameter.empty() ? workload : workload + "/" + parameter + ":" + std::to_string(value);
  }
  std::string full_name() const { return store + "/" + name(); }
};

// Adds it to the program. Before Main(). True.
bool RegisterBenchmark(Benchmark benchmark);

// Adds the percentiles of these latencies, in nanoseconds, to the counters: p10_us to p999_us, and max_us.
void TellLatencies(std::vector<std::uint32_t> nanoseconds, Figures* figures);

// What the versions of libraries and servers are, for the report: shown with the figures of this program.
void NoteVersion(std::string_view what, std::string_view version);

}  // namespace aether::bench
