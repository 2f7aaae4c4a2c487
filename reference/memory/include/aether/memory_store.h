// MemoryStore: the reference store that keeps everything in memory.

#pragma once

#include <memory>

#include "aether/event_store.h"

namespace aether {

// Lives as long as its handles; nothing survives the last one. Actors are spread over shards with a lock
// each, so writers of different actors seldom meet. Reading hands out the stored events themselves,
// shared and never changed: a replay copies pointers, no events.
//
// It offers everything of the contract but malformed records, which it cannot hold: it stores events,
// not bytes, so GetEventsWithErrors never has errors.
class MemoryStore final : public EventStoreWithErrors, public SnapshotStore, public EventNotifier {
 public:
  // A handle on a new, empty storage.
  MemoryStore();
  ~MemoryStore() override;
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  // A second, independent handle on the same storage. The handle may have been closed.
  std::unique_ptr<MemoryStore> Share() const;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;

  // Waits, in the subscription's destructor and in Close(), for a callback that is running.
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;
  Result<void> Close() override;

 private:
  class Storage;
  struct Handle;

  explicit MemoryStore(std::shared_ptr<Storage> storage);

  std::shared_ptr<Storage> storage_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace aether
