// The shortest benchmark program: MyStore, measured.

#include <memory>

// [begin]
#include "aether/bench/bench.h"
#include "my_store.h"

struct MyAdapter {
  MyStorage storage;

  aether::Result<std::unique_ptr<MyStore>> Open() { return std::make_unique<MyStore>(storage); }
};

AETHER_BENCH(my_store, MyAdapter, aether::bench::Durability::kMemory);
// [end]
