// SqliteStore: an Aether event store in one SQLite database file.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aether/event_store.h"

struct sqlite3;

// A handle on a database: one connection, which its threads use one after the other. Any number of handles,
// also in other processes, may have the same file open.
//
// Durability: the database is in WAL mode with synchronous=FULL. When SaveEvent returns without an error
// the event is in the write-ahead log and the log was synced; a killed process or a lost machine does not
// undo it.
//
// Append-only: triggers in the database refuse to change or remove an event, whoever asks.
class SqliteStore final : public aether::EventStoreWithErrors,
                          public aether::SnapshotStore,
                          public aether::EventNotifier {
 public:
  // Opens the database, and makes it where there is none. Each namespace is a store of its own; the empty
  // name is that of the store without one. kUnavailable when others keep it locked, kStorageFailed when it
  // cannot be opened, kCorrupt when it is no database.
  static aether::Result<std::unique_ptr<SqliteStore>> Open(const std::filesystem::path& file,
                                                           std::string_view name_space = "");
  ~SqliteStore() override;

  // kUnavailable when another process kept the database locked for ten seconds.
  aether::Result<void> SaveEvent(const aether::Event& event) override;
  aether::Result<std::vector<aether::EventPtr>> GetEvents(std::string_view actor_id,
                                                          std::int64_t from_version) override;
  // Sequence numbers are those of the table's rows.
  aether::Result<aether::ReplayResult> GetEventsWithErrors(std::string_view actor_id,
                                                           std::int64_t from_version) override;
  aether::Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;

  aether::Result<void> SaveSnapshot(const aether::ActorSnapshot& snapshot) override;
  aether::Result<std::optional<aether::ActorSnapshot>> GetLatestSnapshot(
      std::string_view actor_id) override;

  // Notices come from a thread and a connection of the subscription's own, which looks for new rows every
  // few milliseconds: SQLite does not tell one process of the writes of another.
  aether::Result<std::unique_ptr<aether::Subscription>> Subscribe(
      aether::EventStoredCallback callback) override;

  aether::Result<void> Close() override;

 private:
  class Feed;
  struct CloseDatabase {
    void operator()(sqlite3* database) const;
  };
  using Database = std::unique_ptr<sqlite3, CloseDatabase>;

  SqliteStore(std::filesystem::path file, std::string_view name_space, Database database);

  static aether::Result<Database> Connect(const std::filesystem::path& file);
  aether::Result<std::int64_t> LatestVersion(std::string_view actor_id);  // mutex_ is held

  const std::filesystem::path file_;
  const std::string namespace_;
  std::mutex mutex_;   // guards what follows
  Database database_;  // none: closed
  std::vector<std::weak_ptr<Feed>> feeds_;
};
