// Statements, errors, and the store.

#include "sqlite_store.h"

#include <sqlite3.h>

#include <chrono>
#include <condition_variable>
#include <system_error>
#include <thread>
#include <utility>

#include "aether/wire.h"

namespace {

using aether::ErrorCode;
using aether::Result;
using aether::StoreError;

constexpr int kBusyMilliseconds = 10'000;
constexpr std::chrono::milliseconds kPoll{5};

// An event is kept in its wire form, so that nothing re-encodes a number, and every field is where other
// languages expect it. Ids are blobs: they may hold any byte, and are compared byte by byte.
//
// A row that some other program put there may hold no event at all, and then has no version: it takes part
// in no check, and no event has to make way for it.
//
// The insert trigger is the rule of versions. It runs within the transaction of the insert, of which SQLite
// has one at a time, so no writer comes between the check and the append; and it binds writers that do not
// come through this class. It also keeps INSERT OR REPLACE from removing rows, for which no delete trigger
// runs.
constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    namespace BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    version INTEGER,
    event TEXT NOT NULL,
    UNIQUE (namespace, actor_id, version));
  CREATE TRIGGER IF NOT EXISTS events_append BEFORE INSERT ON events
    WHEN NEW.version <= (SELECT coalesce(max(version), 0) FROM events
                         WHERE namespace = NEW.namespace AND actor_id = NEW.actor_id)
      OR EXISTS (SELECT 1 FROM events WHERE sequence = NEW.sequence)
    BEGIN SELECT RAISE(ABORT, 'the version is not above the latest'); END;
  CREATE TRIGGER IF NOT EXISTS events_stay_equal BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
  CREATE TRIGGER IF NOT EXISTS events_stay BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;
  CREATE TABLE IF NOT EXISTS snapshots (
    namespace BLOB NOT NULL,
    actor_id BLOB NOT NULL,
    version INTEGER NOT NULL,
    snapshot TEXT NOT NULL,
    PRIMARY KEY (namespace, actor_id)) WITHOUT ROWID;
)";

StoreError Closed() { return {ErrorCode::kClosed, "the handle is closed"}; }

// What SQLite answered, in the contract's words. A write that failed in the middle is not one of these: see
// SaveFailed().
StoreError Failed(sqlite3* database, int code) {
  const std::string text = std::string("SQLite: ") + sqlite3_errmsg(database);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      return {ErrorCode::kUnavailable, text};
    case SQLITE_FULL:
      return {ErrorCode::kStorageFull, text};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return {ErrorCode::kCorrupt, text};
    case SQLITE_TOOBIG:
      return StoreError::InvalidEvent("data", text);
    default:
      return {ErrorCode::kStorageFailed, text};
  }
}

// A commit that ends in an I/O error is rolled back here, but its pages may be in the log by then: after a
// crash it may turn out to be there.
StoreError SaveFailed(sqlite3* database, int code) {
  if ((code & 0xff) != SQLITE_IOERR) return Failed(database, code);
  return {ErrorCode::kOutcomeUnknown, std::string("SQLite: ") + sqlite3_errmsg(database)};
}

// A prepared statement. Parameters count from 1, columns from 0. Texts are not copied: they outlive it.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    code_ = sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int at, std::int64_t number) { return Noted(sqlite3_bind_int64(statement_, at, number)); }
  Statement& BindBlob(int at, std::string_view bytes) {
    return Noted(sqlite3_bind_blob64(statement_, at, NotNull(bytes), bytes.size(), SQLITE_STATIC));
  }
  Statement& BindText(int at, std::string_view text) {
    return Noted(
        sqlite3_bind_text64(statement_, at, NotNull(text), text.size(), SQLITE_STATIC, SQLITE_UTF8));
  }

  // SQLITE_ROW, SQLITE_DONE, or the first thing that went wrong since the statement was made.
  int Step() { return code_ == SQLITE_OK ? sqlite3_step(statement_) : code_; }

  std::int64_t Integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string Bytes(int column) const {
    const void* const bytes = sqlite3_column_blob(statement_, column);
    return bytes == nullptr
               ? std::string()
               : std::string(static_cast<const char*>(bytes),
                             static_cast<std::size_t>(sqlite3_column_bytes(statement_, column)));
  }

 private:
  // SQLite takes a null pointer for NULL, also when the length is 0.
  static const char* NotNull(std::string_view text) { return text.data() == nullptr ? "" : text.data(); }

  Statement& Noted(int code) {
    if (code_ == SQLITE_OK) code_ = code;
    return *this;
  }

  sqlite3_stmt* statement_ = nullptr;
  int code_ = SQLITE_OK;
};

// The event in a row, or why there is none in it. A version of 0 stands for none.
Result<aether::Event> ReadRow(std::string_view text, std::string_view actor_id, std::int64_t version) {
  auto event = aether::DecodeEvent(text);
  if (event && (version == 0 || event->actor_id != actor_id || event->version != version)) {
    return StoreError(ErrorCode::kCorrupt, "the event is not the one that its row is for");
  }
  return event;
}

}  // namespace

// ---- notices

// A thread that hands rows to a callback, in the order in which they were committed. The Subscription that
// the user holds, the thread and the handle share it.
class SqliteStore::Feed {
 public:
  Feed(Database database, std::string name_space, aether::EventStoredCallback callback)
      : database_(std::move(database)), namespace_(std::move(name_space)), callback_(std::move(callback)) {}

  // Where the table ends now: what comes behind is new.
  Result<void> Start() {
    Statement statement(database_.get(), "SELECT coalesce(max(sequence), 0) FROM events");
    if (const int code = statement.Step(); code != SQLITE_ROW) return Failed(database_.get(), code);
    cursor_ = statement.Integer(0);
    return {};
  }

  void Run() {
    while (!Ended()) {
      Deliver();
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, kPoll, [this] { return ended_; });
    }
  }

  // No callback begins after this; one may be under way.
  void End() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

 private:
  bool Ended() {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  // Rows are fetched before the first callback runs, since an open statement keeps the log from being
  // checkpointed. Rows of other namespaces are read too, so that the next look begins behind them. An error
  // means to look again later.
  void Deliver() {
    std::vector<aether::EventStored> fresh;
    {
      Statement statement(database_.get(),
                          "SELECT sequence, namespace, actor_id, version, event FROM events "
                          "WHERE sequence > ? ORDER BY sequence LIMIT 1000");
      statement.Bind(1, cursor_);
      while (statement.Step() == SQLITE_ROW) {
        cursor_ = statement.Integer(0);
        if (statement.Bytes(1) != namespace_) continue;
        const auto event = ReadRow(statement.Bytes(4), statement.Bytes(2), statement.Integer(3));
        if (event) fresh.push_back(aether::EventStored::Of(*event));
      }
    }
    for (const aether::EventStored& notice : fresh) {
      if (Ended()) return;
      try {
        callback_(notice);
      } catch (...) {  // the callback's own affair: the notices after it are due all the same
      }
    }
  }

  const Database database_;
  const std::string namespace_;
  const aether::EventStoredCallback callback_;
  std::int64_t cursor_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

namespace {

// What the user holds: ends the feed, and waits for its thread unless it is that thread.
template <typename Feed>
class FeedSubscription final : public aether::Subscription {
 public:
  explicit FeedSubscription(std::shared_ptr<Feed> feed)
      : feed_(std::move(feed)), thread_([shared = feed_] { shared->Run(); }) {}
  ~FeedSubscription() override {
    feed_->End();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  const std::shared_ptr<Feed> feed_;
  std::thread thread_;
};

}  // namespace

// ---- the store

void SqliteStore::CloseDatabase::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

SqliteStore::SqliteStore(std::filesystem::path file, std::string_view name_space, Database database)
    : file_(std::move(file)), namespace_(name_space), database_(std::move(database)) {}

SqliteStore::~SqliteStore() { static_cast<void>(Close()); }

Result<SqliteStore::Database> SqliteStore::Connect(const std::filesystem::path& file) {
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(
      file.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(raw);
  if (code != SQLITE_OK) return Failed(raw, code);
  sqlite3_busy_timeout(raw, kBusyMilliseconds);
  // The first to open a new file changes its mode. SQLite does not wait for another who is at it.
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyMilliseconds);
  int set;
  while ((set = sqlite3_exec(raw, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr)) == SQLITE_BUSY &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPoll);
  }
  if (set == SQLITE_OK) set = sqlite3_exec(raw, "PRAGMA synchronous = FULL", nullptr, nullptr, nullptr);
  if (set != SQLITE_OK) return Failed(raw, set);
  return database;
}

Result<std::unique_ptr<SqliteStore>> SqliteStore::Open(const std::filesystem::path& file,
                                                       std::string_view name_space) {
  auto database = Connect(file);
  if (!database) return database.error();
  if (const int code = sqlite3_exec(database->get(), kSchema, nullptr, nullptr, nullptr);
      code != SQLITE_OK) {
    return Failed(database->get(), code);
  }
  return std::unique_ptr<SqliteStore>(new SqliteStore(file, name_space, *std::move(database)));
}

Result<void> SqliteStore::SaveEvent(const aether::Event& event) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  const auto text = aether::EncodeEvent(event);
  if (!text) return text.error();
  Statement statement(database_.get(),
                      "INSERT INTO events (namespace, actor_id, version, event) VALUES (?, ?, ?, ?)");
  statement.BindBlob(1, namespace_).BindBlob(2, event.actor_id).Bind(3, event.version).BindText(4, *text);
  const int code = statement.Step();
  if (code == SQLITE_DONE) return {};
  if ((code & 0xff) != SQLITE_CONSTRAINT) return SaveFailed(database_.get(), code);
  const auto latest = LatestVersion(event.actor_id);
  if (!latest) return latest.error();
  return StoreError::Conflict(event.actor_id, event.version, *latest);
}

Result<std::vector<aether::EventPtr>> SqliteStore::GetEvents(std::string_view actor_id,
                                                             std::int64_t from_version) {
  auto replay = GetEventsWithErrors(actor_id, from_version);
  if (!replay) return replay.error();
  return std::move(replay->events);
}

Result<aether::ReplayResult> SqliteStore::GetEventsWithErrors(std::string_view actor_id,
                                                              std::int64_t from_version) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  Statement statement(database_.get(),
                      "SELECT sequence, version, event FROM events "
                      "WHERE namespace = ?1 AND actor_id = ?2 "
                      "AND (version >= ?3 OR version IS NULL AND ?3 <= 1) ORDER BY sequence");
  statement.BindBlob(1, namespace_).BindBlob(2, actor_id).Bind(3, from_version);
  aether::ReplayResult replay;
  int code;
  while ((code = statement.Step()) == SQLITE_ROW) {
    std::string text = statement.Bytes(2);
    auto event = ReadRow(text, actor_id, statement.Integer(1));
    if (event) {
      replay.events.push_back(std::make_shared<const aether::Event>(*std::move(event)));
    } else {
      replay.errors.push_back(
          {static_cast<std::uint64_t>(statement.Integer(0)), std::move(text), event.error().message()});
    }
  }
  if (code != SQLITE_DONE) return Failed(database_.get(), code);
  return replay;
}

Result<std::int64_t> SqliteStore::GetLatestVersion(std::string_view actor_id) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  return LatestVersion(actor_id);
}

Result<std::int64_t> SqliteStore::LatestVersion(std::string_view actor_id) {
  Statement statement(database_.get(),
                      "SELECT coalesce(max(version), 0) FROM events WHERE namespace = ? AND actor_id = ?");
  statement.BindBlob(1, namespace_).BindBlob(2, actor_id);
  if (const int code = statement.Step(); code != SQLITE_ROW) return Failed(database_.get(), code);
  return statement.Integer(0);
}

Result<void> SqliteStore::SaveSnapshot(const aether::ActorSnapshot& snapshot) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  const auto text = aether::EncodeSnapshot(snapshot);
  if (!text) return text.error();
  Statement statement(database_.get(),
                      "INSERT INTO snapshots (namespace, actor_id, version, snapshot) VALUES (?, ?, ?, ?) "
                      "ON CONFLICT (namespace, actor_id) DO UPDATE "
                      "SET version = excluded.version, snapshot = excluded.snapshot "
                      "WHERE excluded.version >= version");
  statement.BindBlob(1, namespace_).BindBlob(2, snapshot.actor_id);
  statement.Bind(3, snapshot.version).BindText(4, *text);
  if (const int code = statement.Step(); code != SQLITE_DONE) return SaveFailed(database_.get(), code);
  return {};
}

Result<std::optional<aether::ActorSnapshot>> SqliteStore::GetLatestSnapshot(std::string_view actor_id) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  Statement statement(database_.get(),
                      "SELECT snapshot FROM snapshots WHERE namespace = ? AND actor_id = ?");
  statement.BindBlob(1, namespace_).BindBlob(2, actor_id);
  const int code = statement.Step();
  if (code == SQLITE_DONE) return std::optional<aether::ActorSnapshot>();
  if (code != SQLITE_ROW) return Failed(database_.get(), code);
  auto snapshot = aether::DecodeSnapshot(statement.Bytes(0));
  if (!snapshot) return snapshot.error();
  return std::optional<aether::ActorSnapshot>(*std::move(snapshot));
}

Result<std::unique_ptr<aether::Subscription>> SqliteStore::Subscribe(aether::EventStoredCallback callback) {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  auto database = Connect(file_);
  if (!database) return database.error();
  const auto feed = std::make_shared<Feed>(*std::move(database), namespace_, std::move(callback));
  if (const auto started = feed->Start(); !started) return started.error();
  try {
    auto subscription = std::make_unique<FeedSubscription<Feed>>(feed);
    std::erase_if(feeds_, [](const std::weak_ptr<Feed>& other) { return other.expired(); });
    feeds_.push_back(feed);
    return std::unique_ptr<aether::Subscription>(std::move(subscription));
  } catch (const std::system_error& error) {
    return StoreError(ErrorCode::kUnavailable, std::string("no thread for the notices: ") + error.what());
  }
}

Result<void> SqliteStore::Close() {
  const std::lock_guard lock(mutex_);
  if (!database_) return Closed();
  for (const auto& feed : feeds_) {
    if (const auto alive = feed.lock()) alive->End();
  }
  database_.reset();
  return {};
}
