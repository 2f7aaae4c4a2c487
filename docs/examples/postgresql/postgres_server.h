// PostgresServer: a private PostgreSQL server for a test.

#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "aether/result.h"

// A server with a new cluster in a temporary directory, reached by a Unix socket there and by nothing else.
// It ends with this object, and also when this process is killed.
class PostgresServer {
 public:
  // Makes a cluster, starts the server and waits until it answers: seconds. Its programs are those in
  // $AETHER_POSTGRESQL_BIN, else of the newest version in /usr/lib/postgresql. kNotFound when there are
  // none, kUnavailable with the end of the log when it does not start. `settings` are parameters of the
  // server, such as "shared_buffers=64MB".
  static aether::Result<std::unique_ptr<PostgresServer>> Start(
      const std::vector<std::string>& settings = {});

  // One server for the whole process, started when first asked for. The pointer stays good.
  static aether::Result<PostgresServer*> Shared();

  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // For libpq; more of it may be appended. A superuser in an empty database.
  std::string conninfo() const { return "host=" + directory_.string() + " user=aether dbname=postgres"; }

 private:
  explicit PostgresServer(std::filesystem::path directory);

  aether::Result<void> Launch(const std::filesystem::path& programs,
                              const std::vector<std::string>& settings);
  void Keep(const std::vector<std::string>& command);
  aether::StoreError DidNot(const std::string& what) const;
  std::string Log() const { return (directory_ / "log").string(); }

  const std::filesystem::path directory_;
  std::mutex mutex_;  // guards the next two
  std::condition_variable changed_;
  int pid_ = 0;  // of the server, while it is there
  bool ended_ = false;
  std::thread keeper_;
};
