// Percentiles by sorting.

#include "latencies.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "aether/bench/benchmark.h"

namespace aether::bench {

void Latencies::Add(std::int64_t nanoseconds) {
  constexpr std::int64_t kMost = std::numeric_limits<std::uint32_t>::max();
  nanoseconds_.push_back(static_cast<std::uint32_t>(std::clamp<std::int64_t>(nanoseconds, 0, kMost)));
  sorted_ = false;
}

void Latencies::AddAll(const Latencies& other) {
  nanoseconds_.insert(nanoseconds_.end(), other.nanoseconds_.begin(), other.nanoseconds_.end());
  sorted_ = false;
}

double Latencies::Percentile(double share) const {
  if (!std::exchange(sorted_, true)) std::sort(nanoseconds_.begin(), nanoseconds_.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(nanoseconds_.size())));
  return nanoseconds_[std::clamp<std::size_t>(rank, 1, nanoseconds_.size()) - 1] / 1e3;
}

void Latencies::Tell(std::map<std::string, double>* counters) const {
  if (empty()) return;
  constexpr std::pair<const char*, double> kTold[] = {
      {"p10_us", 0.1}, {"p25_us", 0.25}, {"p50_us", 0.5},    {"p75_us", 0.75},
      {"p90_us", 0.9}, {"p99_us", 0.99}, {"p999_us", 0.999}, {"max_us", 1}};
  for (const auto& [name, share] : kTold) (*counters)[name] = Percentile(share);
}

void TellLatencies(std::vector<std::uint32_t> nanoseconds, Figures* figures) {
  Latencies(std::move(nanoseconds)).Tell(&figures->counters);
}

}  // namespace aether::bench
