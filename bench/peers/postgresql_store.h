// PostgreSQL as an event store: one statement checks and appends.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "peer_store.h"
#include "pool.h"

namespace aether::peers {

class PostgresqlConnection;

// A schema of its own on a server that this process shares, dropped with the object.
class PostgresqlStorage {
 public:
  explicit PostgresqlStorage(Commits commits);
  ~PostgresqlStorage();
  PostgresqlStorage(const PostgresqlStorage&) = delete;
  PostgresqlStorage& operator=(const PostgresqlStorage&) = delete;

  // What libpq connects with.
  const std::string& location() const { return location_; }

  // Of the tables and their indexes.
  Result<std::uint64_t> BytesOnDisk();

 private:
  std::unique_ptr<PostgresqlConnection> administrator_;
  std::string schema_;
  std::string location_;
};

// A connection for each save under way: the server flushes once for those that commit together, and with
// one connection it would have one process for all of them.
//
// An actor's row is locked by whoever appends, until the commit, and holds the latest version: the unique
// key of the events alone would let a lower version into a gap.
class PostgresqlEngine {
 public:
  using Storage = PostgresqlStorage;

  static Result<std::shared_ptr<PostgresqlEngine>> Open(const std::string& location, Commits commits);

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text);
  Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit);
  Result<std::int64_t> Latest(std::string_view actor_id);

 private:
  explicit PostgresqlEngine(const std::string& location);

  // False: the version is not above the latest.
  Result<bool> Append(std::string_view actor_id, std::int64_t version, std::string_view text);

  Pool<PostgresqlConnection> connections_;
};

using PostgresqlStore = PeerStore<PostgresqlEngine>;
using PostgresqlAdapter = PeerAdapter<PostgresqlEngine, Commits::kToDevice>;
using PostgresqlPageCacheAdapter = PeerAdapter<PostgresqlEngine, Commits::kToPageCache>;

}  // namespace aether::peers
