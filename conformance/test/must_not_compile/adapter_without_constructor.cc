// The kit makes adapters by itself.
// error: aether adapter: it needs a public default constructor

#include "aether/conformance/suite.h"

struct Adapter {
  explicit Adapter(int port);
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};

AETHER_CONFORMANCE(my_store, Adapter);
