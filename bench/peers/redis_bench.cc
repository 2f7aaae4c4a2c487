// Redis, measured: durable, and with the page cache only.

#include <string>

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "redis_store.h"

AETHER_BENCH(redis, aether::peers::RedisAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(redis_page_cache, aether::peers::RedisPageCacheAdapter, aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("hiredis", std::to_string(HIREDIS_MAJOR) + "." +
                                                               std::to_string(HIREDIS_MINOR) + "." +
                                                               std::to_string(HIREDIS_PATCH)),
                     true);

}  // namespace
