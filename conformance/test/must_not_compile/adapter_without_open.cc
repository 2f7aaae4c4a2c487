// An adapter has to open a store.
// error: aether adapter: it needs `aether::Result<std::unique_ptr<S>> Open\(\)`

#include "aether/conformance/suite.h"

struct Adapter {};

AETHER_CONFORMANCE(my_store, Adapter);
