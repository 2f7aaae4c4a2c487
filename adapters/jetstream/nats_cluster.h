// NatsCluster: a private cluster of nats-servers on 127.0.0.1, whose servers can be killed, paused and cut
// off.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/result.h"
#include "nats_admin.h"
#include "nats_server.h"
#include "relay.h"

namespace aether {

// A port that refuses connections, and that nobody else gets.
class ClosedPort {
 public:
  ClosedPort();  // throws std::runtime_error
  ~ClosedPort();
  ClosedPort(const ClosedPort&) = delete;
  ClosedPort& operator=(const ClosedPort&) = delete;

  int port() const { return port_; }

 private:
  int socket_;
  int port_ = 0;
};

struct NatsClusterOptions {
  int servers = 3;

  // As NatsServerOptions has them, for each server.
  std::string binary;
  std::string jetstream_config;
};

// The servers have JetStream, ports that were free, and their files in temporary directories of their own.
// They end with this object, and also when this process is killed. All their connections, from clients and
// among each other, run through a relay, so that a server can be cut off from everything while it runs on.
//
// Servers are numbered from 0. Faults are for one thread at a time; all threads may ask for urls() and use
// admin().
class NatsCluster {
 public:
  // Starts the servers, and waits until they have made a replicated stream. Errors as NatsServer::Start has
  // them, and kUnavailable when the servers do not come together.
  static Result<std::unique_ptr<NatsCluster>> Start(const NatsClusterOptions& options = {});

  ~NatsCluster();
  NatsCluster(const NatsCluster&) = delete;
  NatsCluster& operator=(const NatsCluster&) = delete;

  int size() const { return static_cast<int>(servers_.size()); }

  // Of all servers, beginning with that of this number (counted on over the end). They never change.
  std::vector<std::string> urls(int first = 0) const;

  Result<void> Kill(int server);    // SIGKILL; its files stay
  Result<void> Pause(int server);   // SIGSTOP: its connections stay open, and nothing is answered
  Result<void> CutOff(int server);  // its connections, also to the other servers, pass nothing any more

  // All servers run, connected, on the files they had. Answers when they are started, not when they serve.
  Result<void> Mend();

  // The server that leads the stream now. kUnavailable when none does.
  Result<int> LeaderOf(const std::string& stream);

  // Waits until a new stream can be replicated. kUnavailable when that takes too long.
  Result<void> AwaitService();

  NatsAdmin& admin() { return *admin_; }

 private:
  explicit NatsCluster(const NatsClusterOptions& options);

  NatsServerOptions OptionsOf(int server, const NatsClusterOptions& options) const;
  int ClientLink(int server) const { return server; }
  int RouteLink(int from, int to) const { return count_ * (1 + from) + to; }
  void SetPorts(int server, int client_port, int route_port);
  void SetCut(int server, bool cut);

  const int count_;
  Relay relay_;
  ClosedPort nowhere_;
  std::vector<std::unique_ptr<NatsServer>> servers_;
  std::unique_ptr<NatsAdmin> admin_;
};

}  // namespace aether
