// Starting, ending and pausing a private nats-server.

#include "nats_server.h"

#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "nats_backend.h"

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
  NatsServerOptions options;
  options.jetstream_config = NatsSetup::FromEnvironment().JetStreamConfig();
  static const Result<std::unique_ptr<NatsServer>> kShared = Start(options);
  if (!kShared) return kShared.error();
  return kShared->get();
}

Result<void> NatsServer::Launch() {
  const NatsProgram program = NatsProgram::Find(options_.binary);
  if (program.path.empty()) {
    return StoreError(ErrorCode::kNotFound, "there is no program '" + program.name +
                                                "': install the package nats-server, or name one in "
                                                "AETHER_NATS_SERVER");
  }
  if (const auto written = WriteConfig(); !written) return written;
  process_ = std::make_unique<ServerProcess>(
      std::vector{program.path, std::string("-c"), (directory_ / "server.conf").string()},
      (directory_ / "server.log").string());
  return AwaitPorts();
}

Result<void> NatsServer::WriteConfig() const {
  std::ofstream file(directory_ / "server.conf");
  file << "listen: \"127.0.0.1:" << port_ << "\"\n"
       << "server_name: " << options_.name << "\n"
       << "jetstream { store_dir: \"" << (directory_ / "store").string() << "\"\n"
       << options_.jetstream_config << "\n}\n"
       << "ports_file_dir: \"" << directory_.string() << "\"\n"
       << options_.config << "\n";
  file.close();
  if (!file) return StoreError(ErrorCode::kStorageFailed, "cannot write to " + directory_.string());
  return {};
}

// The server writes a file with its ports when it accepts connections: <program>_<pid>.ports.
//     {"nats":["nats://127.0.0.1:4222"],"cluster":["nats://127.0.0.1:6222"]}
Result<void> NatsServer::AwaitPorts() {
  const std::string suffix = "_" + std::to_string(process_->pid()) + ".ports";
  std::string text;
  const auto has_ports = [&] {
    for (const auto& entry : fs::directory_iterator(directory_)) {
      if (entry.path().filename().string().ends_with(suffix)) text = ReadFile(entry.path());
    }
    return text.find('}') != std::string::npos;
  };
  const bool in_time = WaitUntil(kStartLimit, [&] { return has_ports() || process_->HasEnded(); });
  const auto port = [&text](const std::string& kind) {
    const std::string host = "127.0.0.1:";
    const std::size_t list = text.find("\"" + kind + "\":[");
    const std::size_t at = list == std::string::npos ? list : text.find(host, list);
    return at == std::string::npos ? -1 : std::stoi(text.substr(at + host.size()));
  };
  if (!in_time || port("nats") < 0) {
    process_.reset();
    return StoreError(ErrorCode::kUnavailable, "nats-server did not start: " + LogTail());
  }
  port_ = port("nats");
  cluster_port_ = port("cluster");
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
  if (!options_.keep_port) port_ = -1;
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

Result<NatsAdmin*> NatsServer::GetAdmin() {
  const std::lock_guard lock(admin_mutex_);
  if (!admin_) {
    auto admin = NatsAdmin::Connect({url_});
    if (!admin) return admin.error();
    admin_ = *std::move(admin);
  }
  return admin_.get();
}

Result<std::uint64_t> NatsServer::Publish(const std::string& subject, std::string_view data) {
  const auto admin = GetAdmin();
  if (!admin) return admin.error();
  return (*admin)->Publish(subject, data);
}

Result<void> NatsServer::DiscardStream(const std::string& stream) {
  const auto admin = GetAdmin();
  if (!admin) return admin.error();
  return (*admin)->DiscardStream(stream);
}

}  // namespace aether
