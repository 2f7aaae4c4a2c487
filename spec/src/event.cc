// What a store takes, and the text of a replay error.

#include "aether/event.h"

#include <initializer_list>

namespace aether {
namespace {

// Each answers what is wrong, or null.

const char* TextFault(std::string_view text) { return IsValidUtf8(text) ? nullptr : "is not UTF-8"; }

const char* NameFault(std::string_view text) {
  return text.empty() ? "must not be empty" : TextFault(text);
}

const char* PayloadFault(const JsonObject& payload) {
  // A JsonObject is valid by its making; only one that was moved from has no text.
  return payload.text().empty() ? "was moved away" : nullptr;
}

const char* MetadataFault(const Metadata& metadata) {
  for (const auto& [key, value] : metadata) {
    if (!IsValidUtf8(key)) return "a key is not UTF-8";
    if (!IsValidUtf8(value)) return "a value is not UTF-8";
  }
  return nullptr;
}

const char* TimestampFault(const Timestamp& timestamp) {
  return timestamp.InRange() ? nullptr : "is outside the years 0001 to 9999";
}

struct Checked {
  const char* field;
  const char* fault;
};

Result<void> FirstFault(std::initializer_list<Checked> fields) {
  for (const auto& [field, fault] : fields) {
    if (fault != nullptr) return StoreError::InvalidEvent(field, fault);
  }
  return {};
}

}  // namespace

std::string ReplayError::Message() const {
  return "failed to unmarshal event at sequence " + std::to_string(sequence_number) + ": " + cause;
}

Result<void> Validate(const Event& event) {
  return FirstFault({{"id", NameFault(event.id)},
                     {"eventType", NameFault(event.event_type)},
                     {"actorId", NameFault(event.actor_id)},
                     {"commandId", TextFault(event.command_id)},
                     {"data", PayloadFault(event.data)},
                     {"metadata", MetadataFault(event.metadata)},
                     {"timestamp", TimestampFault(event.timestamp)}});
}

Result<void> Validate(const ActorSnapshot& snapshot) {
  return FirstFault({{"actorId", NameFault(snapshot.actor_id)},
                     {"state", PayloadFault(snapshot.state)},
                     {"timestamp", TimestampFault(snapshot.timestamp)}});
}

}  // namespace aether
