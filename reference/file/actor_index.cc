// The index of actors.

#include "actor_index.h"

#include <algorithm>

namespace aether::file {

void Actor::AddEvent(const Position& position) {
  std::lock_guard lock(mutex_);
  events_.Append(position);
  changed_ = true;
  latest_.store(position.version, std::memory_order_release);
}

void Actor::AddSnapshot(const Position& position) {
  std::lock_guard lock(mutex_);
  if (snapshot_.bytes != 0 && position.version < snapshot_.version) return;
  snapshot_ = position;
  changed_ = true;
}

std::optional<Position> Actor::snapshot() const {
  std::lock_guard lock(mutex_);
  if (snapshot_.bytes == 0) return std::nullopt;
  return snapshot_;
}

std::uint64_t Actor::added() const {
  std::lock_guard lock(mutex_);
  return events_.view().count;
}

std::size_t Actor::BlockOf(std::int64_t from_version) const {
  std::lock_guard lock(mutex_);
  return events_.view().BlockOf(from_version);
}

void Actor::ReadBlock(std::size_t index, PositionBlock* block) const {
  std::array<char, kMaxBlockBytes> bytes;
  std::size_t size = 0;
  ListState start;
  {
    std::lock_guard lock(mutex_);
    size = events_.view().BytesOf(index, &start).copy(bytes.data(), bytes.size());
  }
  DecodeBlock({bytes.data(), size}, start, block);
}

bool Actor::changed() const {
  std::lock_guard lock(mutex_);
  return changed_;
}

void Actor::AddTo(std::string_view actor_id, CheckpointBuilder* builder) const {
  PositionList events(stored());
  PositionBlock block;
  const std::uint64_t count = added();
  for (std::size_t i = 0; i * kBlockEvents < count; ++i) {
    ReadBlock(i, &block);
    for (std::size_t k = 0; k < block.count; ++k) events.Append(block.positions[k]);
  }
  builder->Add(actor_id, events.view(), snapshot().value_or(Position()));
}

EventPositions::EventPositions(const PositionListView& stored, const Actor* added,
                               std::int64_t from_version)
    : stored_(stored), added_(added), from_version_(from_version) {
  const std::size_t stored_blocks = stored_.blocks();
  const bool skips_stored = from_version > 1 && stored_.last.version < from_version;
  if (skips_stored) {
    next_stored_ = stored_blocks;
  } else if (from_version > 1) {
    next_stored_ = stored_.BlockOf(from_version);
  }
  if (!added_) return;
  added_count_ = added_->added();
  if (skips_stored && added_count_ > 0) next_added_ = added_->BlockOf(from_version) * kBlockEvents;
}

std::uint64_t EventPositions::left() const {
  return stored_.count - std::min<std::uint64_t>(stored_.count, next_stored_ * kBlockEvents) +
         added_count_ - next_added_;
}

bool EventPositions::Next(PositionBlock* block) {
  if (next_stored_ < stored_.blocks()) {
    ListState start;
    const auto bytes = stored_.BytesOf(next_stored_++, &start);
    DecodeBlock(bytes, start, block);
  } else if (next_added_ < added_count_) {
    added_->ReadBlock(next_added_ / kBlockEvents, block);
    block->count = std::min<std::size_t>(block->count, added_count_ - next_added_);
    next_added_ += block->count;
  } else {
    return false;
  }
  if (from_version_ > 1) block->DropBelow(from_version_);
  return true;
}

const Actor* ActorIndex::Find(std::string_view actor_id) const {
  Shard& shard = ShardOf(actor_id);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.actors.find(actor_id);
  return found == shard.actors.end() ? nullptr : &found->second;
}

StoredActor ActorIndex::FindStored(std::string_view actor_id) const {
  return checkpoint_ ? checkpoint_->Find(actor_id).value_or(StoredActor()) : StoredActor();
}

EventPositions ActorIndex::EventsFrom(std::string_view actor_id, std::int64_t from_version) const {
  const Actor* const actor = Find(actor_id);
  return {actor ? actor->stored() : FindStored(actor_id).events, actor, from_version};
}

std::int64_t ActorIndex::Latest(std::string_view actor_id) const {
  const Actor* const actor = Find(actor_id);
  return actor ? actor->latest() : FindStored(actor_id).events.last.version;
}

std::optional<Position> ActorIndex::Snapshot(std::string_view actor_id) const {
  if (const Actor* const actor = Find(actor_id)) return actor->snapshot();
  const Position snapshot = FindStored(actor_id).snapshot;
  if (snapshot.bytes == 0) return std::nullopt;
  return snapshot;
}

Actor& ActorIndex::FindOrAdd(std::string_view actor_id) {
  Shard& shard = ShardOf(actor_id);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.actors.find(actor_id);
  if (found != shard.actors.end()) return found->second;
  return shard.actors
      .emplace(std::piecewise_construct, std::forward_as_tuple(actor_id),
               std::forward_as_tuple(&shard.mutex, FindStored(actor_id)))
      .first->second;
}

std::vector<std::pair<std::string_view, const Actor*>> ActorIndex::ActorsOf(Shard& shard) {
  std::lock_guard lock(shard.mutex);
  std::vector<std::pair<std::string_view, const Actor*>> actors;
  actors.reserve(shard.actors.size());
  for (const auto& [actor_id, actor] : shard.actors) actors.emplace_back(actor_id, &actor);
  return actors;
}

std::string ActorIndex::Encode(std::uint64_t log_id, const CheckpointRange& range) const {
  CheckpointBuilder builder(log_id);
  if (checkpoint_) {
    checkpoint_->ForEach([&](std::string_view actor_id, const StoredActor& stored) {
      const Actor* const actor = Find(actor_id);
      if (!actor || !actor->changed()) builder.Add(actor_id, stored.events, stored.snapshot);
    });
  }
  // Actors that are looked up for the first time meanwhile have not changed.
  for (Shard& shard : shards_) {
    for (const auto& [actor_id, actor] : ActorsOf(shard)) {
      if (actor->changed()) actor->AddTo(actor_id, &builder);
    }
  }
  return builder.Finish(range);
}

}  // namespace aether::file
