// One program judges one store.
// error: redefinition of .*kExactlyOne_AETHER_CONFORMANCE_AtGlobalScope
// errors: 2

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};

AETHER_CONFORMANCE(my_store, Adapter);
AETHER_CONFORMANCE(other_store, Adapter);
