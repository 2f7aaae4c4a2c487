// MapOfTreesStore: the yardstick, a store in memory as people write it.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "aether/adapter.h"
#include "aether/event_store.h"

namespace aether::peers {

// A map from actors to their events, whose data are trees, behind one mutex. Events are copied with their
// trees on the way in, under the lock, and on the way out. For nothing but comparison: memory only.
class MapOfTreesStore final : public EventStore {
 public:
  // An event with its data as the application would hold them. The text stays in the event, since the
  // contract wants it back.
  struct TreeEvent {
    Event event;
    nlohmann::json data;
  };

  struct Storage {
    std::mutex mutex;  // guards what follows
    std::unordered_map<std::string, std::vector<TreeEvent>> actors;
  };

  explicit MapOfTreesStore(std::shared_ptr<Storage> storage) : storage_(std::move(storage)) {}

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<void> Close() override;

 private:
  std::atomic<bool> closed_ = false;
  const std::shared_ptr<Storage> storage_;
};

class MapOfTreesAdapter {
 public:
  using Subject = MapOfTreesStore;

  Result<std::unique_ptr<MapOfTreesStore>> Open() { return std::make_unique<MapOfTreesStore>(storage_); }

 private:
  std::shared_ptr<MapOfTreesStore::Storage> storage_ = std::make_shared<MapOfTreesStore::Storage>();
};

}  // namespace aether::peers
