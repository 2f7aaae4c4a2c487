// The file store, measured: durable, and with the page cache only.

#include "aether/bench/bench.h"
#include "file_adapter.h"

AETHER_BENCH(file, aether::FileAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(file_page_cache, aether::PageCacheFileAdapter, aether::bench::Durability::kPageCache);
