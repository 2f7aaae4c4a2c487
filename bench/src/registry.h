// What a benchmark program has.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aether/bench/benchmark.h"
#include "workloads.h"

namespace aether::bench {

struct Registry {
  std::vector<Benchmark> benchmarks;
  std::vector<std::shared_ptr<Stage>> stages;
  std::map<std::string, std::string> versions;

  const Benchmark* Find(std::string_view full_name) const;
};

// The program's own.
Registry& TheRegistry();

}  // namespace aether::bench
