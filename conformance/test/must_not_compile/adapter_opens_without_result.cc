// Opening may fail, and a failure is a value.
// error: aether adapter: Open\(\) must answer aether::Result<std::unique_ptr<S>>

#include "aether/conformance/suite.h"

struct Adapter {
  std::unique_ptr<aether::EventStore> Open();
};

AETHER_CONFORMANCE(my_store, Adapter);
