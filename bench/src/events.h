// The events that are saved: alike in size and shape to what applications store.

#pragma once

#include <cstdint>
#include <string>

#include "aether/event.h"

namespace aether::bench {

// An event of 444 bytes in the wire form, as long as the version has one digit: an id of 36 characters, an
// object of about 200 bytes with strings, numbers and an array, three pairs of metadata, a time to the
// nanosecond.
Event MakeEvent(const std::string& actor_id, std::int64_t version);

// As MakeEvent(), with a payload that makes the wire form `bytes` long, version of one digit again. `bytes`
// >= 256.
Event MakeEventOfSize(const std::string& actor_id, std::int64_t version, std::size_t bytes);

// Makes `event` the next one of its actor: the version after `version`, and an id that no other event has.
void MakeNext(std::int64_t version, Event* event);

// actor-000017
std::string ActorName(std::int64_t number);

}  // namespace aether::bench
