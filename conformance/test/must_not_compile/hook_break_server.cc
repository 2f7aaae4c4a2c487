// The three hooks for servers belong together.
// error: aether adapter: servers need

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  aether::Result<bool> BreakServer(int server, aether::ServerFault fault);
};

AETHER_CONFORMANCE(my_store, Adapter);
