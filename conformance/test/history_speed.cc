// How fast the direct check is, and how it grows with the history.

#include <chrono>
#include <cstdio>

#include "history.h"
#include "history_simulation.h"

namespace {

using namespace aether::conformance;

// The best of five checks, in seconds.
double Best(const std::vector<Operation>& history) {
  double best = 1e9;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    if (CheckHistory(history).verdict != Legality::kLegal) return -1;
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

void Print(int actors) {
  for (const int operations : {1'000, 10'000, 100'000, 1'000'000}) {
    Random random(7);
    const auto history =
        Simulate(&random, {.operations = operations, .clients = 8, .actors = actors, .read_tail = 16});
    std::size_t shown = 0;
    for (const Operation& op : history) shown += op.shown.size();
    const double seconds = Best(history);
    std::printf("%7d operations of %4d actors, %8zu events shown: %9.3f ms, %5.1f million operations/s\n",
                operations, actors, shown, seconds * 1e3, operations / seconds / 1e6);
  }
}

}  // namespace

int main() {
  Print(1);
  Print(100);
}
