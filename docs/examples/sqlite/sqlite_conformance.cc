// The SQLite store against the contract.

#include <sqlite3.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "aether/conformance/suite.h"
#include "sqlite_store.h"

namespace {

// A database in a directory of its own.
class SqliteAdapter {
 public:
  using Subject = SqliteStore;

  SqliteAdapter() {
    const char* const scratch = std::getenv("AETHER_SCRATCH");
    const std::filesystem::path root = scratch ? scratch : std::filesystem::temp_directory_path();
    std::string name = (root / "sqlite-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(),
                              "cannot make a directory in " + root.string());
    }
    directory_ = name;
  }

  ~SqliteAdapter() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  SqliteAdapter(const SqliteAdapter&) = delete;
  SqliteAdapter& operator=(const SqliteAdapter&) = delete;

  aether::Result<std::unique_ptr<SqliteStore>> Open() { return SqliteStore::Open(File()); }

  aether::Result<std::unique_ptr<SqliteStore>> OpenNamespace(std::string_view name) {
    if (name.empty()) return aether::StoreError::InvalidEvent("namespace", "is empty");
    return SqliteStore::Open(File(), name);
  }

  aether::Result<std::string> Location() { return File().string(); }
  static aether::Result<std::unique_ptr<SqliteStore>> OpenAt(std::string_view location) {
    return SqliteStore::Open(std::filesystem::path(location));
  }

  // A row that is no event, and so has no version.
  aether::Result<aether::Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) {
    sqlite3* database = nullptr;
    sqlite3_stmt* statement = nullptr;
    int code = sqlite3_open(File().c_str(), &database);
    sqlite3_busy_timeout(database, 10'000);
    if (code == SQLITE_OK) {
      code = sqlite3_prepare_v2(database,
                                "INSERT INTO events (namespace, actor_id, event) VALUES (x'', ?1, ?2)", -1,
                                &statement, nullptr);
    }
    if (code == SQLITE_OK) {
      sqlite3_bind_blob64(statement, 1, actor_id.data(), actor_id.size(), SQLITE_STATIC);
      sqlite3_bind_text64(statement, 2, raw.empty() ? "" : raw.data(), raw.size(), SQLITE_STATIC,
                          SQLITE_UTF8);
      code = sqlite3_step(statement);
    }
    const aether::StoreError failed(aether::ErrorCode::kStorageFailed, sqlite3_errmsg(database));
    const auto sequence = static_cast<std::uint64_t>(sqlite3_last_insert_rowid(database));
    sqlite3_finalize(statement);
    sqlite3_close(database);
    if (code != SQLITE_DONE) return failed;
    return aether::Injection{true, sequence};
  }

 private:
  std::filesystem::path File() const { return directory_ / "events.db"; }

  std::filesystem::path directory_;
};

}  // namespace

AETHER_CONFORMANCE(sqlite, SqliteAdapter);
