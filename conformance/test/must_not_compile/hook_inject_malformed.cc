// A hook of another signature is not passed over in silence.
// error: aether adapter: InjectMalformed must be

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  bool InjectMalformed(std::string_view actor_id, std::string_view raw);
};

AETHER_CONFORMANCE(my_store, Adapter);
