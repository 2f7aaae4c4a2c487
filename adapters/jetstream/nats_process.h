// NatsProcess: one nats-server as a child process, and where its program is.

#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

namespace aether {

// The program that `named` means, else $AETHER_NATS_SERVER, else `nats-server`: a path, or a name that is
// looked for in $PATH and where Debian keeps it. `path` is empty when there is no such program.
struct NatsProgram {
  std::string name;
  std::string path;

  static NatsProgram Find(const std::string& named = "");

  // As the program tells it, such as "2.10.27"; empty when it does not.
  std::string Version() const;
};

// A child process that is kept by a thread of its own: PR_SET_PDEATHSIG means the death of the thread that
// made the child, and ours must not die before it. It ends with this object, and also when this process is
// killed.
class NatsProcess {
 public:
  // Runs the program on the configuration file; what it says goes to the end of the file `log`.
  NatsProcess(const std::string& program, const std::filesystem::path& config,
              const std::filesystem::path& log);
  ~NatsProcess();
  NatsProcess(const NatsProcess&) = delete;
  NatsProcess& operator=(const NatsProcess&) = delete;

  pid_t pid() const { return pid_; }
  bool HasEnded() const;

  // Does nothing when the process has ended: its pid may be somebody else's by then.
  void Signal(int signal);

  // Whether it stopped after SIGSTOP, or ended, within the limit. SIGSTOP works some time after it was
  // sent.
  bool AwaitStopped(std::chrono::milliseconds limit) const;
  bool AwaitEnd(std::chrono::milliseconds limit);

 private:
  void Keep(const std::string& program, const std::string& config, const std::string& log);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_ = -1;
  bool started_ = false;
  bool ended_ = false;
  std::thread keeper_;  // last: it uses the others
};

}  // namespace aether
