// The in-memory store, measured.

#include "aether/bench/bench.h"
#include "memory_adapter.h"

AETHER_BENCH(memory, aether::MemoryAdapter, aether::bench::Durability::kMemory);
