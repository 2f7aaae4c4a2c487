// What an adapter opens has to be an event store.
// error: aether adapter: what Open\(\) gives a handle on must derive publicly from aether::EventStore

#include "aether/conformance/suite.h"

struct Store {};

struct Adapter {
  aether::Result<std::unique_ptr<Store>> Open() { return std::make_unique<Store>(); }
};

AETHER_CONFORMANCE(my_store, Adapter);
