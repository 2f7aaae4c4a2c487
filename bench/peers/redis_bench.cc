// Redis, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "redis_store.h"

AETHER_BENCH(redis, aether::peers::RedisAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(redis_page_cache, aether::peers::RedisPageCacheAdapter, aether::bench::Durability::kPageCache);
