// A crew of threads that do the same for a while, and what came of it.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "aether/bench/benchmark.h"
#include "latencies.h"

namespace aether::bench {

// What a thread of the crew does: one operation, the first of its kind if `index` is 0. Answers how many
// units of what is counted it came to.
using Operation = std::function<Result<std::int64_t>(std::int64_t index)>;

struct CrewSettings {
  int threads = 1;
  double seconds = 0.5;
  // Of so many operations of a thread one is timed: where an operation takes no longer than reading the
  // clock.
  int timed_of = 1;
  // The most operations of a thread; 0: as many as time allows. Without a limit the first tenth of the time
  // is not counted: files grow, caches fill, the processor wakes up.
  std::int64_t most_operations = 0;
};

// Starts all threads at one moment, and stops them when the time is over, or all is done, or one had an
// error, which is answered. `make(thread)` is called for each thread before the start.
Result<Figures> RunCrew(const CrewSettings& settings, const std::function<Operation(int thread)>& make);

}  // namespace aether::bench
