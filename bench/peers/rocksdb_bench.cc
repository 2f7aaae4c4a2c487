// RocksDB, measured: durable, and with the page cache only; behind our group commit, and alone.

#include <rocksdb/version.h>

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "rocksdb_store.h"

AETHER_BENCH(rocksdb, aether::peers::RocksdbAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(rocksdb_page_cache, aether::peers::RocksdbPageCacheAdapter,
             aether::bench::Durability::kPageCache);
AETHER_BENCH(rocksdb_alone, aether::peers::RocksdbAloneAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(rocksdb_alone_page_cache, aether::peers::RocksdbAlonePageCacheAdapter,
             aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("RocksDB", rocksdb::GetRocksVersionAsString()), true);

}  // namespace
