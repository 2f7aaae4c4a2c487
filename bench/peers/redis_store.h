// Redis as an event store: an actor is a stream whose entry ids are the versions.

#pragma once

#include <hiredis/hiredis.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "group_commit.h"
#include "peer_store.h"
#include "pool.h"
#include "server_process.h"
#include "temporary_directory.h"

namespace aether::peers {

struct FreeRedisContext {
  void operator()(redisContext* context) const { redisFree(context); }
};
using RedisConnection = std::unique_ptr<redisContext, FreeRedisContext>;

// A server of its own, which ends with the object, as do its files.
class RedisStorage {
 public:
  explicit RedisStorage(Commits commits);

  // The path of the server's socket.
  const std::string& location() const { return socket_; }

  // Of the append-only file.
  Result<std::uint64_t> BytesOnDisk() const;

 private:
  const TemporaryDirectory directory_;
  const std::string socket_;
  ServerProcess server_;
};

// Redis itself refuses an entry whose id is not above the last: XADD is the compare-and-append. It flushes
// once for all commands that it found waiting, so that it groups commits without help; saves that are sent
// together in one pipeline save it, and us, the system calls.
class RedisEngine {
 public:
  using Storage = RedisStorage;

  static Result<std::shared_ptr<RedisEngine>> Open(const std::string& location, Commits commits);

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text);
  Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit);
  Result<std::int64_t> Latest(std::string_view actor_id);

 private:
  RedisEngine(const std::string& location, Commits commits);

  void Write(std::span<Append* const> appends);

  Pool<RedisConnection> connections_;
  GroupCommit queue_;
};

using RedisStore = PeerStore<RedisEngine>;
using RedisAdapter = PeerAdapter<RedisEngine, Commits::kToDevice>;
using RedisPageCacheAdapter = PeerAdapter<RedisEngine, Commits::kToPageCache>;

}  // namespace aether::peers
