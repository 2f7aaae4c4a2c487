// SQLite, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "sqlite_store.h"

AETHER_BENCH(sqlite, aether::peers::SqliteAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(sqlite_page_cache, aether::peers::SqlitePageCacheAdapter,
             aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("SQLite", sqlite3_libversion()), true);

}  // namespace
