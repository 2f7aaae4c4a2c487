// LMDB as an event store.

#pragma once

#include <lmdb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "group_commit.h"
#include "peer_store.h"
#include "pool.h"
#include "temporary_directory.h"

namespace aether::peers {

// A read transaction, kept for the next reader.
class LmdbReader;

// One tree of events; a batch is one write transaction, in which the conflict is found. Flushed by each
// commit, or never (MDB_NOSYNC). Keys are at most 511 bytes, so that actor ids of more than 499 are
// refused.
class LmdbEngine {
 public:
  using Storage = TemporaryDirectory;

  static Result<std::shared_ptr<LmdbEngine>> Open(const std::string& location, Commits commits);

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text);
  Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit);
  Result<std::int64_t> Latest(std::string_view actor_id);

 private:
  struct Close {
    void operator()(MDB_env* environment) const { mdb_env_close(environment); }
  };

  LmdbEngine(MDB_env* environment, Commits commits);

  void Write(std::span<Append* const> appends);
  Result<void> Put(MDB_txn* transaction, const Append& append);

  const std::unique_ptr<MDB_env, Close> environment_;
  MDB_dbi events_ = 0;
  Pool<LmdbReader> readers_;
  GroupCommit queue_;
};

using LmdbStore = PeerStore<LmdbEngine>;
using LmdbAdapter = PeerAdapter<LmdbEngine, Commits::kToDevice>;
using LmdbPageCacheAdapter = PeerAdapter<LmdbEngine, Commits::kToPageCache>;

}  // namespace aether::peers
