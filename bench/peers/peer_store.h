// PeerStore and PeerAdapter: the same face for every peer, so that they differ in their engines only.
//
// An engine keeps texts:
//
//     class Engine {
//      public:
//       using Storage = ...;  // made from Commits, has location(), discards what is there when destroyed
//       static Result<std::shared_ptr<Engine>> Open(const std::string& location, Commits commits);
//       // Appends if `version` is above the actor's latest, in one step; kVersionConflict otherwise.
//       Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text);
//       Result<void> Read(std::string_view actor_id, std::int64_t from_version, const Visitor& visit);
//       Result<std::int64_t> Latest(std::string_view actor_id);
//     };
//
// All its methods may be called from any thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aether/adapter.h"
#include "aether/wire.h"
#include "commits.h"

namespace aether::peers {

using Visitor = std::function<void(std::string_view text)>;

// Events in their wire form, by our own encoder and decoder.
template <typename Engine>
class PeerStore final : public EventStore {
 public:
  explicit PeerStore(std::shared_ptr<Engine> engine) : engine_(std::move(engine)) {}

  Result<void> SaveEvent(const Event& event) override {
    const auto call = Enter();
    if (!call) return Closed();
    if (auto valid = Validate(event); !valid) return valid;
    std::string text;
    AppendEvent(event, &text);
    return engine_->Save(event.actor_id, event.version, text);
  }

  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    const auto call = Enter();
    if (!call) return Closed();
    std::vector<EventPtr> events;
    const auto read = engine_->Read(actor_id, from_version, [&](std::string_view text) {
      if (auto event = DecodeEvent(text))
        events.push_back(std::make_shared<const Event>(*std::move(event)));
    });
    if (!read) return read.error();
    return events;
  }

  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    const auto call = Enter();
    if (!call) return Closed();
    return engine_->Latest(actor_id);
  }

  Result<void> Close() override {
    closed_ = true;
    const std::lock_guard lock(mutex_);
    engine_.reset();
    return {};
  }

 private:
  static StoreError Closed() { return {ErrorCode::kClosed, "the handle is closed"}; }

  // Holds the lock unless the handle is closed. The flag lets Close() in: the lock prefers those who share.
  std::shared_lock<std::shared_mutex> Enter() {
    if (closed_) return {};
    std::shared_lock lock(mutex_);
    if (!engine_) lock.unlock();
    return lock;
  }

  std::atomic<bool> closed_ = false;
  std::shared_mutex mutex_;  // guards engine_
  std::shared_ptr<Engine> engine_;
};

// Handles in one process share the engine, as an application would.
template <typename Engine, Commits kCommits>
class PeerAdapter {
 public:
  using Subject = PeerStore<Engine>;

  Result<std::unique_ptr<Subject>> Open() {
    auto engine = engine_.lock();
    if (!engine) {
      auto opened = Engine::Open(storage_.location(), kCommits);
      if (!opened) return opened.error();
      engine = *std::move(opened);
      engine_ = engine;
    }
    return std::make_unique<Subject>(std::move(engine));
  }

  // For the benchmarks, where the location is no directory.
  Result<std::uint64_t> BytesOnDisk() requires requires(typename Engine::Storage& storage) {
    storage.BytesOnDisk();
  }
  { return storage_.BytesOnDisk(); }

  Result<std::string> Location() { return storage_.location(); }
  static Result<std::unique_ptr<Subject>> OpenAt(std::string_view location) {
    auto engine = Engine::Open(std::string(location), kCommits);
    if (!engine) return engine.error();
    return std::make_unique<Subject>(*std::move(engine));
  }

 private:
  typename Engine::Storage storage_{kCommits};
  std::weak_ptr<Engine> engine_;
};

}  // namespace aether::peers
