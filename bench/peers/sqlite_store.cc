// Connections with their statements, and the engine.

#include "sqlite_store.h"

#include <utility>

namespace aether::peers {
namespace {

constexpr int kBusyMilliseconds = 10'000;

constexpr const char* kSchema =
    "CREATE TABLE IF NOT EXISTS events (actor_id BLOB NOT NULL, version INTEGER NOT NULL, "
    "event BLOB NOT NULL, PRIMARY KEY (actor_id, version)) WITHOUT ROWID";

StoreError Failed(sqlite3* database, int code) {
  const std::string text = std::string("SQLite: ") + sqlite3_errmsg(database);
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return {ErrorCode::kUnavailable, text};
    case SQLITE_FULL:
      return {ErrorCode::kStorageFull, text};
    case SQLITE_IOERR:
      return {ErrorCode::kOutcomeUnknown, text};
    default:
      return {ErrorCode::kStorageFailed, text};
  }
}

// A prepared statement, used again and again. Bound texts are not copied.
class Statement {
 public:
  Statement(sqlite3* database, const char* sql) {
    sqlite3_prepare_v3(database, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& Bind(int at, std::int64_t number) {
    sqlite3_bind_int64(statement_, at, number);
    return *this;
  }
  Statement& Bind(int at, std::string_view bytes) {
    sqlite3_bind_blob64(statement_, at, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(),
                        SQLITE_STATIC);
    return *this;
  }
  int Step() { return sqlite3_step(statement_); }
  void Reset() { sqlite3_reset(statement_); }
  int Run() {
    const int code = Step();
    Reset();
    return code;
  }

  std::int64_t Integer() const { return sqlite3_column_int64(statement_, 0); }
  std::string_view Bytes() const {
    return {static_cast<const char*>(sqlite3_column_blob(statement_, 0)),
            static_cast<std::size_t>(sqlite3_column_bytes(statement_, 0))};
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

}  // namespace

class SqliteConnection {
 public:
  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& file, const std::string& pragmas) {
    sqlite3* database = nullptr;
    int code = sqlite3_open_v2(file.c_str(), &database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    sqlite3_busy_timeout(database, kBusyMilliseconds);
    const std::string start = pragmas + "; " + kSchema;
    if (code == SQLITE_OK) code = sqlite3_exec(database, start.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
      const StoreError error = Failed(database, code);
      sqlite3_close_v2(database);
      return error;
    }
    return std::unique_ptr<SqliteConnection>(new SqliteConnection(database));
  }

  sqlite3* database() const { return database_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };

  explicit SqliteConnection(sqlite3* database) : database_(database) {}

  std::unique_ptr<sqlite3, Close> database_;

 public:
  Statement begin{database(), "BEGIN IMMEDIATE"};
  Statement commit{database(), "COMMIT"};
  Statement rollback{database(), "ROLLBACK"};
  Statement insert{database(),
                   "INSERT INTO events SELECT ?1, ?2, ?3 WHERE ?2 > "
                   "coalesce((SELECT max(version) FROM events WHERE actor_id = ?1), 0)"};
  Statement latest{database(), "SELECT coalesce(max(version), 0) FROM events WHERE actor_id = ?"};
  Statement read{database(),
                 "SELECT event FROM events WHERE actor_id = ? AND version >= ? ORDER BY version"};
};

namespace {

Result<std::int64_t> LatestBy(SqliteConnection& connection, std::string_view actor_id) {
  const int code = connection.latest.Bind(1, actor_id).Step();
  const std::int64_t version = connection.latest.Integer();
  connection.latest.Reset();
  if (code != SQLITE_ROW) return Failed(connection.database(), code);
  return version;
}

}  // namespace

SqliteEngine::SqliteEngine(std::unique_ptr<SqliteConnection> writer,
                           Pool<SqliteConnection>::Make make_reader, Commits commits)
    : writer_(std::move(writer)),
      readers_(std::move(make_reader)),
      queue_([this](std::span<Append* const> appends) { Write(appends); }, commits) {}

SqliteEngine::~SqliteEngine() = default;

Result<std::shared_ptr<SqliteEngine>> SqliteEngine::Open(const std::string& location, Commits commits) {
  const std::string pragmas =
      "PRAGMA journal_mode = WAL; PRAGMA cache_size = -65536; PRAGMA mmap_size = 17179869184; "
      "PRAGMA wal_autocheckpoint = 4000; PRAGMA synchronous = ";
  return OpenWith(location, pragmas + (commits == Commits::kToDevice ? "FULL" : "OFF"), commits);
}

Result<std::shared_ptr<SqliteEngine>> SqliteEngine::OpenWith(const std::string& location,
                                                             const std::string& pragmas, Commits commits) {
  const auto connect = [file = location + "/events.db", pragmas] {
    return SqliteConnection::Open(file, pragmas);
  };
  auto writer = connect();
  if (!writer) return writer.error();
  return std::shared_ptr<SqliteEngine>(new SqliteEngine(*std::move(writer), connect, commits));
}

// A statement alone is a transaction of its own.
void SqliteEngine::Write(std::span<Append* const> appends) {
  if (appends.size() == 1) {
    appends.front()->outcome = Insert(*appends.front());
    return;
  }
  int code = writer_->begin.Run();
  if (code != SQLITE_DONE) return FailAll(appends, Failed(writer_->database(), code));
  for (Append* const append : appends) append->outcome = Insert(*append);
  code = writer_->commit.Run();
  if (code == SQLITE_DONE) return;
  FailAll(appends, Failed(writer_->database(), code));
  writer_->rollback.Run();
}

Result<void> SqliteEngine::Insert(const Append& append) {
  const int code =
      writer_->insert.Bind(1, append.actor_id).Bind(2, append.version).Bind(3, append.text).Run();
  if (code != SQLITE_DONE) return Failed(writer_->database(), code);
  if (sqlite3_changes(writer_->database()) == 1) return {};
  const auto latest = LatestBy(*writer_, append.actor_id);
  if (!latest) return latest.error();
  return StoreError::Conflict(append.actor_id, append.version, *latest);
}

Result<void> SqliteEngine::Read(std::string_view actor_id, std::int64_t from_version,
                                const Visitor& visit) {
  auto reader = readers_.Take();
  if (!reader) return reader.error();
  Statement& read = (*reader)->read.Bind(1, actor_id).Bind(2, from_version);
  int code;
  while ((code = read.Step()) == SQLITE_ROW) visit(read.Bytes());
  read.Reset();
  if (code != SQLITE_DONE) return Failed((*reader)->database(), code);
  return {};
}

Result<std::int64_t> SqliteEngine::Latest(std::string_view actor_id) {
  auto reader = readers_.Take();
  if (!reader) return reader.error();
  return LatestBy(**reader, actor_id);
}

}  // namespace aether::peers
