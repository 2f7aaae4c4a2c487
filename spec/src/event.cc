// What a store takes, and the text of a replay error.

#include "aether/event.h"

namespace aether {
namespace {

Result<void> CheckText(std::string_view field, std::string_view text) {
  if (!IsValidUtf8(text)) return StoreError::InvalidEvent(field, "is not UTF-8");
  return {};
}

Result<void> CheckName(std::string_view field, std::string_view text) {
  if (text.empty()) return StoreError::InvalidEvent(field, "must not be empty");
  return CheckText(field, text);
}

Result<void> CheckPayload(std::string_view field, const JsonObject& payload) {
  // A JsonObject is valid by its making; only one that was moved from has no text.
  if (payload.text().empty()) return StoreError::InvalidEvent(field, "was moved away");
  return {};
}

Result<void> CheckMetadata(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (!IsValidUtf8(key)) return StoreError::InvalidEvent("metadata", "a key is not UTF-8");
    if (!IsValidUtf8(value)) return StoreError::InvalidEvent("metadata", "a value is not UTF-8");
  }
  return {};
}

Result<void> CheckTimestamp(const Timestamp& timestamp) {
  if (!timestamp.InRange()) {
    return StoreError::InvalidEvent("timestamp", "is outside the years 0001 to 9999");
  }
  return {};
}

}  // namespace

std::string ReplayError::Message() const {
  return "failed to unmarshal event at sequence " + std::to_string(sequence_number) + ": " + cause;
}

Result<void> Validate(const Event& event) {
  if (auto checked = CheckName("id", event.id); !checked) return checked;
  if (auto checked = CheckName("eventType", event.event_type); !checked) return checked;
  if (auto checked = CheckName("actorId", event.actor_id); !checked) return checked;
  if (auto checked = CheckText("commandId", event.command_id); !checked) return checked;
  if (auto checked = CheckPayload("data", event.data); !checked) return checked;
  if (auto checked = CheckMetadata(event.metadata); !checked) return checked;
  return CheckTimestamp(event.timestamp);
}

Result<void> Validate(const ActorSnapshot& snapshot) {
  if (auto checked = CheckName("actorId", snapshot.actor_id); !checked) return checked;
  if (auto checked = CheckPayload("state", snapshot.state); !checked) return checked;
  return CheckTimestamp(snapshot.timestamp);
}

}  // namespace aether
