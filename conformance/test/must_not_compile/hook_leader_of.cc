// A server is told by its number.
// error: aether adapter: LeaderOf must be

#include "aether/conformance/suite.h"

struct Adapter {
  aether::Result<std::unique_ptr<aether::EventStore>> Open();
  int ServerCount();
  aether::Result<bool> BreakServer(int server, aether::ServerFault fault);
  aether::Result<void> MendServers();
  aether::Result<std::string> LeaderOf(std::string_view actor_id);
};

AETHER_CONFORMANCE(my_store, Adapter);
