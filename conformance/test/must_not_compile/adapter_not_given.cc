// The macro takes a name too.
// error: AETHER_CONFORMANCE\(name, adapter\): it takes a name and the adapter's class
// errors: 4

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};

AETHER_CONFORMANCE(Adapter);
