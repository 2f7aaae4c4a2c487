// LMDB, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "lmdb_store.h"

AETHER_BENCH(lmdb, aether::peers::LmdbAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(lmdb_page_cache, aether::peers::LmdbPageCacheAdapter, aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("LMDB", mdb_version(nullptr, nullptr, nullptr)), true);

}  // namespace
