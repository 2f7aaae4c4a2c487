// The server, connections with their statements, and the engine.

#include "postgresql_store.h"

#include <libpq-fe.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <utility>
#include <vector>

#include "postgres_server.h"
#include "stream_key.h"

namespace aether::peers {
namespace {

// Room in memory, and checkpoints that are rare. A read follows the index, whatever the planner knows of a
// table that was filled just now.
const std::vector<std::string> kSettings = {"max_connections=200",
                                            "shared_buffers=256MB",
                                            "max_wal_size=8GB",
                                            "min_wal_size=1GB",
                                            "enable_bitmapscan=off",
                                            "checkpoint_timeout=30min",
                                            "jit=off",
                                            "default_toast_compression=lz4"};

constexpr const char* kSchema = R"(
  CREATE TABLE IF NOT EXISTS actors (actor_id bytea PRIMARY KEY, version bigint NOT NULL)
    WITH (fillfactor = 50);
  CREATE TABLE IF NOT EXISTS events (actor_id bytea, version bigint, event bytea NOT NULL,
    PRIMARY KEY (actor_id, version));)";

constexpr std::size_t kLongestActorId = 2600;  // an entry of an index has 2704 bytes at most

constexpr int kPage = 1'000;  // as in kRead

constexpr const char* kAppend = "append";
constexpr const char* kRead = "read";
constexpr const char* kLatest = "latest";
constexpr std::pair<const char*, const char*> kStatements[] = {
    {kAppend,
     "WITH advanced AS (INSERT INTO actors AS a SELECT $1::bytea, $2::bigint WHERE $2 > 0 "
     "ON CONFLICT (actor_id) DO UPDATE SET version = excluded.version WHERE a.version < excluded.version "
     "RETURNING 1) INSERT INTO events SELECT $1, $2, $3::bytea FROM advanced"},
    {kRead,
     "SELECT event, version FROM events WHERE actor_id = $1 AND version > $2 ORDER BY version LIMIT 1000"},
    {kLatest, "SELECT version FROM actors WHERE actor_id = $1"},
};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

bool Succeeded(const Answer& answer) {
  const ExecStatusType status = PQresultStatus(answer.get());
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::string_view Bytes(const Answer& answer, int row) {
  return {PQgetvalue(answer.get(), row, 0), static_cast<std::size_t>(PQgetlength(answer.get(), row, 0))};
}

std::string BigEndian(std::int64_t number) {
  std::string bytes;
  AppendBigEndian(static_cast<std::uint64_t>(number), 8, &bytes);
  return bytes;
}

// Parameters in their binary form.
class Parameters {
 public:
  Parameters(std::initializer_list<std::string_view> values) {
    for (const std::string_view value : values) {
      pointers_[count_] = value.data();
      sizes_[count_++] = static_cast<int>(value.size());
    }
  }

  int count() const { return count_; }
  const char* const* pointers() const { return pointers_; }
  const int* sizes() const { return sizes_; }
  const int* formats() const { return kFormats; }

 private:
  static constexpr int kFormats[] = {1, 1, 1};

  int count_ = 0;
  const char* pointers_[3];
  int sizes_[3];
};

}  // namespace

class PostgresqlConnection {
 public:
  static Result<std::unique_ptr<PostgresqlConnection>> Make(const std::string& conninfo) {
    auto connection = std::make_unique<PostgresqlConnection>(conninfo);
    if (PQstatus(connection->get()) != CONNECTION_OK) return connection->Failed(ErrorCode::kUnavailable);
    PQsetNoticeProcessor(
        connection->get(), [](void*, const char*) {}, nullptr);  // would print to stderr
    return connection;
  }

  explicit PostgresqlConnection(const std::string& conninfo) : connection_(PQconnectdb(conninfo.c_str())) {}

  PGconn* get() const { return connection_.get(); }

  Result<void> Run(const std::string& sql) {
    const Answer answer(PQexec(get(), sql.c_str()));
    if (!Succeeded(answer)) return Failed(ErrorCode::kStorageFailed);
    return {};
  }

  Result<void> Prepare() {
    for (const auto& [name, sql] : kStatements) {
      const Answer answer(PQprepare(get(), name, sql, 0, nullptr));
      if (!Succeeded(answer)) return Failed(ErrorCode::kUnavailable);
    }
    return {};
  }

  Answer Ask(const char* statement, const Parameters& parameters) {
    return Answer(PQexecPrepared(get(), statement, parameters.count(), parameters.pointers(),
                                 parameters.sizes(), parameters.formats(), 1));
  }

  StoreError Failed(ErrorCode code) const {
    return {code, std::string("PostgreSQL: ") + PQerrorMessage(get())};
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  std::unique_ptr<PGconn, Finish> connection_;
};

namespace {

std::unique_ptr<PostgresServer> StartServer(const std::string& setting) {
  std::vector<std::string> settings = kSettings;
  settings.push_back(setting);
  auto server = PostgresServer::Start(settings);
  if (!server) throw std::runtime_error(server.error().message());
  return *std::move(server);
}

// One of each kind for the whole process, which keeps it until it ends. With synchronous_commit off instead
// of fsync an event would be in the server's memory only, which is less than the page cache.
std::string SharedServer(Commits commits) {
  if (commits == Commits::kToDevice) {
    static const auto server = StartServer("fsync=on");
    return server->conninfo();
  }
  static const auto server = StartServer("fsync=off");
  return server->conninfo();
}

// A connection whose state is unknown is not used again.
StoreError Lost(Pool<PostgresqlConnection>::Lease& connection, ErrorCode code) {
  const StoreError error = connection->Failed(code);
  connection.Drop();
  return error;
}

}  // namespace

PostgresqlStorage::PostgresqlStorage(Commits commits) {
  static std::atomic<int> made = 0;
  schema_ = "store_" + std::to_string(made++);
  const std::string server = SharedServer(commits);
  auto connection = PostgresqlConnection::Make(server);
  if (!connection) throw std::runtime_error(connection.error().message());
  administrator_ = *std::move(connection);
  const auto created = administrator_->Run("CREATE SCHEMA " + schema_);
  if (!created) throw std::runtime_error(created.error().message());
  location_ = server + " options='-c search_path=" + schema_ + "'";
}

PostgresqlStorage::~PostgresqlStorage() {
  (void)administrator_->Run("DROP SCHEMA " + schema_ + " CASCADE");  // or it goes with the server
}

Result<std::uint64_t> PostgresqlStorage::BytesOnDisk() {
  const Answer size(PQexec(administrator_->get(),
                           ("SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' "
                            "AND relnamespace = '" +
                            schema_ + "'::regnamespace")
                               .c_str()));
  if (!Succeeded(size)) return administrator_->Failed(ErrorCode::kUnavailable);
  return std::stoull(std::string(Bytes(size, 0)));
}

PostgresqlEngine::PostgresqlEngine(const std::string& location)
    : connections_([location]() -> Result<std::unique_ptr<PostgresqlConnection>> {
        auto connection = PostgresqlConnection::Make(location);
        if (!connection) return connection;
        if (const auto prepared = (*connection)->Prepare(); !prepared) return prepared.error();
        return connection;
      }) {}

Result<std::shared_ptr<PostgresqlEngine>> PostgresqlEngine::Open(const std::string& location, Commits) {
  const auto first = PostgresqlConnection::Make(location);
  if (!first) return first.error();
  if (const auto made = (*first)->Run(kSchema); !made) return made.error();
  return std::shared_ptr<PostgresqlEngine>(new PostgresqlEngine(location));
}

Result<void> PostgresqlEngine::Save(std::string_view actor_id, std::int64_t version,
                                    std::string_view text) {
  if (actor_id.size() > kLongestActorId) return StoreError::InvalidEvent("actorId", "longer than a key");
  const auto appended = Append(actor_id, version, text);
  if (!appended) return appended.error();
  if (*appended) return {};
  const auto latest = Latest(actor_id);
  if (!latest) return latest.error();
  return StoreError::Conflict(actor_id, version, *latest);
}

Result<bool> PostgresqlEngine::Append(std::string_view actor_id, std::int64_t version,
                                      std::string_view text) {
  auto connection = connections_.Take();
  if (!connection) return connection.error();
  const Answer appended = (*connection)->Ask(kAppend, {actor_id, BigEndian(version), text});
  if (!Succeeded(appended)) return Lost(*connection, ErrorCode::kOutcomeUnknown);
  return PQcmdTuples(appended.get()) == std::string_view("1");
}

// By pages: an answer is in memory as a whole.
Result<void> PostgresqlEngine::Read(std::string_view actor_id, std::int64_t from_version,
                                    const Visitor& visit) {
  auto connection = connections_.Take();
  if (!connection) return connection.error();
  for (std::int64_t before = std::max<std::int64_t>(from_version, 1) - 1;;) {
    const Answer rows = (*connection)->Ask(kRead, {actor_id, BigEndian(before)});
    if (!Succeeded(rows)) return Lost(*connection, ErrorCode::kUnavailable);
    const int size = PQntuples(rows.get());
    for (int row = 0; row < size; ++row) visit(Bytes(rows, row));
    if (size < kPage) return {};
    before = VersionIn({PQgetvalue(rows.get(), size - 1, 1), 8});
  }
}

Result<std::int64_t> PostgresqlEngine::Latest(std::string_view actor_id) {
  auto connection = connections_.Take();
  if (!connection) return connection.error();
  const Answer rows = (*connection)->Ask(kLatest, {actor_id});
  if (!Succeeded(rows)) return Lost(*connection, ErrorCode::kUnavailable);
  return PQntuples(rows.get()) == 0 ? std::int64_t{0} : VersionIn(Bytes(rows, 0));
}

}  // namespace aether::peers
