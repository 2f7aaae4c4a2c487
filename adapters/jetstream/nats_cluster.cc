// Each server's configuration, and the links between them.

#include "nats_cluster.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <thread>

namespace aether {
namespace {

using Clock = std::chrono::steady_clock;

// A cluster chooses its first leader within seconds; on a busy machine it takes several rounds.
constexpr std::chrono::seconds kServiceLimit{30};
constexpr std::chrono::milliseconds kPause{50};
const std::string kNamePrefix = "server-";

std::string Quoted(const std::string& scheme, int port) {
  return "\"" + scheme + "127.0.0.1:" + std::to_string(port) + "\"";
}

}  // namespace

ClosedPort::ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    ::close(socket_);
    throw std::runtime_error("no free port on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
}

ClosedPort::~ClosedPort() { ::close(socket_); }

// A link for the clients of each server, and one from each server to each; that from a server to itself is
// not used.
NatsCluster::NatsCluster(const NatsClusterOptions& options)
    : count_(options.servers), relay_(options.servers * (options.servers + 1)) {}

NatsCluster::~NatsCluster() = default;

Result<std::unique_ptr<NatsCluster>> NatsCluster::Start(const NatsClusterOptions& options) try {
  std::unique_ptr<NatsCluster> cluster(new NatsCluster(options));
  for (int server = 0; server < options.servers; ++server) {
    auto started = NatsServer::Start(cluster->OptionsOf(server, options));
    if (!started) return started.error();
    cluster->SetPorts(server, (*started)->port(), (*started)->cluster_port());
    cluster->servers_.push_back(*std::move(started));
  }
  auto admin = NatsAdmin::Connect(cluster->urls());
  if (!admin) return admin.error();
  cluster->admin_ = *std::move(admin);
  if (const auto serves = cluster->AwaitService(); !serves) return serves.error();
  return cluster;
} catch (const std::runtime_error& error) {
  return StoreError(ErrorCode::kUnavailable, std::string("cannot start a cluster: ") + error.what());
}

// Servers connect to what others tell of themselves, besides what they are configured to: they would find a
// way around the relay, were they not told of a port that leads nowhere.
NatsServerOptions NatsCluster::OptionsOf(int server, const NatsClusterOptions& options) const {
  std::string routes;
  for (int other = 0; other < count_; ++other) {
    if (other != server) routes += Quoted("nats-route://", relay_.port(RouteLink(server, other))) + ", ";
  }
  NatsServerOptions own;
  own.binary = options.binary;
  own.jetstream_config = options.jetstream_config;
  own.name = kNamePrefix + std::to_string(server);
  own.keep_port = false;
  own.config =
      "cluster {\n  name: aether\n  listen: \"127.0.0.1:-1\"\n  no_advertise: true\n  advertise: " +
      Quoted("", nowhere_.port()) + "\n  routes: [ " + routes + "]\n}\n";
  return own;
}

std::vector<std::string> NatsCluster::urls(int first) const {
  std::vector<std::string> urls;
  for (int i = 0; i < count_; ++i) {
    const int server = (first + i) % count_;
    urls.push_back("nats://127.0.0.1:" + std::to_string(relay_.port(ClientLink(server))));
  }
  return urls;
}

// It listens at other ports after each start, and those that it had may be somebody else's.
void NatsCluster::SetPorts(int server, int client_port, int route_port) {
  relay_.SetTarget(ClientLink(server), client_port);
  for (int other = 0; other < count_; ++other) {
    if (other != server) relay_.SetTarget(RouteLink(other, server), route_port);
  }
}

Result<void> NatsCluster::Kill(int server) {
  SetPorts(server, 0, 0);
  return servers_[static_cast<std::size_t>(server)]->Kill();
}

Result<void> NatsCluster::Pause(int server) { return servers_[static_cast<std::size_t>(server)]->Pause(); }

Result<void> NatsCluster::CutOff(int server) {
  SetCut(server, true);
  return {};
}

void NatsCluster::SetCut(int server, bool cut) {
  const auto set = [&](int link) { cut ? relay_.Cut(link) : relay_.Mend(link); };
  set(ClientLink(server));
  for (int other = 0; other < count_; ++other) {
    set(RouteLink(server, other));
    set(RouteLink(other, server));
  }
}

Result<void> NatsCluster::Mend() {
  for (int server = 0; server < count_; ++server) SetCut(server, false);
  Result<void> all;  // one that cannot be mended keeps none of the others away
  for (int server = 0; server < count_; ++server) {
    NatsServer& mended = *servers_[static_cast<std::size_t>(server)];
    auto done = mended.Resume();
    if (done) done = mended.Restart();
    if (done) SetPorts(server, mended.port(), mended.cluster_port());
    if (all && !done) all = done;
  }
  return all;
}

Result<int> NatsCluster::LeaderOf(const std::string& stream) {
  const auto name = admin_->LeaderOf(stream);
  if (!name) return name.error();
  for (int server = 0; server < count_; ++server) {
    if (*name == kNamePrefix + std::to_string(server)) return server;
  }
  return StoreError(ErrorCode::kUnavailable, "stream " + stream + " is led by a strange server: " + *name);
}

Result<void> NatsCluster::AwaitService() {
  const auto deadline = Clock::now() + kServiceLimit;
  const std::string stream = "SERVICE";
  for (;;) {
    const auto made = admin_->MakeStream(stream, count_);
    if (made) return admin_->DiscardStream(stream);
    if (Clock::now() >= deadline) {
      std::string why = made.error().message();
      for (const auto& server : servers_) why += "\n" + server->LogTail();
      return StoreError(ErrorCode::kUnavailable, why);
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace aether
