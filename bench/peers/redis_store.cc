// Commands, the server, and the engine.

#include "redis_store.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

namespace aether::peers {
namespace {

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::size_t kPage = 1'000;
constexpr const char* kProgram = "/usr/bin/redis-server";

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

StoreError Failed(const RedisConnection& connection, ErrorCode code) {
  return {code, std::string("Redis: ") + (connection ? connection->errstr : "no memory")};
}

std::string_view Text(const redisReply& reply) { return {reply.str, reply.len}; }

// The version that an entry's id begins with.
std::int64_t VersionOf(const redisReply& entry) { return std::stoll(std::string(Text(*entry.element[0]))); }

// What an error reply means: for an id that is not above the last, a conflict whose fields are to come.
StoreError Refusal(std::string_view text) {
  const bool is_conflict = text.starts_with("ERR The ID specified in XADD");
  return {is_conflict ? ErrorCode::kVersionConflict : ErrorCode::kStorageFailed,
          "Redis: " + std::string(text)};
}

std::string IdOf(std::int64_t version) { return std::to_string(version < 0 ? 0 : version) + "-0"; }

using Words = std::vector<std::string_view>;

void Send(const RedisConnection& connection, const Words& words) {
  std::vector<const char*> pointers;
  std::vector<std::size_t> sizes;
  for (const std::string_view word : words) {
    pointers.push_back(word.data());
    sizes.push_back(word.size());
  }
  redisAppendCommandArgv(connection.get(), static_cast<int>(words.size()), pointers.data(), sizes.data());
}

// None when the connection broke.
Reply Receive(const RedisConnection& connection) {
  void* reply = nullptr;
  redisGetReply(connection.get(), &reply);
  return Reply(static_cast<redisReply*>(reply));
}

Reply Ask(const RedisConnection& connection, const Words& words) {
  Send(connection, words);
  return Receive(connection);
}

Result<std::unique_ptr<RedisConnection>> Connect(const std::string& socket) {
  RedisConnection connection(redisConnectUnix(socket.c_str()));
  if (!connection || connection->err != 0) return Failed(connection, ErrorCode::kUnavailable);
  return std::make_unique<RedisConnection>(std::move(connection));
}

bool Answers(const std::string& socket) {
  const auto connection = Connect(socket);
  const Reply reply = connection ? Ask(**connection, {"PING"}) : nullptr;
  return reply && reply->type == REDIS_REPLY_STATUS;
}

// A connection that broke is not used again.
StoreError Lost(Pool<RedisConnection>::Lease& connection, ErrorCode code) {
  const StoreError error = Failed(*connection, code);
  connection.Drop();
  return error;
}

}  // namespace

// Nothing in the file is ever outdated, so that to rewrite it would gain nothing. With `everysec` instead
// of `no` a reply may be sent before the write, while a flush is under way: less than the page cache.
RedisStorage::RedisStorage(Commits commits)
    : socket_(directory_.location() + "/socket"),
      server_({kProgram, "--port", "0", "--unixsocket", socket_, "--dir", directory_.location(), "--save",
               "", "--appendonly", "yes", "--appendfsync", commits == Commits::kToDevice ? "always" : "no",
               "--auto-aof-rewrite-percentage", "0", "--maxclients", "1000"},
              directory_.location() + "/log") {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (!Answers(socket_)) {
    if (server_.HasEnded() || std::chrono::steady_clock::now() > deadline) {
      std::ostringstream log;
      log << std::ifstream(directory_.location() + "/log").rdbuf();
      throw std::runtime_error("redis-server did not start: " + log.str());
    }
    std::this_thread::sleep_for(kPoll);
  }
}

Result<std::uint64_t> RedisStorage::BytesOnDisk() const {
  std::error_code error;
  std::uint64_t bytes = 0;
  for (const auto& file :
       std::filesystem::directory_iterator(directory_.location() + "/appendonlydir", error)) {
    bytes += file.file_size(error);
  }
  if (error) return StoreError(ErrorCode::kNotFound, error.message());
  return bytes;
}

RedisEngine::RedisEngine(const std::string& location, Commits commits)
    : connections_([location] { return Connect(location); }),
      queue_([this](std::span<Append* const> appends) { Write(appends); }, commits) {}

Result<std::shared_ptr<RedisEngine>> RedisEngine::Open(const std::string& location, Commits commits) {
  std::shared_ptr<RedisEngine> engine(new RedisEngine(location, commits));
  if (const auto connection = engine->connections_.Take(); !connection) return connection.error();
  return engine;
}

Result<void> RedisEngine::Save(std::string_view actor_id, std::int64_t version, std::string_view text) {
  auto saved = queue_.Save(actor_id, version, text);
  if (saved || saved.error().code() != ErrorCode::kVersionConflict) return saved;
  const auto latest = Latest(actor_id);
  if (!latest) return latest.error();
  return StoreError::Conflict(actor_id, version, *latest);
}

void RedisEngine::Write(std::span<Append* const> appends) {
  auto connection = connections_.Take();
  if (!connection) return FailAll(appends, connection.error());
  for (const Append* const append : appends) {
    Send(**connection, {"XADD", append->actor_id, IdOf(append->version), "e", append->text});
  }
  for (Append* const append : appends) {
    const Reply reply = Receive(**connection);
    if (!reply) return FailAll(appends, Lost(*connection, ErrorCode::kOutcomeUnknown));
    if (reply->type == REDIS_REPLY_ERROR) {
      append->outcome = Refusal(Text(*reply));
    }
  }
}

// By pages: a reply is a tree of small pieces, and a large one does not fit into the caches.
Result<void> RedisEngine::Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit) {
  auto connection = connections_.Take();
  if (!connection) return connection.error();
  for (std::string first = IdOf(from_version);;) {
    const Reply entries =
        Ask(**connection, {"XRANGE", actor_id, first, "+", "COUNT", std::to_string(kPage)});
    if (!entries) return Lost(*connection, ErrorCode::kUnavailable);
    if (entries->type != REDIS_REPLY_ARRAY) return Refusal(Text(*entries));
    for (std::size_t i = 0; i < entries->elements; ++i) {
      visit(Text(*entries->element[i]->element[1]->element[1]));
    }
    if (entries->elements < kPage) return {};
    first = "(" + std::string(Text(*entries->element[kPage - 1]->element[0]));
  }
}

Result<std::int64_t> RedisEngine::Latest(std::string_view actor_id) {
  auto connection = connections_.Take();
  if (!connection) return connection.error();
  const Reply entries = Ask(**connection, {"XREVRANGE", actor_id, "+", "-", "COUNT", "1"});
  if (!entries) return Lost(*connection, ErrorCode::kUnavailable);
  if (entries->type != REDIS_REPLY_ARRAY) return Refusal(Text(*entries));
  return entries->elements == 0 ? std::int64_t{0} : VersionOf(*entries->element[0]);
}

}  // namespace aether::peers
