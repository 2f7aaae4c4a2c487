// Starting a child, signalling it, waiting for its end.

#include "server_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace aether {
namespace {

constexpr std::chrono::milliseconds kPoll{2};

}  // namespace

ServerProcess::ServerProcess(std::vector<std::string> command, std::string log)
    : keeper_([this, command = std::move(command), log = std::move(log)] { Keep(command, log); }) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
}

ServerProcess::~ServerProcess() {
  Signal(SIGKILL);
  keeper_.join();
}

bool ServerProcess::HasEnded() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void ServerProcess::Signal(int signal) {
  const std::lock_guard lock(mutex_);
  if (!ended_ && pid_ > 0) ::kill(pid_, signal);
}

bool ServerProcess::AwaitStopped(std::chrono::milliseconds limit) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG) == 0 && info.si_pid == pid_) {
      return true;
    }
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
}

bool ServerProcess::AwaitEnd(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return ended_; });
}

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
  // Waits without reaping, so that the pid is ours until `ended_` is set.
  siginfo_t info;
  while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  ::waitpid(pid, nullptr, 0);
  ended_ = true;
  changed_.notify_all();
}

}  // namespace aether
