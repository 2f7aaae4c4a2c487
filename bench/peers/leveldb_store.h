// LevelDB as an event store.

#pragma once

#include <leveldb/db.h>
#include <leveldb/write_batch.h>

#include <string>

#include "lsm_store.h"

namespace aether::peers {

struct LeveldbApi {
  using Database = leveldb::DB;
  using Batch = leveldb::WriteBatch;
  using Iterator = leveldb::Iterator;
  using Slice = leveldb::Slice;
  using WriteOptions = leveldb::WriteOptions;

  static leveldb::Status Open(const std::string& directory, leveldb::DB** database);
};

using LeveldbEngine = LsmEngine<LeveldbApi, Grouping::kInFront>;
using LeveldbStore = PeerStore<LeveldbEngine>;
using LeveldbAdapter = PeerAdapter<LeveldbEngine, Commits::kToDevice>;
using LeveldbPageCacheAdapter = PeerAdapter<LeveldbEngine, Commits::kToPageCache>;

using LeveldbAloneEngine = LsmEngine<LeveldbApi, Grouping::kItsOwn>;
using LeveldbAloneAdapter = PeerAdapter<LeveldbAloneEngine, Commits::kToDevice>;
using LeveldbAlonePageCacheAdapter = PeerAdapter<LeveldbAloneEngine, Commits::kToPageCache>;

}  // namespace aether::peers
