// Histories by chance: what clients of a store that keeps the contract might see.

#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "history.h"

namespace aether::conformance {

using Random = std::mt19937_64;

// A number from `least` to `most`, both included. The same on every platform.
std::int64_t Pick(Random* random, std::int64_t least, std::int64_t most);
inline bool Chance(Random* random, int percent) { return Pick(random, 1, 100) <= percent; }

struct Simulation {
  int operations = 30;
  int clients = 4;
  int actors = 2;
  int pause = 20;         // nanoseconds between the calls of a client, at most
  int duration = 30;      // of a call, at most
  int lost_percent = 20;  // of the saves: answered with outcome unknown, unavailable or not at all
  int read_tail = 0;      // reads begin at most so far below the latest version; 0: anywhere
};

// A history that is legal because it happened: each operation takes effect on a model of the store at a
// moment of its own. In the order of the starts.
std::vector<Operation> Simulate(Random* random, const Simulation& simulation);

}  // namespace aether::conformance
