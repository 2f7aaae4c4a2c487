// PostgreSQL, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "postgresql_store.h"

AETHER_BENCH(postgresql, aether::peers::PostgresqlAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(postgresql_page_cache, aether::peers::PostgresqlPageCacheAdapter,
             aether::bench::Durability::kPageCache);
