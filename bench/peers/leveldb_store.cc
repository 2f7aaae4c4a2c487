// LevelDB's settings.

#include "leveldb_store.h"

#include <leveldb/cache.h>
#include <leveldb/filter_policy.h>

namespace aether::peers {

// Cache and filter are for the whole process, which has one database open at a time or few.
leveldb::Status LeveldbApi::Open(const std::string& directory, leveldb::DB** database) {
  static leveldb::Cache* const kCache = leveldb::NewLRUCache(64 << 20);
  static const leveldb::FilterPolicy* const kFilter = leveldb::NewBloomFilterPolicy(10);
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 64 << 20;
  options.block_cache = kCache;
  options.filter_policy = kFilter;
  return leveldb::DB::Open(options, directory, database);
}

}  // namespace aether::peers
