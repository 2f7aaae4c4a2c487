// The interface has nothing that deletes.
// error: no member named .DeleteEvent
// error: no member named .Purge
// errors: 2

#include "aether/event_store.h"

void Use(aether::EventStore& store) {
  store.DeleteEvent("a-1", 1);
  store.Purge();
}
