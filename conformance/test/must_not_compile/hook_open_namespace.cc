// A hook of another signature is not passed over in silence.
// error: aether adapter: OpenNamespace must take a std::string_view

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  aether::Result<std::unique_ptr<aether::EventStore>> OpenNamespace(int number);
};

AETHER_CONFORMANCE(my_store, Adapter);
