// An adapter that AETHER_CONFORMANCE is not told of.

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};
