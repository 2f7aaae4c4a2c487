// Starting a child, signalling it, waiting for its end.

#include "nats_process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <sstream>

namespace aether {
namespace {

constexpr std::chrono::milliseconds kPoll{2};

std::string FindInPath(const std::string& program) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string::npos) return runs(program) ? program : "";
  const char* path = ::getenv("PATH");
  std::istringstream directories(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (const std::string full = directory + "/" + program; !directory.empty() && runs(full)) return full;
  }
  return "";
}

}  // namespace

NatsProgram NatsProgram::Find(const std::string& named) {
  const char* other = ::getenv("AETHER_NATS_SERVER");
  NatsProgram program{named, ""};
  if (program.name.empty()) program.name = other != nullptr && *other != '\0' ? other : "nats-server";
  program.path = FindInPath(program.name);
  return program;
}

// nats-server: v2.10.27
std::string NatsProgram::Version() const {
  int out[2];
  if (path.empty() || ::pipe2(out, O_CLOEXEC) != 0) return "";
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::execl(path.c_str(), path.c_str(), "--version", nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  std::string text;
  std::array<char, 256> buffer;
  for (ssize_t size; pid > 0 && (size = ::read(out[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(out[0]);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  const std::size_t v = text.rfind(": v");
  if (v == std::string::npos) return "";
  return text.substr(v + 3, text.find_first_of(" \n", v + 3) - v - 3);
}

NatsProcess::NatsProcess(const std::string& program, const std::filesystem::path& config,
                         const std::filesystem::path& log)
    : keeper_(
          [this, program, config = config.string(), log = log.string()] { Keep(program, config, log); }) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return started_; });
}

NatsProcess::~NatsProcess() {
  Signal(SIGKILL);
  keeper_.join();
}

bool NatsProcess::HasEnded() const {
  const std::lock_guard lock(mutex_);
  return ended_;
}

void NatsProcess::Signal(int signal) {
  const std::lock_guard lock(mutex_);
  if (!ended_ && pid_ > 0) ::kill(pid_, signal);
}

bool NatsProcess::AwaitStopped(std::chrono::milliseconds limit) const {
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

bool NatsProcess::AwaitEnd(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return ended_; });
}

void NatsProcess::Keep(const std::string& program, const std::string& config, const std::string& log) {
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    // Only what is safe after a fork among threads.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execl(program.c_str(), program.c_str(), "-c", config.c_str(), nullptr);
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
