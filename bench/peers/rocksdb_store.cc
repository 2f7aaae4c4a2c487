// RocksDB's settings.

#include "rocksdb_store.h"

#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

namespace aether::peers {

rocksdb::Status RocksdbApi::Open(const std::string& directory, rocksdb::DB** database) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(64 << 20);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = 64 << 20;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return rocksdb::DB::Open(options, directory, database);
}

}  // namespace aether::peers
