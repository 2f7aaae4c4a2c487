// PostgreSQL, measured: durable, and with the page cache only.

#include <libpq-fe.h>

#include <string>

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "postgresql_store.h"

AETHER_BENCH(postgresql, aether::peers::PostgresqlAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(postgresql_page_cache, aether::peers::PostgresqlPageCacheAdapter,
             aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("libpq", std::to_string(PQlibVersion() / 10000) + "." +
                                                             std::to_string(PQlibVersion() % 10000)),
                     true);

}  // namespace
