// ServerProcess: a server that ends with this process, whatever ends it.

#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aether::peers {

// Runs `command`, a program's path and its arguments, with its output at the end of the file `log`. Killed
// when the object is destroyed or this process dies.
class ServerProcess {
 public:
  ServerProcess(std::vector<std::string> command, std::string log);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  // Also when it could not be started.
  bool HasEnded() const;

 private:
  void Keep(std::vector<std::string> command, const std::string& log);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  int pid_ = -1;
  bool started_ = false;
  bool ended_ = false;
  std::thread keeper_;  // last: it uses the others
};

}  // namespace aether::peers
