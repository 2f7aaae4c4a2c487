// JetStreamAdapter: JetStreamStore for the conformance kit and the benchmarks.

#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "aether/adapter.h"
#include "aether/jetstream_store.h"
#include "nats_backend.h"

namespace aether {

// One adapter is one namespace on the server or cluster that this process shares; its streams are deleted with it.
class JetStreamAdapter {
 public:
  using Subject = JetStreamStore;

  JetStreamAdapter() : options_(OptionsOf(NatsSetup::FromEnvironment())) {
    options_.store_namespace = UniqueName();
  }
  JetStreamAdapter(const JetStreamAdapter&) = delete;
  JetStreamAdapter& operator=(const JetStreamAdapter&) = delete;

  ~JetStreamAdapter() {
    for (const JetStreamOptions& options : opened_) DiscardStreams(options);
  }

  // Each handle has a connection of its own; in a cluster, to another server than the one before.
  Result<std::unique_ptr<JetStreamStore>> Open() { return OpenWith(options_); }

  Result<std::unique_ptr<JetStreamStore>> OpenNamespace(std::string_view name) {
    JetStreamOptions options = options_;
    // Open() has the part before the slash; no namespace can have that name.
    options.store_namespace += "/" + std::string(name);
    return OpenWith(options);
  }

  Result<std::unique_ptr<JetStreamStore>> OpenWithRetention(std::chrono::milliseconds age) {
    options_.max_age = age;
    return Open();
  }

  // The namespace and the servers' URLs.
  Result<std::string> Location() {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    std::string location = options_.store_namespace;
    for (const std::string& url : (*backend)->urls()) location += " " + url;
    return location;
  }

  static Result<std::unique_ptr<JetStreamStore>> OpenAt(std::string_view location) {
    JetStreamOptions options = OptionsOf(NatsSetup::FromEnvironment());
    std::istringstream words{std::string(location)};
    words >> options.store_namespace;
    options.urls.clear();
    for (std::string url; words >> url;) options.urls.push_back(url);
    return JetStreamStore::Open(options);
  }

  // A record without the headers of an event store, as anybody might publish on the actor's subject.
  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    const auto sequence = (*backend)->Publish(JetStreamNames(options_).EventSubject(actor_id), raw);
    if (!sequence && sequence.error().code() == ErrorCode::kInvalidEvent) return Injection::Impossible();
    if (!sequence) return sequence.error();
    return Injection{true, *sequence};
  }

  int ServerCount() {
    const auto backend = NatsBackend::Shared();
    return backend ? (*backend)->ServerCount() : 1;
  }

  Result<bool> BreakServer(int server, ServerFault fault) {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    return (*backend)->BreakServer(server, fault);
  }

  Result<void> MendServers() {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    return (*backend)->MendServers();
  }

  // All actors of a storage are in one stream.
  Result<int> LeaderOf(std::string_view /*actor_id*/) {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    return (*backend)->LeaderOf(JetStreamNames(options_).events_stream);
  }

 private:
  // Short, since rules wait for it while the server is paused. A cluster needs more time, to agree on a leader.
  static constexpr std::chrono::milliseconds kTimeLimit{1000};
  static constexpr std::chrono::milliseconds kClusterTimeLimit{5000};

  static std::string UniqueName() {
    static std::atomic<int> count{0};
    return "kit-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  static JetStreamOptions OptionsOf(const NatsSetup& setup) {
    JetStreamOptions options;
    options.time_limit = setup.servers == 1 ? kTimeLimit : kClusterTimeLimit;
    options.replicas = setup.servers;
    options.allow_unsafe_replicas = setup.allow_unsafe_replicas;
    return options;
  }

  Result<std::unique_ptr<JetStreamStore>> OpenWith(JetStreamOptions options) {
    const auto backend = NatsBackend::Shared();
    if (!backend) return backend.error();
    options.urls = (*backend)->urls();
    const auto is_same = [&](const JetStreamOptions& known) {
      return known.store_namespace == options.store_namespace;
    };
    if (std::none_of(opened_.begin(), opened_.end(), is_same)) opened_.push_back(options);
    return JetStreamStore::Open(options);
  }

  static void DiscardStreams(const JetStreamOptions& options) {
    const auto backend = NatsBackend::Shared();
    if (!backend) return;
    const JetStreamNames names(options);
    // The mirror first: it follows the events. What fails here goes with the server's directory.
    for (const std::string& stream : {names.latest_stream, names.snapshots_stream, names.events_stream}) {
      (void)(*backend)->DiscardStream(stream);
    }
  }

  JetStreamOptions options_;
  std::vector<JetStreamOptions> opened_;  // one of each namespace
};

static_assert(CheckAdapter<JetStreamAdapter>());

}  // namespace aether
