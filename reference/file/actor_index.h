// Where each actor's records lie in the log. In memory, rebuilt at open; no payloads.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace aether::file {

// A record of an actor.
struct Position {
  std::int64_t version = 0;  // of a record without a version: that of the event before it
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;
};

// The actor's event records from some version on.
struct Positions {
  std::int64_t before = 0;  // the version of the event before the first of them; 0 if there is none
  std::vector<Position> events;
};

// What the index knows of one actor: stored records only, except for `accepted`.
class Actor {
 public:
  // `mutex` guards the positions, of this actor and of others.
  explicit Actor(std::mutex* mutex) : mutex_(*mutex) {}

  // The version of the last stored event.
  std::int64_t latest() const { return latest_.load(std::memory_order_acquire); }

  void AddEvent(const Position& position);

  // Keeps the position if its version is not below that of the snapshot it has.
  void AddSnapshot(const Position& position);

  // All of them for `from_version` <= 1, those of unknown version included.
  Positions EventsFrom(std::int64_t from_version) const;
  std::optional<Position> snapshot() const;

  // The version of the last event that was given a place in the log, stored already or not. Guarded by
  // the commit queue.
  std::int64_t accepted = 0;

 private:
  std::mutex& mutex_;
  std::atomic<std::int64_t> latest_ = 0;
  std::vector<Position> events_;
  Position snapshot_;  // none if it has no bytes
};

class ActorIndex {
 public:
  // Null for an actor that was never given to FindOrAdd(). Actors live as long as the index.
  Actor* Find(std::string_view actor_id);
  Actor& FindOrAdd(std::string_view actor_id);

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Actor, Hash, std::equal_to<>> actors;
  };

  Shard& ShardOf(std::string_view actor_id) { return shards_[Hash()(actor_id) % shards_.size()]; }

  std::array<Shard, 61> shards_;  // a prime: the maps use the same hash
};

}  // namespace aether::file
