// Latencies: how long each operation took, every one of them kept, so that percentiles are exact.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace aether::bench {

// For one thread at a time.
class Latencies {
 public:
  Latencies() = default;
  explicit Latencies(std::vector<std::uint32_t> nanoseconds) : nanoseconds_(std::move(nanoseconds)) {}

  // Longer ones than 4.2 seconds count as that long.
  void Add(std::int64_t nanoseconds);
  void AddAll(const Latencies& other);

  // Whatever is added later goes into room that is there already.
  void Reserve(std::size_t count) { nanoseconds_.reserve(count); }
  bool empty() const { return nanoseconds_.empty(); }
  std::size_t size() const { return nanoseconds_.size(); }

  // The least latency that `share` of all are not above (0 < share <= 1), in microseconds. There is one at
  // least.
  double Percentile(double share) const;

  // Adds p10_us to p999_us and max_us, if there are any latencies.
  void Tell(std::map<std::string, double>* counters) const;

 private:
  mutable std::vector<std::uint32_t> nanoseconds_;
  mutable bool sorted_ = false;
};

}  // namespace aether::bench
