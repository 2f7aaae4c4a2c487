// What is measured, and what came of it.

#pragma once

#include <map>
#include <string>
#include <vector>

namespace aether::bench::compare {

// One benchmark of one store, as its program lists it.
struct Benchmark {
  std::string name;  // store/workload[/parameter:value]
  std::string store;
  std::string durability;  // "device", "page cache", "memory" or "unknown"
  std::string workload;
  std::string parameter;  // empty when there is none
  double value = 0;       // of the parameter
  std::string title;
  std::string unit;   // of what per_second counts
  std::string limit;  // the name of the physical limit that bounds it, without "limits/"; may be empty

  // What stores side by side have in common: the name without the store.
  std::string Case() const { return name.substr(store.size() + 1); }
};

struct Repetition {
  int round = 0;
  double per_second = 0;
  std::map<std::string, double> counters;
};

// All repetitions of one benchmark, in the order of the rounds.
struct Series {
  Benchmark benchmark;
  std::size_t program = 0;
  bool baseline = false;  // of an earlier build, measured for comparison only
  std::vector<Repetition> repetitions;
  std::string trouble;      // why repetitions are missing; empty when none is
  std::string not_offered;  // why there are none, when that is no fault
};

// Figures of different durabilities never share a table or a chart; these are shown in this order.
inline constexpr const char* kDurabilities[] = {"device", "page cache", "memory", "unknown"};

inline constexpr const char* kLimits = "limits";  // the store whose benchmarks are the physical limits

}  // namespace aether::bench::compare
