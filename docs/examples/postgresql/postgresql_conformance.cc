// The PostgreSQL store against the contract.

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "aether/conformance/suite.h"
#include "connection.h"
#include "postgres_server.h"
#include "postgresql_store.h"

namespace {

// A schema of its own on a server that the process keeps.
class PostgresqlAdapter {
 public:
  using Subject = PostgresqlStore;

  PostgresqlAdapter() {
    static std::atomic<int> made = 0;
    const auto server = PostgresServer::Shared();
    if (!server) throw std::runtime_error(server.error().message());
    admin_ = std::make_unique<Connection>((*server)->conninfo());
    schema_ = "store_" + std::to_string(++made);
    const auto created = admin_->Write(("CREATE SCHEMA " + schema_).c_str());
    if (!created) throw std::runtime_error(created.error().message());
    conninfo_ = (*server)->conninfo() + " options='-c search_path=" + schema_ + "'";
  }

  ~PostgresqlAdapter() {
    static_cast<void>(admin_->Write(("DROP SCHEMA " + schema_ + " CASCADE").c_str()));
  }

  PostgresqlAdapter(const PostgresqlAdapter&) = delete;
  PostgresqlAdapter& operator=(const PostgresqlAdapter&) = delete;

  aether::Result<std::unique_ptr<PostgresqlStore>> Open() { return PostgresqlStore::Open(conninfo_); }

  aether::Result<std::unique_ptr<PostgresqlStore>> OpenNamespace(std::string_view name) {
    if (name.empty()) return aether::StoreError::InvalidEvent("namespace", "is empty");
    return PostgresqlStore::Open(conninfo_, name);
  }

  aether::Result<std::string> Location() { return conninfo_; }
  static aether::Result<std::unique_ptr<PostgresqlStore>> OpenAt(std::string_view location) {
    return PostgresqlStore::Open(std::string(location));
  }

  // A row that is no event, and so has no version. A column of type text holds neither invalid UTF-8 nor
  // zero bytes.
  aether::Result<aether::Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) {
    if (!aether::IsValidUtf8(raw) || raw.find('\0') != raw.npos) return aether::Injection::Impossible();
    const auto rows =
        admin_->Write(("INSERT INTO " + schema_ +
                       ".events (namespace, actor_id, event) VALUES ('', $1, $2) RETURNING sequence")
                          .c_str(),
                      {Parameter::Bytes(actor_id), Parameter::Text(raw)});
    if (!rows) return rows.error();
    return aether::Injection{true, static_cast<std::uint64_t>(rows->Integer(0, 0))};
  }

 private:
  std::unique_ptr<Connection> admin_;
  std::string schema_;
  std::string conninfo_;
};

}  // namespace

AETHER_CONFORMANCE(postgresql, PostgresqlAdapter);
