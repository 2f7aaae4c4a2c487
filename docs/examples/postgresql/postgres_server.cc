// Making a cluster, starting a server on it, and ending it.

#include "postgres_server.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <vector>

namespace {

namespace fs = std::filesystem;
using aether::ErrorCode;
using aether::Result;
using aether::StoreError;

constexpr std::chrono::seconds kStartLimit{60};
constexpr std::chrono::milliseconds kPoll{10};
constexpr std::size_t kLogTail = 2'000;

// Where initdb and postgres are; empty when nowhere.
fs::path FindPrograms() {
  const char* const named = std::getenv("AETHER_POSTGRESQL_BIN");
  std::vector<fs::path> candidates;
  if (named != nullptr) {
    candidates.push_back(named);
  } else {
    std::error_code none;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", none)) {
      candidates.push_back(version.path() / "bin");
    }
    std::sort(candidates.begin(), candidates.end(), [](const fs::path& a, const fs::path& b) {
      return std::atoi(a.parent_path().filename().c_str()) > std::atoi(b.parent_path().filename().c_str());
    });
  }
  for (const fs::path& candidate : candidates) {
    if (::access((candidate / "postgres").c_str(), X_OK) == 0) return candidate;
  }
  return {};
}

// Whom the server runs as, since it refuses to run as root; none: as we do.
const passwd* ServerUser() {
  if (::geteuid() != 0) return nullptr;
  const passwd* const user = ::getpwnam("postgres");
  return user != nullptr ? user : ::getpwnam("nobody");
}

// Starts a program whose output goes to the end of `log`. It gets SIGQUIT, by which a PostgreSQL server
// ends at once and leaves no shared memory behind, when the thread that called this ends. -1 when it cannot
// be started.
pid_t Spawn(const std::vector<std::string>& command, const std::string& log) {
  std::vector<std::string> words = {"setpriv", "--pdeathsig", "QUIT"};
  if (const passwd* const user = ServerUser()) {
    words.insert(words.end(),
                 {"--reuid", user->pw_name, "--regid", std::to_string(user->pw_gid), "--clear-groups"});
  }
  words.push_back("--");
  words.insert(words.end(), command.begin(), command.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  return failed == 0 ? pid : -1;
}

}  // namespace

PostgresServer::PostgresServer(fs::path directory) : directory_(std::move(directory)) {}

Result<std::unique_ptr<PostgresServer>> PostgresServer::Start(const std::vector<std::string>& settings) {
  const fs::path programs = FindPrograms();
  if (programs.empty()) {
    return StoreError(
        ErrorCode::kNotFound,
        "there is no PostgreSQL server: install the package postgresql, or name the directory of "
        "initdb and postgres in AETHER_POSTGRESQL_BIN");
  }
  const char* const scratch = std::getenv("AETHER_SCRATCH");
  const fs::path root = scratch ? scratch : fs::temp_directory_path();
  std::string directory = (root / "pg-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    return StoreError(ErrorCode::kStorageFailed, "cannot make a directory in " + root.string());
  }
  std::unique_ptr<PostgresServer> server(new PostgresServer(directory));
  if (const passwd* const user = ServerUser()) {
    // The kit's directory is open to its owner alone, and the server has to get through it.
    std::error_code error;
    if (scratch) fs::permissions(root, fs::perms::others_exec, fs::perm_options::add, error);
    if (error || ::chown(directory.c_str(), user->pw_uid, user->pw_gid) != 0) {
      return StoreError(ErrorCode::kStorageFailed, "cannot give " + directory + " to " + user->pw_name);
    }
  }
  if (const auto launched = server->Launch(programs, settings); !launched) return launched.error();
  return server;
}

Result<PostgresServer*> PostgresServer::Shared() {
  static const Result<std::unique_ptr<PostgresServer>> kShared = Start();
  if (!kShared) return kShared.error();
  return kShared->get();
}

PostgresServer::~PostgresServer() {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_ && pid_ > 0) ::kill(pid_, SIGQUIT);
  }
  if (keeper_.joinable()) keeper_.join();
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

Result<void> PostgresServer::Launch(const fs::path& programs, const std::vector<std::string>& settings) {
  // --no-sync: should the machine fail meanwhile, nobody wants this cluster back. The server itself syncs.
  const pid_t initdb = Spawn(
      {(programs / "initdb").string(), "--pgdata", (directory_ / "data").string(), "--username", "aether",
       "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions"},
      Log());
  int status = -1;
  if (initdb < 0 || ::waitpid(initdb, &status, 0) != initdb || status != 0) return DidNot("make a cluster");
  // Its shared memory is in its directory, where nothing is left of it.
  std::vector<std::string> command = {(programs / "postgres").string(),
                                      "-D",
                                      (directory_ / "data").string(),
                                      "-k",
                                      directory_.string(),
                                      "-h",
                                      "",
                                      "-c",
                                      "shared_buffers=16MB",
                                      "-c",
                                      "dynamic_shared_memory_type=mmap"};
  for (const std::string& setting : settings) command.insert(command.end(), {"-c", setting});
  keeper_ = std::thread([this, command] { Keep(command); });
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (PQping(conninfo().c_str()) != PQPING_OK) {
    std::unique_lock lock(mutex_);
    const bool ended = changed_.wait_for(lock, kPoll, [this] { return ended_; });
    if (ended || std::chrono::steady_clock::now() > deadline) return DidNot("start");
  }
  return {};
}

// The server ends with the thread that started it, so this one stays until the server has ended.
void PostgresServer::Keep(const std::vector<std::string>& command) {
  const pid_t pid = Spawn(command, Log());
  {
    const std::lock_guard lock(mutex_);
    pid_ = pid;
  }
  // Waits without reaping, so that the pid is the server's until `ended_` is set.
  siginfo_t info;
  while (pid > 0 && ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) != 0 &&
         errno == EINTR) {
  }
  const std::lock_guard lock(mutex_);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  ended_ = true;
  changed_.notify_all();
}

StoreError PostgresServer::DidNot(const std::string& what) const {
  std::ifstream file(Log(), std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  const std::string log = text.str();
  return {ErrorCode::kUnavailable,
          "PostgreSQL did not " + what + ": " + log.substr(log.size() - std::min(log.size(), kLogTail))};
}
