// Another process on the same storage: lines of JSON over a pair of sockets.

#include "peer.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "aether/wire.h"
#include "faults/fault_log.h"
#include "heartbeat.h"
#include "peer_messages.h"
#include "racing.h"
#include "rule_run.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr const char* kPeerVariable = "AETHER_CONFORMANCE_PEER";
constexpr int kEndLimitMs = 10'000;
constexpr auto kMeetLimit = std::chrono::seconds(30);

bool allowed = false;

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

// False when the other side is gone.
bool WriteAll(int fd, const std::string& text) {
  for (std::size_t sent = 0; sent < text.size();) {
    const ssize_t n = send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<std::string> ReadLineFrom(int fd, std::string* buffer) {
  while (true) {
    if (const std::size_t end = buffer->find('\n'); end != std::string::npos) {
      std::string line = buffer->substr(0, end);
      buffer->erase(0, end + 1);
      return line;
    }
    char chunk[65536];
    const ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer->append(chunk, static_cast<std::size_t>(n));
  }
}

std::string Line(const json& message) {
  return message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

// ---- the peer's side

// What can be read, with what is told of the rest, where the store can tell.
void Replay(EventStore& store, const PeerCall& call, PeerAnswer* answer) {
  auto* const replaying = dynamic_cast<EventStoreWithErrors*>(&store);
  auto replay = [&]() -> Result<ReplayResult> {
    if (replaying != nullptr) return replaying->GetEventsWithErrors(call.event.actor_id, call.from_version);
    auto events = store.GetEvents(call.event.actor_id, call.from_version);
    if (!events) return events.error();
    return ReplayResult{*std::move(events), {}};
  }();
  answer->end = Clock::now();
  if (!replay) {
    answer->error = replay.error();
    return;
  }
  answer->events = std::move(replay->events);
  for (const ReplayError& error : replay->errors) answer->replay_errors.push_back(error.cause);
}

}  // namespace

PeerAnswer MakeCall(EventStore& store, const PeerCall& call) {
  PeerAnswer answer;
  const auto take = [&](const auto& result) {
    answer.end = Clock::now();
    if (!result) answer.error = result.error();
    return result.has_value();
  };
  answer.start = Clock::now();
  try {
    switch (call.kind) {
      case PeerCall::Kind::kSave:
        (void)take(store.SaveEvent(call.event));
        break;
      case PeerCall::Kind::kRead:
        if (auto events = store.GetEvents(call.event.actor_id, call.from_version); take(events)) {
          answer.events = *std::move(events);
        }
        break;
      case PeerCall::Kind::kLatest:
        if (const auto latest = store.GetLatestVersion(call.event.actor_id); take(latest)) {
          answer.latest = *latest;
        }
        break;
      case PeerCall::Kind::kReplay:
        Replay(store, call, &answer);
        break;
      case PeerCall::Kind::kSaveSnapshot:
        (void)take(dynamic_cast<SnapshotStore&>(store).SaveSnapshot(call.snapshot));
        break;
      case PeerCall::Kind::kReadSnapshot:
        if (auto found = dynamic_cast<SnapshotStore&>(store).GetLatestSnapshot(call.event.actor_id);
            take(found)) {
          answer.snapshot = *std::move(found);
        }
        break;
    }
  } catch (const std::exception& exception) {
    answer.end = Clock::now();
    answer.thrown = exception.what();
  } catch (...) {
    answer.end = Clock::now();
    answer.thrown = "something that is no std::exception";
  }
  return answer;
}

namespace {

// Of a peer, to the first process.
struct Channel {
  std::mutex mutex;
  int fd = -1;
};
Channel to_first;  // of a peer

bool Tell(const json& message) {
  const std::lock_guard lock(to_first.mutex);
  return WriteAll(to_first.fd, Line(message));
}

// Tells whoever records the file operations of this process that a call was answered.
void Mark(std::size_t batch, const PeerAnswer& answer) {
  static const auto mark =
      reinterpret_cast<void (*)(const char*)>(dlsym(RTLD_DEFAULT, faults::kMarkSymbol));
  if (mark == nullptr) return;
  std::string text = std::to_string(batch);
  for (const std::size_t number : {answer.list, answer.call}) text += " " + std::to_string(number);
  mark(text.c_str());
}

// Makes the calls of one list and sends each answer as soon as it is there.
void MakeAll(EventStore& store, const json& calls, std::size_t batch, std::size_t list, Barrier& barrier) {
  std::vector<PeerCall> parsed;
  for (const json& call : calls) parsed.push_back(CallFrom(call));
  if (std::any_of(parsed.begin(), parsed.end(),
                  [](const PeerCall& call) { return call.meeting % 4 == 2; })) {
    PinThisThread(static_cast<int>(list) + 2);  // racers of the first process begin at 1
  }
  for (std::size_t i = 0; i < parsed.size(); ++i) {
    if (parsed[i].meeting != 0) barrier.Meet(parsed[i].meeting);
    if (parsed[i].spin_ns != 0) Spin(std::chrono::nanoseconds(parsed[i].spin_ns));
    PeerAnswer answer = MakeCall(store, parsed[i]);
    answer.list = list;
    answer.call = i;
    Mark(batch, answer);
    if (!Tell(ToJson(answer))) _exit(3);
  }
}

}  // namespace

bool IsPeer() { return std::getenv(kPeerVariable) != nullptr; }
void AllowPeers() { allowed = true; }
bool PeersAllowed() { return allowed; }
bool TellBroken(const std::string& what) { return to_first.fd >= 0 && Tell({{"broken", what}}); }

int RunPeer(const std::function<const Subject*(const std::string& name)>& find) {
  const json task = json::parse(std::getenv(kPeerVariable));
  unsetenv(kPeerVariable);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != task.at("parent").get<pid_t>()) return 3;  // it died before we asked for the signal
  to_first.fd = task.at("channel");
  fcntl(to_first.fd, F_SETFD, FD_CLOEXEC);
  Barrier barrier(task.at("barrier").get<int>());
  const Subject* subject = find(task.at("subject"));
  if (subject == nullptr || !subject->open_at) return 3;
  if (subject->prepare) subject->prepare();
  std::unique_ptr<EventStore> store;
  const auto open = [&](const std::string& location) {
    store.reset();
    auto opened = subject->open_at(location);
    const json told = opened ? json{{"opened", true}} : json{{"error", ToJson(opened.error())}};
    if (opened) store = *std::move(opened);
    return Tell(told);
  };
  if (!Tell({{"opening", true}}) || !open(task.at("location"))) return 3;
  std::string buffer;
  while (const auto line = ReadLineFrom(to_first.fd, &buffer)) {
    const json told = json::parse(*line);
    if (told.is_string()) {
      if (!open(told)) return 3;
      continue;
    }
    const json& lists = told.at("lists");
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < lists.size(); ++i) {
      threads.emplace_back([&, i] { MakeAll(*store, lists.at(i), told.at("batch"), i, barrier); });
    }
    for (std::thread& thread : threads) thread.join();
    if (!Tell({{"finished", true}})) return 3;
  }
  return 0;
}

// ---- the kit's side

namespace {

void ThrowIfBroken(const json& message) {
  if (message.contains("broken")) {
    throw AdapterError("in another process: " + message.at("broken").get<std::string>());
  }
}

}  // namespace

Barrier::Barrier() : Barrier(memfd_create("aether-barrier", MFD_CLOEXEC)) {}

Barrier::Barrier(int fd) : fd_(fd) {
  void* memory = MAP_FAILED;
  if (fd_ >= 0 && ftruncate(fd_, sizeof *arrived_) == 0) {
    memory = mmap(nullptr, sizeof *arrived_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  }
  if (memory == MAP_FAILED) ThrowErrno("cannot make memory that two processes share");
  arrived_ = static_cast<std::atomic<std::uint32_t>*>(memory);
}

Barrier::~Barrier() {
  munmap(arrived_, sizeof *arrived_);
  close(fd_);
}

void Barrier::Meet(std::uint32_t arrivals) {
  arrived_->fetch_add(1);
  const auto limit = Clock::now() + kMeetLimit;
  for (int turns = 0; arrived_->load() < arrivals; ++turns) {
    if (turns < 2000) continue;  // who yields may come back late
    if (Clock::now() > limit) return;
    std::this_thread::yield();
  }
}

void Peer::Spawn(const std::string& task, int channel, const FaultLog* log) {
  // Not setenv(): the store's threads may be reading the environment.
  std::vector<std::string> variables = log != nullptr ? log->Environment() : std::vector<std::string>();
  variables.push_back(std::string(kPeerVariable) + "=" + task);
  std::vector<const char*> environment;
  for (const std::string& variable : variables) environment.push_back(variable.c_str());
  for (char** entry = environ; *entry != nullptr; ++entry) {
    // Of two the last one counts.
    const bool replaced = log != nullptr && std::string_view(*entry).starts_with("LD_PRELOAD=");
    if (!replaced) environment.push_back(*entry);
  }
  environment.push_back(nullptr);
  const char* const arguments[] = {"conformance-peer", nullptr};
  int alive[2];
  if (pipe2(alive, O_CLOEXEC) != 0) ThrowErrno("cannot make a pipe");
  alive_ = alive[0];
  pid_ = fork();
  if (pid_ == 0) {
    setpgid(0, 0);
    // The storage's files are not for the peer: a lock that it inherits would never be let go.
    close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    for (const int fd : {channel, barrier_.fd(), alive[1]}) fcntl(fd, F_SETFD, 0);
    execve("/proc/self/exe", const_cast<char* const*>(arguments),
           const_cast<char* const*>(environment.data()));
    _exit(127);
  }
  close(alive[1]);
  if (pid_ < 0) ThrowErrno("cannot start another process");
  setpgid(pid_, pid_);  // here as well, so that it is one before anybody signals it
}

std::unique_ptr<Peer> Peer::Launch(const Subject& subject, const std::string& location,
                                   const FaultLog* log) {
  std::unique_ptr<Peer> peer(new Peer);
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    ThrowErrno("cannot make a pair of sockets");
  peer->channel_ = ends[0];
  const json task = {{"subject", subject.name},
                     {"location", location},
                     {"parent", getpid()},
                     {"channel", ends[1]},
                     {"barrier", peer->barrier_.fd()}};
  peer->Spawn(task.dump(), ends[1], log);
  close(ends[1]);
  const auto line = peer->ReadLine();
  if (!line) throw std::runtime_error("the other process died before it opened the storage");
  ThrowIfBroken(json::parse(*line));
  return peer;
}

Result<void> Peer::WaitUntilOpen() {
  const CallInProgress in_progress("OpenAt() in another process");
  const auto line = ReadLine();
  if (!line) throw PeerDied("the other process died before it had opened the storage");
  const json told = json::parse(*line);
  ThrowIfBroken(told);
  if (told.contains("error")) return ErrorFrom(told.at("error"));
  return {};
}

Result<std::unique_ptr<Peer>> Peer::Open(const Subject& subject, const std::string& location,
                                         const FaultLog* log) {
  auto peer = Launch(subject, location, log);
  if (const auto opened = peer->WaitUntilOpen(); !opened) return opened.error();
  return peer;
}

Result<void> Peer::Reopen(const std::string& location) {
  (void)WriteAll(channel_, Line(json(location)));
  return WaitUntilOpen();
}

Peer::~Peer() {
  if (pid_ > 0) {
    shutdown(channel_, SHUT_WR);
    const CallInProgress in_progress("closing the storage in another process");
    while (ReadLine()) {
    }
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  if (channel_ >= 0) close(channel_);
  if (alive_ >= 0) close(alive_);
}

std::optional<std::string> Peer::ReadLine() {
  auto line = ReadLineFrom(channel_, &buffer_);
  ended_ = ended_ || !line;
  return line;
}

void Peer::Start(const std::vector<std::vector<PeerCall>>& lists, std::size_t batch) {
  json out = json::array();
  for (const auto& list : lists) {
    out.push_back(json::array());
    for (const PeerCall& call : list) out.back().push_back(ToJson(call));
  }
  (void)WriteAll(channel_, Line({{"batch", batch}, {"lists", out}}));  // one that is gone gives no answers
}

std::optional<PeerAnswer> Peer::Next() {
  const CallInProgress in_progress("a call in another process");
  const auto line = ReadLine();
  if (!line) return std::nullopt;
  const json message = json::parse(*line);
  if (message.contains("finished")) return std::nullopt;
  if (pid_ < 0 && message.contains("broken"))
    return std::nullopt;  // it was killed, and what it used as well
  ThrowIfBroken(message);
  return AnswerFrom(message);
}

void Peer::Kill() {
  kill(-pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  // Its own children, such as a driver, hold this pipe until they are dead as well.
  pollfd ended = {alive_, POLLIN, 0};
  (void)poll(&ended, 1, kEndLimitMs);
}

}  // namespace aether::conformance
