// LevelDB, measured: durable, and with the page cache only; behind our group commit, and alone.

#include <string>

#include "aether/bench/bench.h"
#include "aether/bench/benchmark.h"
#include "leveldb_store.h"

AETHER_BENCH(leveldb, aether::peers::LeveldbAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(leveldb_page_cache, aether::peers::LeveldbPageCacheAdapter,
             aether::bench::Durability::kPageCache);
AETHER_BENCH(leveldb_alone, aether::peers::LeveldbAloneAdapter, aether::bench::Durability::kDevice);
AETHER_BENCH(leveldb_alone_page_cache, aether::peers::LeveldbAlonePageCacheAdapter,
             aether::bench::Durability::kPageCache);

namespace {

const bool kNoted = (aether::bench::NoteVersion("LevelDB", std::to_string(leveldb::kMajorVersion) + "." +
                                                               std::to_string(leveldb::kMinorVersion)),
                     true);

}  // namespace
