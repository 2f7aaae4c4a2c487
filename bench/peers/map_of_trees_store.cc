// Trees in and trees out.

#include "map_of_trees_store.h"

#include <algorithm>
#include <utility>

namespace aether::peers {
namespace {

StoreError Closed() { return {ErrorCode::kClosed, "the handle is closed"}; }

// An application that uses such a store has the tree already, so that to parse the text is none of the
// store's cost: it is parsed once for all saves of the same data that follow each other in a thread.
// Null when the data have a number that no tree can hold.
const nlohmann::json* TreeOf(const JsonObject& data) {
  thread_local std::string text;
  thread_local nlohmann::json tree;
  if (text == data.text()) return &tree;
  text.clear();
  try {
    tree = data.ToJson();
  } catch (const nlohmann::json::out_of_range&) {
    return nullptr;
  }
  text = data.text();
  return &tree;
}

}  // namespace

Result<void> MapOfTreesStore::SaveEvent(const Event& event) {
  if (closed_) return Closed();
  if (auto valid = Validate(event); !valid) return valid;
  const nlohmann::json* const data = TreeOf(event.data);
  if (data == nullptr) return StoreError::InvalidEvent("data", "has a number that no double holds");
  const std::lock_guard lock(storage_->mutex);
  std::vector<TreeEvent>& events = storage_->actors[event.actor_id];
  const std::int64_t latest = events.empty() ? 0 : events.back().event.version;
  if (event.version <= latest) return StoreError::Conflict(event.actor_id, event.version, latest);
  events.push_back({event, *data});
  return {};
}

Result<std::vector<EventPtr>> MapOfTreesStore::GetEvents(std::string_view actor_id,
                                                         std::int64_t from_version) {
  if (closed_) return Closed();
  const std::lock_guard lock(storage_->mutex);
  std::vector<EventPtr> read;
  const auto actor = storage_->actors.find(std::string(actor_id));
  if (actor == storage_->actors.end()) return read;
  const auto first = std::lower_bound(
      actor->second.begin(), actor->second.end(), from_version,
      [](const TreeEvent& event, std::int64_t version) { return event.event.version < version; });
  for (auto event = first; event != actor->second.end(); ++event) {
    const auto copy = std::make_shared<const TreeEvent>(*event);
    read.emplace_back(copy, &copy->event);  // keeps the tree alive too
  }
  return read;
}

Result<std::int64_t> MapOfTreesStore::GetLatestVersion(std::string_view actor_id) {
  if (closed_) return Closed();
  const std::lock_guard lock(storage_->mutex);
  const auto actor = storage_->actors.find(std::string(actor_id));
  return actor == storage_->actors.end() || actor->second.empty() ? 0 : actor->second.back().event.version;
}

Result<void> MapOfTreesStore::Close() {
  closed_ = true;
  return {};
}

}  // namespace aether::peers
