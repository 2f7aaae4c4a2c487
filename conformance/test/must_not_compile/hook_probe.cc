// A hook of another signature is not passed over in silence.
// error: aether adapter: Probe must be

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  aether::Capabilities Probe();
};

AETHER_CONFORMANCE(my_store, Adapter);
