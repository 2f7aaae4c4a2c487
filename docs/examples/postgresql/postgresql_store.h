// PostgresqlStore: an Aether event store in a PostgreSQL database.

#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aether/event_store.h"
#include "connection.h"

// A handle on the tables `events` and `snapshots` of a database: one connection, which its threads use one
// after the other, and which is made again when it was lost. Any number of handles, anywhere, may use the
// same tables.
//
// Durability: when SaveEvent returns without an error, the transaction is committed with synchronous_commit
// on: it is in the server's write-ahead log, and on disk as the server is configured (fsync).
//
// Append-only: triggers in the database refuse to change or remove an event, whoever asks.
class PostgresqlStore final : public aether::EventStoreWithErrors,
                              public aether::SnapshotStore,
                              public aether::EventNotifier {
 public:
  // Connects with `conninfo`, as libpq takes it, and makes the tables in the first schema of the search
  // path where there are none. Each namespace is a store of its own; the empty name is that of the store
  // without one. kUnavailable when there is no server.
  static aether::Result<std::unique_ptr<PostgresqlStore>> Open(const std::string& conninfo,
                                                               std::string_view name_space = "");
  ~PostgresqlStore() override;

  // kOutcomeUnknown when the connection was lost, or no answer came for twenty seconds.
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

  // Notices come from a thread and a connection of the subscription's own. When that connection is lost it
  // is made again, and nothing is left out.
  aether::Result<std::unique_ptr<aether::Subscription>> Subscribe(
      aether::EventStoredCallback callback) override;

  aether::Result<void> Close() override;

 private:
  class Feed;
  class FeedSubscription;

  PostgresqlStore(std::string conninfo, std::string_view name_space,
                  std::unique_ptr<Connection> connection);

  aether::Result<std::int64_t> LatestVersion(std::string_view actor_id);  // mutex_ is held

  const std::string conninfo_;
  const std::string namespace_;
  std::mutex mutex_;                        // guards what follows
  std::unique_ptr<Connection> connection_;  // none: closed
  std::vector<std::weak_ptr<Feed>> feeds_;
};
