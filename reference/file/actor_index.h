// Where each actor's records lie in the log. In memory; no payloads.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "checkpoint.h"
#include "position_list.h"

namespace aether::file {

// What the index knows of one actor of which records were added since the log was opened: stored records
// only, except for `accepted`.
class Actor {
 public:
  // Goes on where `stored`, in the checkpoint, ends. `mutex` guards the positions, of this actor and of
  // others.
  Actor(std::mutex* mutex, const StoredActor& stored)
      : accepted(stored.events.last.version),
        stored_(stored.events.count == 0 ? nullptr : new PositionListView(stored.events)),
        mutex_(*mutex),
        latest_(stored.events.last.version),
        events_(stored.events.last),
        snapshot_(stored.snapshot) {}

  // The version of the last stored event.
  std::int64_t latest() const { return latest_.load(std::memory_order_acquire); }

  void AddEvent(const Position& position);

  // Keeps the position if its version is not below that of the snapshot it has.
  void AddSnapshot(const Position& position);

  std::optional<Position> snapshot() const;

  // What the checkpoint has of it.
  PositionListView stored() const { return stored_ ? *stored_ : PositionListView(); }

  // How many events were added, the block of them in which `from_version` would be, and a block.
  std::uint64_t added() const;
  std::size_t BlockOf(std::int64_t from_version) const;
  void ReadBlock(std::size_t index, PositionBlock* block) const;

  // Whether anything was added to what the checkpoint has.
  bool changed() const;

  // Adds it to a checkpoint.
  void AddTo(std::string_view actor_id, CheckpointBuilder* builder) const;

  // The version of the last event that was given a place in the log, stored already or not. Guarded by
  // the commit queue.
  std::int64_t accepted;

 private:
  const std::unique_ptr<const PositionListView> stored_;  // null if there is nothing: most have little
  std::mutex& mutex_;
  std::atomic<std::int64_t> latest_;
  PositionList events_;
  Position snapshot_;  // none if it has no bytes
  bool changed_ = false;
};

// The events of an actor from some version on, those of unknown version included for `from_version` <= 1;
// block by block, so that the index is never locked for long. Events that are added meanwhile are left out.
class EventPositions {
 public:
  // `added` is null if nothing was added to what is stored.
  EventPositions(const PositionListView& stored, const Actor* added, std::int64_t from_version);

  // How many there may be left.
  std::uint64_t left() const;

  // False: there are no more.
  bool Next(PositionBlock* block);

 private:
  const PositionListView stored_;
  const Actor* const added_;
  const std::int64_t from_version_;
  std::size_t next_stored_ = 0;  // blocks
  std::uint64_t next_added_ = 0;
  std::uint64_t added_count_ = 0;  // events
};

// The checkpoint, and what was added to it. Thread-safe, except where it says something else.
class ActorIndex {
 public:
  // Before anything else.
  void SetCheckpoint(Checkpoint checkpoint) { checkpoint_.emplace(std::move(checkpoint)); }

  // For an actor that nobody knows: no events, version 0, no snapshot.
  EventPositions EventsFrom(std::string_view actor_id, std::int64_t from_version) const;
  std::int64_t Latest(std::string_view actor_id) const;
  std::optional<Position> Snapshot(std::string_view actor_id) const;

  // The actor, for adding records. Actors live as long as the index.
  Actor& FindOrAdd(std::string_view actor_id);

  // All of it as a file. Not while records are added.
  std::string Encode(std::uint64_t log_id, const CheckpointRange& range) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Actor, Hash, std::equal_to<>> actors;
  };

  Shard& ShardOf(std::string_view actor_id) const { return shards_[Hash()(actor_id) % kShards]; }

  static std::vector<std::pair<std::string_view, const Actor*>> ActorsOf(Shard& shard);

  // Null for an actor that was never given to FindOrAdd().
  const Actor* Find(std::string_view actor_id) const;
  StoredActor FindStored(std::string_view actor_id) const;

  static constexpr std::size_t kShards = 61;  // a prime: the maps use the same hash

  std::optional<Checkpoint> checkpoint_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace aether::file
