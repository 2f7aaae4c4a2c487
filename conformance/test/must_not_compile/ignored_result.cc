// Whether a save was stored cannot be left unasked.
// error: ignoring return.*nodiscard

#include "aether/event_store.h"

#pragma GCC diagnostic error "-Wunused-result"

void Use(aether::EventStore& store, const aether::Event& event) { store.SaveEvent(event); }
