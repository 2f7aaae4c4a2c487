// NatsServer: a private nats-server process for tests, conformance runs and benchmarks.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "aether/result.h"
#include "nats_admin.h"
#include "nats_program.h"
#include "server_process.h"

namespace aether {

struct NatsServerOptions {
  // The program; empty: what $AETHER_NATS_SERVER names, else `nats-server`.
  std::string binary{};

  // Added to the configuration file, in NATS' own syntax: `authorization { token: "x" }`.
  std::string config{};

  // What url() begins with: "nats" or "tls".
  std::string scheme = "nats";

  // Added to the `jetstream` block of it: `sync_interval: always`.
  std::string jetstream_config{};

  // By which the servers of a cluster know each other.
  std::string name = "aether";

  // Whether Restart() takes the port that it had. Another process may have it by then.
  bool keep_port = true;
};

// A server with JetStream on 127.0.0.1, on a port that was free, with its files in a temporary directory of
// its own. It ends with this object, and also when this process is killed. Starting, ending and pausing are
// for one thread at a time; all threads may ask for url() and use the administration at the end.
class NatsServer {
 public:
  // Starts a server and waits until it answers. kNotFound when there is no such program (the text says what
  // to install), kUnavailable with the end of the server's log when it does not start.
  static Result<std::unique_ptr<NatsServer>> Start(const NatsServerOptions& options = {});

  // One server for the whole process, as NatsSetup says, started when first asked for. The pointer stays
  // good.
  static Result<NatsServer*> Shared();

  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  const std::string& url() const { return url_; }
  int port() const { return port_; }
  int cluster_port() const {
    return cluster_port_;
  }  // -1 when the configuration has no cluster; changes with Restart()
  const std::filesystem::path& directory() const { return directory_; }

  Result<void> Stop();     // ends it politely; its files stay
  Result<void> Kill();     // SIGKILL; its files stay
  Result<void> Restart();  // starts it again after Stop() or Kill(), on the same files
  Result<void> Pause();    // SIGSTOP: connections stay open, nothing is answered
  Result<void> Resume();

  // The end of what the server has logged.
  std::string LogTail() const;

  // Administration behind a store's back, as NatsAdmin does it.
  Result<std::uint64_t> Publish(const std::string& subject, std::string_view data);
  Result<void> DiscardStream(const std::string& stream);

 private:
  NatsServer(NatsServerOptions options, std::filesystem::path directory);

  Result<void> Launch();
  Result<void> WriteConfig() const;
  Result<void> AwaitPorts();
  Result<NatsAdmin*> GetAdmin();

  const NatsServerOptions options_;
  const std::filesystem::path directory_;
  int port_ = -1;  // -1: the server picks one
  std::string url_;
  int cluster_port_ = -1;
  std::unique_ptr<ServerProcess> process_;
  std::mutex admin_mutex_;  // guards admin_ while it is made
  std::unique_ptr<NatsAdmin> admin_;
};

}  // namespace aether
