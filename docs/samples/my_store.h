// A small store of somebody else's, to try the kit on: events in a map, behind one lock.

#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aether/event_store.h"

struct MyStorage {
  std::mutex mutex;
  std::map<std::string, std::vector<aether::EventPtr>, std::less<>> streams;
};

// A handle on `storage`, which outlives it.
class MyStore final : public aether::EventStore {
 public:
  explicit MyStore(MyStorage& storage) : storage_(storage) {}

  aether::Result<void> SaveEvent(const aether::Event& event) override {
    const std::lock_guard lock(storage_.mutex);
    if (closed_) return Closed();
    if (const auto valid = aether::Validate(event); !valid) return valid.error();
    const std::int64_t latest = LatestOf(event.actor_id);
    if (event.version <= latest) {
      return aether::StoreError::Conflict(event.actor_id, event.version, latest);
    }
    storage_.streams[event.actor_id].push_back(std::make_shared<const aether::Event>(event));
    return {};
  }

  aether::Result<std::vector<aether::EventPtr>> GetEvents(std::string_view actor_id,
                                                          std::int64_t from_version) override {
    const std::lock_guard lock(storage_.mutex);
    if (closed_) return Closed();
    std::vector<aether::EventPtr> events;
    if (const auto stream = storage_.streams.find(actor_id); stream != storage_.streams.end()) {
      for (const aether::EventPtr& event : stream->second) {
        if (event->version >= from_version) events.push_back(event);
      }
    }
    return events;
  }

  aether::Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    const std::lock_guard lock(storage_.mutex);
    if (closed_) return Closed();
    return LatestOf(actor_id);
  }

  aether::Result<void> Close() override {
    const std::lock_guard lock(storage_.mutex);
    if (closed_) return Closed();
    closed_ = true;
    return {};
  }

 private:
  static aether::StoreError Closed() { return {aether::ErrorCode::kClosed, "the handle is closed"}; }

  std::int64_t LatestOf(std::string_view actor_id) const {
    const auto stream = storage_.streams.find(actor_id);
    return stream == storage_.streams.end() ? 0 : stream->second.back()->version;
  }

  MyStorage& storage_;
  bool closed_ = false;
};
