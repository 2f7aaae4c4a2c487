// RocksDB as an event store.

#pragma once

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <string>

#include "lsm_store.h"

namespace aether::peers {

struct RocksdbApi {
  using Database = rocksdb::DB;
  using Batch = rocksdb::WriteBatch;
  using Iterator = rocksdb::Iterator;
  using Slice = rocksdb::Slice;
  using WriteOptions = rocksdb::WriteOptions;

  static rocksdb::Status Open(const std::string& directory, rocksdb::DB** database);
};

using RocksdbEngine = LsmEngine<RocksdbApi, Grouping::kInFront>;
using RocksdbStore = PeerStore<RocksdbEngine>;
using RocksdbAdapter = PeerAdapter<RocksdbEngine, Commits::kToDevice>;
using RocksdbPageCacheAdapter = PeerAdapter<RocksdbEngine, Commits::kToPageCache>;

using RocksdbAloneEngine = LsmEngine<RocksdbApi, Grouping::kItsOwn>;
using RocksdbAloneAdapter = PeerAdapter<RocksdbAloneEngine, Commits::kToDevice>;
using RocksdbAlonePageCacheAdapter = PeerAdapter<RocksdbAloneEngine, Commits::kToPageCache>;

}  // namespace aether::peers
