// ServerProcess: a server that ends with this process, whatever ends it.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace aether {

// A child process that is kept by a thread of its own: PR_SET_PDEATHSIG means the death of the thread that
// made the child, and ours must not die before it. It is killed with this object, and also when this
// process is killed.
class ServerProcess {
 public:
  // Runs `command`, a program's path and its arguments; what it says goes to the end of the file `log`.
  ServerProcess(std::vector<std::string> command, std::string log);
  ~ServerProcess();
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Also when it could not be started.
  bool HasEnded() const;

  // Does nothing when the process has ended: its pid may be somebody else's by then.
  void Signal(int signal);

  // Whether it has stopped after SIGSTOP, or has ended, within the limit: either takes some time.
  bool AwaitStopped(std::chrono::milliseconds limit) const;
  bool AwaitEnd(std::chrono::milliseconds limit);

 private:
  void Keep(std::vector<std::string> command, const std::string& log);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_ = -1;
  bool started_ = false;
  bool ended_ = false;
  std::thread keeper_;  // last: it uses the others
};

}  // namespace aether
