// Starting a server, and its keeper.

#include "server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace aether::peers {

ServerProcess::ServerProcess(std::vector<std::string> command, std::string log)
    : keeper_([this, command = std::move(command), log = std::move(log)] { Keep(command, log); }) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
}

ServerProcess::~ServerProcess() {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) ::kill(pid_, SIGKILL);
  }
  keeper_.join();
}

bool ServerProcess::HasEnded() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

// PR_SET_PDEATHSIG means the death of the thread that made the child: this one stays until the child ends.
void ServerProcess::Keep(std::vector<std::string> command, const std::string& log) {
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Only what is safe after a fork among threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  {
    const std::lock_guard lock(mutex_);
    pid_ = pid;
    started_ = true;
    ended_ = pid < 0;
  }
  changed_.notify_all();
  if (pid < 0) return;
  // Waits without reaping, so that the pid is the server's until `ended_` is set.
  siginfo_t info;
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  ::waitpid(pid, nullptr, 0);
  ended_ = true;
}

}  // namespace aether::peers
