// The wire form: events, snapshots and notices as JSON text, the same in every language.
//
// spec/wire.md has the prose, spec/*.schema.json the schemas, spec/vectors the golden vectors.

#pragma once

#include <string>
#include <string_view>

#include "aether/event.h"

namespace aether {

// The event as one JSON object, keys in the order id, eventType, actorId, commandId, version, data,
// metadata, timestamp; commandId and metadata are left out when empty. `data` goes in as it is
// spelled. kInvalidEvent when Validate(event) says so.
Result<std::string> EncodeEvent(const Event& event);

// As EncodeEvent for an event that has passed Validate(), appended to `out`.
void AppendEvent(const Event& event, std::string* out);

// The event in `json`, one JSON object in UTF-8. Unknown keys are skipped, keys may come in any order,
// `data`, `metadata` and `commandId` may be null, any UTC offset is read. kCorrupt, with a text that
// names the key at fault, for anything else: this is the cause in a ReplayError.
Result<Event> DecodeEvent(std::string_view json);

Result<std::string> EncodeSnapshot(const ActorSnapshot& snapshot);
Result<ActorSnapshot> DecodeSnapshot(std::string_view json);

}  // namespace aether
