// All that a run came to.

#include "results.h"

#include <algorithm>

namespace aether::bench::compare {

namespace {

bool IsInMemory(const std::string& file_system) { return file_system == "tmpfs" || file_system == "ramfs"; }

}  // namespace

std::vector<const Series*> Results::Incomplete() const {
  std::vector<const Series*> incomplete;
  for (const Series& one : series) {
    if (!one.not_offered.empty()) continue;
    if (static_cast<int>(one.repetitions.size()) < settings.repetitions) incomplete.push_back(&one);
  }
  return incomplete;
}

std::vector<std::string> Results::Warnings() const {
  std::vector<std::string> warnings;
  if (interrupted) warnings.push_back("Incomplete: the run was interrupted.");
  if (const std::size_t n = Incomplete().size(); n > 0) {
    warnings.push_back(std::to_string(n) + (n == 1 ? " benchmark lacks" : " benchmarks lack") +
                       " some or all of " + std::to_string(settings.repetitions) + " repetitions.");
  }
  const auto durable = [](const Figure& figure) { return figure.benchmark.durability == "device"; };
  if (IsInMemory(environment.file_system) && std::ranges::any_of(summary.figures, durable)) {
    warnings.push_back("The scratch directory is on " + environment.file_system +
                       ", in memory: figures of the device tell of no device.");
  }
  return warnings;
}

}  // namespace aether::bench::compare
