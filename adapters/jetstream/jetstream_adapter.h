// JetStreamAdapter: JetStreamStore for the conformance kit and the benchmarks.

#pragma once

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/adapter.h"
#include "aether/jetstream_store.h"
#include "nats_server.h"

namespace aether {

// One adapter is one namespace on the server that this process shares; its streams are deleted with it.
class JetStreamAdapter {
 public:
  using Subject = JetStreamStore;

  JetStreamAdapter() {
    options_.store_namespace = UniqueName();
    options_.time_limit = kTimeLimit;
  }
  JetStreamAdapter(const JetStreamAdapter&) = delete;
  JetStreamAdapter& operator=(const JetStreamAdapter&) = delete;

  ~JetStreamAdapter() {
    for (const JetStreamOptions& options : opened_) DiscardStreams(options);
  }

  // Each handle has a connection of its own.
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

  // The server's URL and the namespace.
  Result<std::string> Location() {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    return (*server)->url() + " " + options_.store_namespace;
  }

  static Result<std::unique_ptr<JetStreamStore>> OpenAt(std::string_view location) {
    const std::size_t space = location.find(' ');
    JetStreamOptions options;
    options.urls = {std::string(location.substr(0, space))};
    options.store_namespace = location.substr(space + 1);
    return JetStreamStore::Open(options);
  }

  // A record without the headers of an event store, as anybody might publish on the actor's subject.
  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    const auto sequence = (*server)->Publish(JetStreamNames(options_).EventSubject(actor_id), raw);
    if (!sequence && sequence.error().code() == ErrorCode::kInvalidEvent) return Injection::Impossible();
    if (!sequence) return sequence.error();
    return Injection{true, *sequence};
  }

  int ServerCount() { return 1; }

  // The server's way to its clients is never cut.
  Result<bool> BreakServer(int, ServerFault fault) {
    if (fault == ServerFault::kCutOff) return false;
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    const auto broken = fault == ServerFault::kKill ? (*server)->Kill() : (*server)->Pause();
    if (!broken) return broken.error();
    return true;
  }

  Result<void> MendServers() {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    if (const auto resumed = (*server)->Resume(); !resumed) return resumed;
    return (*server)->Restart();
  }

 private:
  // Short, since rules wait for it while the server is paused.
  static constexpr std::chrono::milliseconds kTimeLimit{1000};

  static std::string UniqueName() {
    static std::atomic<int> count{0};
    return "kit-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
  }

  Result<std::unique_ptr<JetStreamStore>> OpenWith(JetStreamOptions options) {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    options.urls = {(*server)->url()};
    const auto is_same = [&](const JetStreamOptions& known) {
      return known.store_namespace == options.store_namespace;
    };
    if (std::none_of(opened_.begin(), opened_.end(), is_same)) opened_.push_back(options);
    return JetStreamStore::Open(options);
  }

  static void DiscardStreams(const JetStreamOptions& options) {
    const auto server = NatsServer::Shared();
    if (!server) return;
    const JetStreamNames names(options);
    // The mirror first: it follows the events. What fails here goes with the server's directory.
    for (const std::string& stream : {names.latest_stream, names.snapshots_stream, names.events_stream}) {
      (void)(*server)->DiscardStream(stream);
    }
  }

  JetStreamOptions options_;
  std::vector<JetStreamOptions> opened_;  // one of each namespace
};

static_assert(CheckAdapter<JetStreamAdapter>());

}  // namespace aether
