// Opening the file store when something has gone before: in a new process, as a part of what reading the
// same bytes takes.

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "aether/bench/benchmark.h"
#include "file_adapter.h"

namespace aether {
namespace {

namespace fs = std::filesystem;
using bench::Figures;

constexpr int kActors = 1'000;
constexpr int kEventsOfAnActor = 1'000;
constexpr std::size_t kThreads = 64;

std::string ActorName(int actor) { return "actor-" + std::to_string(actor); }

Event MakeEvent() {
  Event event;
  event.id = "7d1f0c52-93aa-4be1-8f04-000000000000";
  event.event_type = "OrderPlaced";
  event.data = *JsonObject::Parse(R"({"text":")" + std::string(230, 'x') + R"("})");
  event.metadata = {{"correlationId", "c-5f1d"}, {"userId", "u-1007"}};
  event.timestamp = {1768339576, 123456789};
  return event;
}

bool SaveAll(FileStore& store) {
  std::atomic<int> next = 0;
  std::atomic<bool> good = true;
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      Event event = MakeEvent();
      for (int actor = next++; actor < kActors && good; actor = next++) {
        event.actor_id = ActorName(actor);
        for (event.version = 1; event.version <= kEventsOfAnActor; ++event.version) {
          if (!store.SaveEvent(event)) good = false;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  return good;
}

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteFile(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

enum class Before { kClosed, kKilled, kIndexMissing, kIndexDamaged };

// A log of a million events, and what events.index was when the process that saved them was killed, and
// when it was closed.
class SavedLog {
 public:
  // Filled by a process of its own, which kills itself.
  Result<void> Fill() {
    directory_ = *adapter_.Location();
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = FileStore::Open(directory_);
      if (!store || !SaveAll(**store)) ::_exit(1);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) {
      return StoreError(ErrorCode::kUnavailable, "filling the store failed");
    }
    killed_bytes_ = fs::file_size(LogPath());
    killed_index_ = ReadFile(IndexPath());
    auto store = FileStore::Open(directory_);
    if (!store) return store.error();
    if (auto closed = (*store)->Close(); !closed) return closed;
    closed_bytes_ = fs::file_size(LogPath());
    closed_index_ = ReadFile(IndexPath());
    return {};
  }

  void Restore(Before before) {
    if (before == Before::kKilled) {
      constexpr std::uint64_t kSealBytes = 48;
      fs::resize_file(LogPath(), closed_bytes_ - kSealBytes);
      fs::resize_file(LogPath(), killed_bytes_);  // the room made ahead
      return WriteFile(IndexPath(), killed_index_);
    }
    std::string index = closed_index_;
    if (before == Before::kIndexDamaged) index[index.size() / 2] ^= 1;
    WriteFile(IndexPath(), index);
    if (before == Before::kIndexMissing) fs::remove(IndexPath());
  }

  // Reads all of the log once, and answers how long that takes.
  Result<double> ReadBytes() const {
    const auto begin = std::chrono::steady_clock::now();
    const int fd = ::open(LogPath().c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return StoreError(ErrorCode::kUnavailable, "cannot read the log");
    std::vector<char> buffer(1 << 20);
    while (::read(fd, buffer.data(), buffer.size()) > 0) {
    }
    ::close(fd);
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }

  // Opens the store in a new process, with what that has told.
  Result<nlohmann::json> OpenElsewhere() const {
    const std::string command = fs::read_symlink("/proc/self/exe").string() + " --open-at file " +
                                directory_ + " " + ActorName(kActors / 2);
    const std::unique_ptr<FILE, int (*)(FILE*)> output(::popen(command.c_str(), "r"), ::pclose);
    char text[4096];
    const std::size_t size = output ? std::fread(text, 1, sizeof(text), output.get()) : 0;
    auto told = nlohmann::json::parse(text, text + size, nullptr, false);
    if (!told.is_object())
      return StoreError(ErrorCode::kUnavailable, "opening told: " + std::string(text, size));
    return told;
  }

 private:
  fs::path LogPath() const { return fs::path(directory_) / "events.log"; }
  fs::path IndexPath() const { return fs::path(directory_) / "events.index"; }

  FileAdapter adapter_;
  std::string directory_;
  std::uint64_t killed_bytes_ = 0;
  std::uint64_t closed_bytes_ = 0;
  std::string killed_index_;
  std::string closed_index_;
};

Result<Figures> Measure(SavedLog& log, Before before) {
  log.Restore(before);
  const auto read_ms = log.ReadBytes();
  if (!read_ms) return read_ms.error();
  auto told = log.OpenElsewhere();
  if (!told) return told.error();
  Figures figures;
  for (const auto& [name, value] : told->items()) figures.counters[name] = value.get<double>();
  figures.counters["read_ms"] = *read_ms;
  figures.counters["times_read"] = figures.counters["open_ms"] / *read_ms;
  figures.seconds = figures.counters["open_ms"] / 1e3;
  figures.per_second = 1 / std::max(figures.seconds, 1e-9);
  // As a killed process leaves it, a log that was opened has been closed since.
  log.Restore(Before::kClosed);
  return figures;
}

bool Register() {
  const auto log = std::make_shared<std::unique_ptr<SavedLog>>();
  const auto add = [&log](const char* workload, const char* title, Before before) {
    bench::Benchmark benchmark;
    benchmark.store = "file";
    benchmark.workload = workload;
    benchmark.parameter = "events";
    benchmark.value = kActors * kEventsOfAnActor;
    benchmark.durability = bench::Durability::kDevice;
    benchmark.title = title;
    benchmark.unit = "openings";
    benchmark.run = [log, before](const bench::RunSettings&) -> Result<Figures> {
      if (!*log) {
        *log = std::make_unique<SavedLog>();
        if (auto filled = (*log)->Fill(); !filled) return filled.error();
      }
      return Measure(**log, before);
    };
    return bench::RegisterBenchmark(std::move(benchmark));
  };
  return add("recover_closed", "Open after a clean close", Before::kClosed) &&
         add("recover_killed", "Open after a kill", Before::kKilled) &&
         add("recover_without_index", "Open without the index", Before::kIndexMissing) &&
         add("recover_damaged_index", "Open with a damaged index", Before::kIndexDamaged);
}

const bool kRegistered = Register();

}  // namespace
}  // namespace aether
