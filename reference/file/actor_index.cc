// The index of actors.

#include "actor_index.h"

#include <algorithm>

namespace aether::file {

void Actor::AddEvent(const Position& position) {
  std::lock_guard lock(mutex_);
  // Half as much again, not twice: the index has to stay small.
  if (events_.size() == events_.capacity()) events_.reserve(events_.size() + events_.size() / 2 + 1);
  events_.push_back(position);
  latest_.store(position.version, std::memory_order_release);
}

void Actor::AddSnapshot(const Position& position) {
  std::lock_guard lock(mutex_);
  if (snapshot_.bytes == 0 || position.version >= snapshot_.version) snapshot_ = position;
}

Positions Actor::EventsFrom(std::int64_t from_version) const {
  std::lock_guard lock(mutex_);
  auto begin = events_.begin();
  if (from_version > 1) {
    begin = std::lower_bound(events_.begin(), events_.end(), from_version,
                             [](const Position& p, std::int64_t version) { return p.version < version; });
  }
  return {begin == events_.begin() ? 0 : std::prev(begin)->version, {begin, events_.end()}};
}

std::optional<Position> Actor::snapshot() const {
  std::lock_guard lock(mutex_);
  if (snapshot_.bytes == 0) return std::nullopt;
  return snapshot_;
}

Actor* ActorIndex::Find(std::string_view actor_id) {
  Shard& shard = ShardOf(actor_id);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.actors.find(actor_id);
  return found == shard.actors.end() ? nullptr : &found->second;
}

Actor& ActorIndex::FindOrAdd(std::string_view actor_id) {
  Shard& shard = ShardOf(actor_id);
  std::lock_guard lock(shard.mutex);
  const auto found = shard.actors.find(actor_id);
  if (found != shard.actors.end()) return found->second;
  return shard.actors.emplace(actor_id, &shard.mutex).first->second;
}

}  // namespace aether::file
