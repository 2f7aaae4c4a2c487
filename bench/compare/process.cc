// A program that is talked to in lines.

#include "process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "interrupts.h"

namespace aether::bench::compare {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::chrono::seconds kTimeToEnd{20};  // a store with a server stops it first

std::runtime_error SystemError(const char* what) {
  return std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

std::string LastLines(const std::filesystem::path& file, std::size_t most) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > most) lines.erase(lines.begin());
  }
  std::string text;
  for (const std::string& line : lines) text += "\n    " + line;
  return text;
}

}  // namespace

Process::Process(const std::vector<std::string>& command, const std::filesystem::path& errors)
    : errors_(errors) {
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0) throw SystemError("pipe");
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    throw SystemError("pipe");
  }
  pid_ = fork();
  if (pid_ == 0) Exec(command, in[0], out[1]);
  close(in[0]);
  close(out[1]);
  input_ = in[1];
  output_ = out[0];
  if (pid_ < 0) {
    CloseInput();
    close(output_);
    throw SystemError("fork");
  }
  setpgid(pid_, pid_);  // here as well, so that it is one before anybody signals it
}

Process::~Process() {
  if (pid_ > 0) {
    trouble_ = "abandoned";
    (void)End();
  }
  CloseInput();
  close(output_);
}

void Process::Exec(std::vector<std::string> command, int in, int out) const {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  if (!errors_.empty()) {
    const int errors = open(errors_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(errors, STDERR_FILENO);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_DFL);
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], std::strerror(errno));
  _exit(127);
}

void Process::CloseInput() {
  if (input_ >= 0) close(input_);
  input_ = -1;
}

void Process::Write(const std::string& line) {
  const std::string text = line + "\n";
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = write(input_, text.data() + sent, text.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

std::optional<std::string> Process::ReadLine(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (true) {
    if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      return line;
    }
    if (buffer_.size() > kLongestLine) {
      trouble_ = "was ended since it wrote a line without end";
      return std::nullopt;
    }
    if (conformance::Interrupted()) throw std::runtime_error("interrupted");
    if (Clock::now() > deadline) {
      trouble_ = "was ended since it did not answer within " +
                 std::to_string(std::chrono::duration_cast<std::chrono::seconds>(limit).count()) + " s";
      return std::nullopt;
    }
    pollfd waiting = {output_, POLLIN, 0};
    if (poll(&waiting, 1, 200) > 0) {
      char chunk[65536];
      const ssize_t n = read(output_, chunk, sizeof chunk);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return std::nullopt;
      buffer_.append(chunk, static_cast<std::size_t>(n));
    }
  }
}

bool Process::WaitForEnd() const {
  const auto deadline = Clock::now() + kTimeToEnd;
  while (Clock::now() < deadline && !conformance::Interrupted()) {
    siginfo_t info = {};
    if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid != 0) {
      return true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

std::string Process::End() {
  CloseInput();
  if (trouble_.empty() && !WaitForEnd()) trouble_ = "was ended since it did not end by itself";
  kill(-pid_, SIGKILL);  // its own children as well
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  std::string told = trouble_;
  if (told.empty() && WIFSIGNALED(status)) told = std::string("died of ") + strsignal(WTERMSIG(status));
  if (told.empty() && WEXITSTATUS(status) != 0) {
    told = "ended with exit code " + std::to_string(WEXITSTATUS(status));
  }
  return told.empty() || errors_.empty() ? told : told + LastLines(errors_, 15);
}

}  // namespace aether::bench::compare
