// A hook of another signature is not passed over in silence.
// error: aether adapter: OpenWithRetention must take std::chrono::milliseconds

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  aether::Result<std::unique_ptr<aether::EventStore>> OpenWithRetention(int seconds);
};

AETHER_CONFORMANCE(my_store, Adapter);
