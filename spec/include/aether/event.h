// The things a store keeps and hands out: Event, ActorSnapshot, the EventStored notice, ReplayResult.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aether/json.h"
#include "aether/metadata.h"
#include "aether/result.h"
#include "aether/timestamp.h"

namespace aether {

// One fact about one actor. A plain value until it is saved; stores hand it out as EventPtr, which
// nobody can change.
struct Event {
  std::string id;          // unique per event, not empty
  std::string event_type;  // not empty
  std::string actor_id;    // the stream that the event belongs to, not empty
  std::string command_id;  // the command that caused it; may be empty
  std::int64_t version = 0;
  JsonObject data;
  Metadata metadata;
  Timestamp timestamp;

  friend bool operator==(const Event&, const Event&) = default;
};

// An event as a store hands it out: shared, never changed, safe to read from any thread, alive as long as
// somebody holds it, the store closed or not. (IMM-08)
using EventPtr = std::shared_ptr<const Event>;

// The state of an actor as of one version, kept to shorten replay. Not an event: a later snapshot takes
// its place.
struct ActorSnapshot {
  std::string actor_id;
  std::int64_t version = 0;
  JsonObject state;
  Timestamp timestamp;

  friend bool operator==(const ActorSnapshot&, const ActorSnapshot&) = default;
};

// The notice that an event has been persisted.
struct EventStored {
  static constexpr const char* kEventType = "EventStored";

  std::string event_id;
  std::string actor_id;
  std::int64_t version = 0;
  Timestamp timestamp;  // the stored event's own

  static EventStored Of(const Event& event) {
    return {event.id, event.actor_id, event.version, event.timestamp};
  }

  friend bool operator==(const EventStored&, const EventStored&) = default;
};

// A stored record that could not be read as an event.
struct ReplayError {
  std::uint64_t sequence_number = 0;  // 0: not available here; else unique and rising in an answer
  std::string raw_data;               // the record's bytes; empty where the record itself is gone
  std::string cause;                  // for people

  // failed to unmarshal event at sequence 17: <cause>
  std::string Message() const;

  friend bool operator==(const ReplayError&, const ReplayError&) = default;
};

struct ReplayResult {
  std::vector<EventPtr> events;     // those that could be read, ascending by version
  std::vector<ReplayError> errors;  // those that could not, ascending by sequence number

  bool HasErrors() const { return !errors.empty(); }
};

// Whether a store may take `event` at all: ids and type not empty, text valid UTF-8, the timestamp in
// range. kInvalidEvent naming the first field at fault otherwise. The version is not looked at: a
// version that is too low is a conflict. (INV-01 to INV-04)
Result<void> Validate(const Event& event);
Result<void> Validate(const ActorSnapshot& snapshot);

}  // namespace aether
