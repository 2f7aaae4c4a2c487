// What the kit calls is public. A class is private unless it says otherwise.
// error: aether adapter: it needs `aether::Result<std::unique_ptr<S>> Open\(\)`, public

#include "aether/conformance/suite.h"

class Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};

AETHER_CONFORMANCE(my_store, Adapter);
