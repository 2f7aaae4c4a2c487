// NatsBackend: the server, or the cluster, on which the stores of this process are tried.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/adapter.h"
#include "aether/result.h"
#include "nats_cluster.h"
#include "nats_server.h"

namespace aether {

// What the environment asks for. Other processes of the same run inherit it.
struct NatsSetup {
  // $AETHER_NATS_CLUSTER: how many servers, on which streams have as many replicas. Unset: one server.
  int servers = 1;

  // $AETHER_NATS_UNSAFE_REPLICAS, if not empty: also where the server is known to store one version twice.
  bool allow_unsafe_replicas = false;

  // $AETHER_NATS_SYNC: the server's `sync_interval`, such as "always". Empty: the server's own.
  std::string sync_interval;

  static NatsSetup FromEnvironment();

  // For NatsServerOptions::jetstream_config.
  std::string JetStreamConfig() const;

  // What reports say of it, such as "nats-server 2.10.27, 3 servers, 3 replicas". Runs the program once.
  std::string Words() const;

  // What a command line has to begin with to ask for the same again; empty, or with a space at its end.
  std::string CommandPrefix() const;
};

// Faults are for one thread at a time; the rest is for all.
class NatsBackend {
 public:
  // The one of this process, started when first asked for. The pointer stays good.
  static Result<NatsBackend*> Shared();

  // Of all servers, each time beginning with another one.
  std::vector<std::string> urls();

  const NatsSetup& setup() const { return setup_; }

  // As NatsAdmin has them.
  Result<std::uint64_t> Publish(const std::string& subject, std::string_view data);
  Result<void> DiscardStream(const std::string& stream);

  // As the hook of the same names: BreaksServers. A single server cannot be cut off.
  int ServerCount() const { return cluster_ ? cluster_->size() : 1; }
  Result<bool> BreakServer(int server, ServerFault fault);
  Result<void> MendServers();

  // The server that leads the stream now. kUnavailable when none does.
  Result<int> LeaderOf(const std::string& stream);

 private:
  NatsBackend() = default;
  static Result<std::unique_ptr<NatsBackend>> Start();

  NatsSetup setup_;
  NatsServer* server_ = nullptr;  // either this one
  std::unique_ptr<NatsCluster> cluster_;
  std::atomic<int> turn_{0};
};

}  // namespace aether
