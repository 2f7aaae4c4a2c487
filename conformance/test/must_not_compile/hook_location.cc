// The two halves of the way in from another process belong together.
// error: aether adapter: another process needs both

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  aether::Result<std::string> Location();
};

AETHER_CONFORMANCE(my_store, Adapter);
