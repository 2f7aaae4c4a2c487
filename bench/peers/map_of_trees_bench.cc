// The map of trees, measured.

#include "aether/bench/bench.h"
#include "map_of_trees_store.h"

AETHER_BENCH(map_of_trees, aether::peers::MapOfTreesAdapter, aether::bench::Durability::kMemory);
