// What is asked for by the environment, and started when it is needed.

#include "nats_backend.h"

#include <stdlib.h>

#include <charconv>

namespace aether {
namespace {

std::string Variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

NatsSetup NatsSetup::FromEnvironment() {
  NatsSetup setup;
  const std::string servers = Variable("AETHER_NATS_CLUSTER");
  (void)std::from_chars(servers.data(), servers.data() + servers.size(), setup.servers);
  setup.allow_unsafe_replicas = !Variable("AETHER_NATS_UNSAFE_REPLICAS").empty();
  setup.sync_interval = Variable("AETHER_NATS_SYNC");
  return setup;
}

std::string NatsSetup::JetStreamConfig() const {
  return sync_interval.empty() ? "" : "sync_interval: " + sync_interval;
}

std::string NatsSetup::Words() const {
  const std::string version = NatsProgram::Find().Version();
  std::string words = "nats-server " + (version.empty() ? "of unknown version" : version);
  if (servers > 1)
    words += ", " + std::to_string(servers) + " servers, " + std::to_string(servers) + " replicas";
  if (servers > 1 && allow_unsafe_replicas) words += " (allow_unsafe_replicas)";
  if (!sync_interval.empty()) words += ", sync_interval " + sync_interval;
  return words;
}

std::string NatsSetup::CommandPrefix() const {
  std::string prefix;
  for (const char* name :
       {"AETHER_NATS_SERVER", "AETHER_NATS_CLUSTER", "AETHER_NATS_UNSAFE_REPLICAS", "AETHER_NATS_SYNC"}) {
    if (const std::string value = Variable(name); !value.empty()) prefix += name + ("='" + value + "' ");
  }
  return prefix;
}

Result<NatsBackend*> NatsBackend::Shared() {
  static const Result<std::unique_ptr<NatsBackend>> kShared = Start();
  if (!kShared) return kShared.error();
  return kShared->get();
}

Result<std::unique_ptr<NatsBackend>> NatsBackend::Start() {
  std::unique_ptr<NatsBackend> backend(new NatsBackend);
  backend->setup_ = NatsSetup::FromEnvironment();
  if (backend->setup_.servers == 1) {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    backend->server_ = *server;
    return backend;
  }
  NatsClusterOptions options;
  options.servers = backend->setup_.servers;
  options.jetstream_config = backend->setup_.JetStreamConfig();
  auto cluster = NatsCluster::Start(options);
  if (!cluster) return cluster.error();
  backend->cluster_ = *std::move(cluster);
  return backend;
}

std::vector<std::string> NatsBackend::urls() {
  if (!cluster_) return {server_->url()};
  return cluster_->urls(turn_++ % cluster_->size());
}

Result<std::uint64_t> NatsBackend::Publish(const std::string& subject, std::string_view data) {
  return cluster_ ? cluster_->admin().Publish(subject, data) : server_->Publish(subject, data);
}

Result<bool> NatsBackend::BreakServer(int server, ServerFault fault) {
  if (!cluster_ && fault == ServerFault::kCutOff) return false;
  Result<void> broken;
  switch (fault) {
    case ServerFault::kKill:
      broken = cluster_ ? cluster_->Kill(server) : server_->Kill();
      break;
    case ServerFault::kPause:
      broken = cluster_ ? cluster_->Pause(server) : server_->Pause();
      break;
    case ServerFault::kCutOff:
      broken = cluster_->CutOff(server);
      break;
  }
  if (!broken) return broken.error();
  return true;
}

Result<void> NatsBackend::MendServers() {
  if (cluster_) return cluster_->Mend();
  if (const auto resumed = server_->Resume(); !resumed) return resumed;
  return server_->Restart();
}

Result<int> NatsBackend::LeaderOf(const std::string& stream) {
  return cluster_ ? cluster_->LeaderOf(stream) : 0;
}

Result<void> NatsBackend::DiscardStream(const std::string& stream) {
  return cluster_ ? cluster_->admin().DiscardStream(stream) : server_->DiscardStream(stream);
}

}  // namespace aether
