// Starting, ending and asking a private nats-server.

#include "nats_server.h"

#include <fcntl.h>
#include <nats/nats.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace aether {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

// A cold start on a busy machine takes seconds, a warm one a tenth of one.
constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::seconds kStopLimit{20};
constexpr std::chrono::milliseconds kPoll{2};
constexpr std::size_t kLogTail = 2'000;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The full path of `program`; empty when there is none. Debian keeps nats-server where only root looks.
std::string FindProgram(const std::string& program) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (program.find('/') != std::string::npos) return runs(program) ? program : "";
  const char* path = ::getenv("PATH");
  std::istringstream directories(std::string(path == nullptr ? "" : path) + ":/usr/sbin:/usr/local/sbin");
  for (std::string directory; std::getline(directories, directory, ':');) {
    if (const std::string full = directory + "/" + program; !directory.empty() && runs(full)) return full;
  }
  return "";
}

std::string ProgramName(const NatsServerOptions& options) {
  if (!options.binary.empty()) return options.binary;
  const char* named = ::getenv("AETHER_NATS_SERVER");
  return named != nullptr && *named != '\0' ? named : "nats-server";
}

template <typename Condition>
bool WaitUntil(std::chrono::milliseconds limit, Condition condition) {
  const auto deadline = Clock::now() + limit;
  while (!condition()) {
    if (Clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPoll);
  }
  return true;
}

}  // namespace

// A child process that is kept by a thread of its own: PR_SET_PDEATHSIG means the death of the thread that
// made the child, and ours must not die before it.
class NatsServer::Process {
 public:
  Process(const std::string& program, const std::string& config, const std::string& log)
      : keeper_([this, program, config, log] { Keep(program, config, log); }) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return started_; });
  }

  ~Process() {
    Signal(SIGKILL);
    keeper_.join();
  }

  pid_t pid() const { return pid_; }

  bool HasEnded() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

  // Does nothing when the process has ended: its pid may be somebody else's by then.
  void Signal(int signal) {
    const std::lock_guard lock(mutex_);
    if (!ended_ && pid_ > 0) ::kill(pid_, signal);
  }

  // SIGSTOP works some time after it was sent.
  bool AwaitStopped(std::chrono::milliseconds limit) const {
    return WaitUntil(limit, [this] {
      siginfo_t info{};
      return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WNOHANG) == 0 &&
             info.si_pid == pid_;
    });
  }

  bool AwaitEnd(std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return ended_; });
  }

 private:
  void Keep(const std::string& program, const std::string& config, const std::string& log) {
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

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pid_t pid_ = -1;
  bool started_ = false;
  bool ended_ = false;
  std::thread keeper_;  // last: it uses the others
};

// A connection of our own to a server that wants no credentials.
class NatsServer::Admin {
 public:
  static Result<std::unique_ptr<Admin>> Connect(const std::string& url) {
    auto admin = std::unique_ptr<Admin>(new Admin);
    natsStatus status = natsConnection_ConnectTo(&admin->connection_, url.c_str());
    if (status == NATS_OK) status = natsConnection_JetStream(&admin->context_, admin->connection_, nullptr);
    if (status != NATS_OK) return Failed("administration", status);
    return admin;
  }

  ~Admin() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }

  natsConnection* connection() const { return connection_; }
  jsCtx* context() const { return context_; }

  static StoreError Failed(const std::string& what, natsStatus status) {
    natsStatus ignored;
    const char* detail = nats_GetLastError(&ignored);
    return StoreError(ErrorCode::kUnavailable,
                      what + ": " + natsStatus_GetText(status) + ": " + (detail == nullptr ? "" : detail));
  }

 private:
  Admin() = default;

  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
};

NatsServer::NatsServer(NatsServerOptions options, fs::path directory)
    : options_(std::move(options)), directory_(std::move(directory)) {}

NatsServer::~NatsServer() {
  admin_.reset();
  process_.reset();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Result<std::unique_ptr<NatsServer>> NatsServer::Start(const NatsServerOptions& options) {
  std::error_code error;
  std::string directory = (fs::temp_directory_path(error) / "aether-nats-XXXXXX").string();
  if (error || ::mkdtemp(directory.data()) == nullptr) {
    return StoreError(ErrorCode::kStorageFailed, "cannot make a temporary directory: " + directory);
  }
  std::unique_ptr<NatsServer> server(new NatsServer(options, directory));
  if (const auto launched = server->Launch(); !launched) return launched.error();
  return server;
}

Result<NatsServer*> NatsServer::Shared() {
  static const Result<std::unique_ptr<NatsServer>> kShared = Start();
  if (!kShared) return kShared.error();
  return kShared->get();
}

Result<void> NatsServer::Launch() {
  const std::string name = ProgramName(options_);
  const std::string program = FindProgram(name);
  if (program.empty()) {
    return StoreError(ErrorCode::kNotFound, "there is no program '" + name +
                                                "': install the package nats-server, or name one in "
                                                "AETHER_NATS_SERVER");
  }
  if (const auto written = WriteConfig(); !written) return written;
  process_ = std::make_unique<Process>(program, (directory_ / "server.conf").string(),
                                       (directory_ / "server.log").string());
  return AwaitPort();
}

Result<void> NatsServer::WriteConfig() const {
  std::ofstream file(directory_ / "server.conf");
  file << "listen: \"127.0.0.1:" << port_ << "\"\n"
       << "server_name: aether\n"
       << "jetstream { store_dir: \"" << (directory_ / "store").string() << "\" }\n"
       << "ports_file_dir: \"" << directory_.string() << "\"\n"
       << options_.config << "\n";
  file.close();
  if (!file) return StoreError(ErrorCode::kStorageFailed, "cannot write to " + directory_.string());
  return {};
}

// The server writes a file with its port when it accepts connections: <program>_<pid>.ports.
Result<void> NatsServer::AwaitPort() {
  const std::string suffix = "_" + std::to_string(process_->pid()) + ".ports";
  std::string text;
  const auto has_port = [&] {
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().filename().string().ends_with(suffix)) text = ReadFile(entry.path());
    }
    return text.find('}') != std::string::npos;
  };
  const bool in_time = WaitUntil(kStartLimit, [&] { return has_port() || process_->HasEnded(); });
  const std::size_t colon = text.find("127.0.0.1:");
  if (!in_time || colon == std::string::npos) {
    process_.reset();
    return StoreError(ErrorCode::kUnavailable, "nats-server did not start: " + LogTail());
  }
  port_ = std::stoi(text.substr(colon + std::strlen("127.0.0.1:")));
  url_ = options_.scheme + "://127.0.0.1:" + std::to_string(port_);
  return {};
}

std::string NatsServer::LogTail() const {
  const std::string log = ReadFile(directory_ / "server.log");
  return log.size() > kLogTail ? log.substr(log.size() - kLogTail) : log;
}

Result<void> NatsServer::Stop() {
  if (!process_) return {};
  process_->Signal(SIGTERM);
  process_->Signal(SIGCONT);
  const bool ended = process_->AwaitEnd(kStopLimit);
  process_.reset();
  if (!ended) return StoreError(ErrorCode::kUnavailable, "nats-server did not stop: " + LogTail());
  return {};
}

Result<void> NatsServer::Kill() {
  process_.reset();
  return {};
}

Result<void> NatsServer::Restart() {
  if (process_) return {};
  return Launch();
}

Result<void> NatsServer::Pause() {
  if (!process_) return {};
  process_->Signal(SIGSTOP);
  if (process_->AwaitStopped(kStopLimit)) return {};
  return StoreError(ErrorCode::kUnavailable, "nats-server does not pause");
}

Result<void> NatsServer::Resume() {
  if (process_) process_->Signal(SIGCONT);
  return {};
}

Result<NatsServer::Admin*> NatsServer::GetAdmin() {
  const std::lock_guard lock(admin_mutex_);
  if (!admin_) {
    auto admin = Admin::Connect(url_);
    if (!admin) return admin.error();
    admin_ = *std::move(admin);
  }
  return admin_.get();
}

Result<std::uint64_t> NatsServer::Publish(const std::string& subject, std::string_view data) {
  const auto admin = GetAdmin();
  if (!admin) return admin.error();
  jsPubAck* ack = nullptr;
  const natsStatus status = js_Publish(&ack, (*admin)->context(), subject.c_str(), data.data(),
                                       static_cast<int>(data.size()), nullptr, nullptr);
  if (status == NATS_MAX_PAYLOAD) return StoreError::InvalidEvent("data", "over the server's max_payload");
  if (status != NATS_OK) return Admin::Failed("publish on " + subject, status);
  const std::uint64_t sequence = ack->Sequence;
  jsPubAck_Destroy(ack);
  return sequence;
}

Result<void> NatsServer::DiscardStream(const std::string& stream) {
  const auto admin = GetAdmin();
  if (!admin) return admin.error();
  const std::string request = "$JS.API.STREAM.DELETE." + stream;
  const natsStatus status = natsConnection_PublishString((*admin)->connection(), request.c_str(), "");
  if (status != NATS_OK) return Admin::Failed("delete stream " + stream, status);
  return {};
}

}  // namespace aether
