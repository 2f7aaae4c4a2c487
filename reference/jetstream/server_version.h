// The version of the connected server, which cnats does not tell.

#pragma once

#include <nats/nats.h>

#include <chrono>
#include <compare>
#include <string>

#include "aether/result.h"

namespace aether::jetstream {

struct ServerVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;

  friend auto operator<=>(const ServerVersion&, const ServerVersion&) = default;
};

std::string ToString(const ServerVersion& version);

// Asks the server that `connection` is connected to, over a connection of its own: a NATS server
// introduces itself before anything else is said. kUnavailable when it does not within `time_limit`, as
// a server does that begins with TLS.
Result<ServerVersion> AskServerVersion(natsConnection* connection, std::chrono::milliseconds time_limit);

// Reads "2.9.10" and "2.11.0-RC.1"; exposed for its test.
Result<ServerVersion> ParseServerVersion(std::string_view text);

}  // namespace aether::jetstream
