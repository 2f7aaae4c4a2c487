// A slip of the pen in the macro costs no page of errors.
// error: Adaptr.*did you mean 'Adapter'
// errors: 6

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
};

AETHER_CONFORMANCE(my_store, Adaptr);
