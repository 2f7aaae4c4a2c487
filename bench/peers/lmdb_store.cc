// Transactions, cursors, and the engine.

#include "lmdb_store.h"

#include <limits>
#include <utility>

#include "stream_key.h"

namespace aether::peers {
namespace {

constexpr std::size_t kMapSize = std::size_t{64} << 30;  // of addresses, not of disk
constexpr unsigned kReaders = 1024;
constexpr std::size_t kLongestActorId = 511 - 12;

StoreError Failed(int code) {
  const ErrorCode what = code == MDB_MAP_FULL || code == ENOSPC ? ErrorCode::kStorageFull
                         : code == MDB_READERS_FULL             ? ErrorCode::kUnavailable
                                                                : ErrorCode::kStorageFailed;
  return {what, std::string("LMDB: ") + mdb_strerror(code)};
}

MDB_val Value(std::string_view text) { return {text.size(), const_cast<char*>(text.data())}; }
std::string_view Text(const MDB_val& value) { return {static_cast<char*>(value.mv_data), value.mv_size}; }

// The version of the last key before the end of the actor's stream.
Result<std::int64_t> LatestBy(MDB_cursor* cursor, std::string_view actor_id) {
  const std::string end = EventKey(actor_id, std::numeric_limits<std::int64_t>::max());
  MDB_val key = Value(end);
  MDB_val value;
  int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
  if (code == 0 && Text(key) == end) return VersionIn(Text(key));
  if (code == 0 || code == MDB_NOTFOUND) {
    code = mdb_cursor_get(cursor, &key, &value, code == 0 ? MDB_PREV : MDB_LAST);
  }
  if (code == MDB_NOTFOUND) return std::int64_t{0};
  if (code != 0) return Failed(code);
  const std::string_view prefix = std::string_view(end).substr(0, end.size() - 8);
  return Text(key).substr(0, key.mv_size - 8) == prefix ? VersionIn(Text(key)) : 0;
}

}  // namespace

// Begin() after each Take(), End() before giving it back.
class LmdbReader {
 public:
  static Result<std::unique_ptr<LmdbReader>> Make(MDB_env* environment, MDB_dbi events) {
    auto reader = std::make_unique<LmdbReader>();
    int code = mdb_txn_begin(environment, nullptr, MDB_RDONLY, &reader->transaction_);
    if (code == 0) code = mdb_cursor_open(reader->transaction_, events, &reader->cursor_);
    if (code != 0) return Failed(code);
    mdb_txn_reset(reader->transaction_);
    return reader;
  }

  ~LmdbReader() {
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    if (transaction_ != nullptr) mdb_txn_abort(transaction_);
  }

  int Begin() {
    const int code = mdb_txn_renew(transaction_);
    return code != 0 ? code : mdb_cursor_renew(transaction_, cursor_);
  }
  void End() { mdb_txn_reset(transaction_); }
  MDB_cursor* cursor() const { return cursor_; }

 private:
  MDB_txn* transaction_ = nullptr;
  MDB_cursor* cursor_ = nullptr;
};

LmdbEngine::LmdbEngine(MDB_env* environment, Commits commits)
    : environment_(environment),
      readers_([this] { return LmdbReader::Make(environment_.get(), events_); }),
      queue_([this](std::span<Append* const> appends) { Write(appends); }, commits) {}

Result<std::shared_ptr<LmdbEngine>> LmdbEngine::Open(const std::string& location, Commits commits) {
  MDB_env* environment = nullptr;
  if (const int code = mdb_env_create(&environment); code != 0) return Failed(code);
  std::shared_ptr<LmdbEngine> engine(new LmdbEngine(environment, commits));
  mdb_env_set_mapsize(environment, kMapSize);
  mdb_env_set_maxreaders(environment, kReaders);
  const unsigned flags = MDB_NOTLS | (commits == Commits::kToDevice ? 0 : MDB_NOSYNC);
  int code = mdb_env_open(environment, location.c_str(), flags, 0600);
  MDB_txn* transaction = nullptr;
  if (code == 0) code = mdb_txn_begin(environment, nullptr, 0, &transaction);
  if (code == 0) code = mdb_dbi_open(transaction, nullptr, 0, &engine->events_);
  if (code == 0) code = mdb_txn_commit(transaction);
  if (code != 0) return Failed(code);
  return engine;
}

Result<void> LmdbEngine::Save(std::string_view actor_id, std::int64_t version, std::string_view text) {
  if (actor_id.size() > kLongestActorId) return StoreError::InvalidEvent("actorId", "longer than a key");
  return queue_.Save(actor_id, version, text);
}

void LmdbEngine::Write(std::span<Append* const> appends) {
  MDB_txn* transaction = nullptr;
  if (const int code = mdb_txn_begin(environment_.get(), nullptr, 0, &transaction); code != 0) {
    return FailAll(appends, Failed(code));
  }
  for (Append* const append : appends) append->outcome = Put(transaction, *append);
  if (const int code = mdb_txn_commit(transaction); code != 0) {
    FailAll(appends, {ErrorCode::kOutcomeUnknown, std::string("LMDB: ") + mdb_strerror(code)});
  }
}

Result<void> LmdbEngine::Put(MDB_txn* transaction, const Append& append) {
  MDB_cursor* cursor = nullptr;
  if (const int code = mdb_cursor_open(transaction, events_, &cursor); code != 0) return Failed(code);
  const auto latest = LatestBy(cursor, append.actor_id);
  int code = 0;
  if (latest && append.version > *latest) {
    const std::string name = EventKey(append.actor_id, append.version);
    MDB_val key = Value(name);
    MDB_val value = Value(append.text);
    code = mdb_cursor_put(cursor, &key, &value, MDB_NOOVERWRITE);
  }
  mdb_cursor_close(cursor);
  if (!latest) return latest.error();
  if (code != 0) return Failed(code);
  if (append.version <= *latest) return StoreError::Conflict(append.actor_id, append.version, *latest);
  return {};
}

Result<void> LmdbEngine::Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit) {
  if (actor_id.size() > kLongestActorId) return {};
  auto reader = readers_.Take();
  if (!reader) return reader.error();
  if (const int code = (*reader)->Begin(); code != 0) return Failed(code);
  const std::string first = EventKey(actor_id, from_version);
  const std::string_view prefix = std::string_view(first).substr(0, first.size() - 8);
  MDB_val key = Value(first);
  MDB_val value;
  int code = mdb_cursor_get((*reader)->cursor(), &key, &value, MDB_SET_RANGE);
  while (code == 0 && Text(key).starts_with(prefix)) {
    visit(Text(value));
    code = mdb_cursor_get((*reader)->cursor(), &key, &value, MDB_NEXT);
  }
  (*reader)->End();
  if (code != 0 && code != MDB_NOTFOUND) return Failed(code);
  return {};
}

Result<std::int64_t> LmdbEngine::Latest(std::string_view actor_id) {
  if (actor_id.size() > kLongestActorId) return std::int64_t{0};
  auto reader = readers_.Take();
  if (!reader) return reader.error();
  if (const int code = (*reader)->Begin(); code != 0) return Failed(code);
  const auto latest = LatestBy((*reader)->cursor(), actor_id);
  (*reader)->End();
  return latest;
}

}  // namespace aether::peers
