// An event that was read cannot be changed.
// error: (read-only object|returns a const value)
// error: discards qualifiers|not marked const
// errors: 2

#include "aether/event_store.h"

void Use(const std::vector<aether::EventPtr>& events) {
  events[0]->version = 2;
  events[0]->metadata.SetUserId("somebody else");
}
