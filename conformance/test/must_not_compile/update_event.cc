// The interface has nothing that changes what is stored.
// error: no member named .UpdateEvent
// error: no member named .Overwrite
// errors: 2

#include "aether/event_store.h"

void Use(aether::EventStore& store, const aether::Event& event) {
  store.UpdateEvent(event);
  store.Overwrite(event);
}
