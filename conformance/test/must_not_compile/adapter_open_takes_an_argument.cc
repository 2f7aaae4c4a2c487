// The kit has nothing to tell Open().
// error: aether adapter: it needs `aether::Result<std::unique_ptr<S>> Open\(\)`, public

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open(int port);
};

AETHER_CONFORMANCE(my_store, Adapter);
