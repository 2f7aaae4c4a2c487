// SQLite as an event store: a clustered table, one writing connection behind a group commit.

#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "group_commit.h"
#include "peer_store.h"
#include "pool.h"
#include "temporary_directory.h"

namespace aether::peers {

class SqliteConnection;

// WAL with synchronous FULL or OFF. The conflict is found by the statement that inserts.
class SqliteEngine {
 public:
  using Storage = TemporaryDirectory;

  static Result<std::shared_ptr<SqliteEngine>> Open(const std::string& location, Commits commits);
  // The same with settings of the caller's.
  static Result<std::shared_ptr<SqliteEngine>> OpenWith(const std::string& location,
                                                        const std::string& pragmas, Commits commits);
  ~SqliteEngine();

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text) {
    return queue_.Save(actor_id, version, text);
  }
  Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit);
  Result<std::int64_t> Latest(std::string_view actor_id);

 private:
  SqliteEngine(std::unique_ptr<SqliteConnection> writer, Pool<SqliteConnection>::Make make_reader,
               Commits commits);

  void Write(std::span<Append* const> appends);
  Result<void> Insert(const Append& append);

  std::unique_ptr<SqliteConnection> writer_;
  Pool<SqliteConnection> readers_;
  GroupCommit queue_;
};

using SqliteStore = PeerStore<SqliteEngine>;
using SqliteAdapter = PeerAdapter<SqliteEngine, Commits::kToDevice>;
using SqlitePageCacheAdapter = PeerAdapter<SqliteEngine, Commits::kToPageCache>;

}  // namespace aether::peers
