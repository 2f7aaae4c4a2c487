// SQLite, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "sqlite_store.h"

AETHER_BENCH(sqlite, aether::peers::SqliteAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(sqlite_page_cache, aether::peers::SqlitePageCacheAdapter,
             aether::bench::Durability::kPageCache);
