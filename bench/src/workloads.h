// The benchmarks of a store: what is done to it, and what is counted.

#pragma once

#include <memory>
#include <vector>

#include "aether/bench/benchmark.h"
#include "filled.h"

namespace aether::bench {

// A subject and its filled storages, shared by its benchmarks.
struct Stage {
  explicit Stage(Subject given) : subject(std::move(given)), filled(&subject) {}

  Subject subject;
  FilledStores filled;
};

std::vector<Benchmark> AppendBenchmarks(const std::shared_ptr<Stage>& stage);
std::vector<Benchmark> ReadBenchmarks(const std::shared_ptr<Stage>& stage);
std::vector<Benchmark> MixedBenchmarks(const std::shared_ptr<Stage>& stage);
std::vector<Benchmark> OpenBenchmarks(const std::shared_ptr<Stage>& stage);

// In the process that OpenBenchmarks() make: opens the storage at `location`, reads the actor's first
// event, and prints what that took. Exit code.
int OpenInThisProcess(const Subject& subject, std::string_view location, std::string_view actor_id);

}  // namespace aether::bench
