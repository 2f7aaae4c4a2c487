// Opening a store of many events in a fresh process, and what it takes in memory and on disk.

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "answers.h"
#include "events.h"
#include "workloads.h"

extern char** environ;

namespace aether::bench {
namespace {

constexpr std::int64_t kActors = 1'000;

// The value of a line such as "VmHWM:   1234 kB" of /proc/self/status, in bytes.
double OwnMemory(const std::string& key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key + ":")) return std::stod(line.substr(key.size() + 1)) * 1024;
  }
  return 0;
}

// The output of this program, run again with `arguments`.
Result<std::string> RunAgain(std::vector<std::string> arguments) {
  const auto failed = [](std::string_view what, int error) {
    return StoreError(ErrorCode::kUnavailable,
                      std::string(what) + ": " + std::generic_category().message(error));
  };
  std::string path = "/proc/self/exe";
  std::vector<char*> argv{path.data()};
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("cannot make a pipe", errno);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  pid_t child = 0;
  const int error = posix_spawn(&child, path.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string output;
  char buffer[4096];
  for (ssize_t got; error == 0 && (got = ::read(ends[0], buffer, sizeof(buffer))) != 0;) {
    if (got < 0 && errno != EINTR) break;
    if (got > 0) output.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  if (error != 0) return failed("cannot run this program again", error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0)
    return StoreError(ErrorCode::kUnavailable, "opening in another process failed: " + output);
  return output;
}

// A storage of `events` events with no handle open, and how large it is.
struct Closed {
  std::unique_ptr<Storage> storage;
  std::string location;
  std::optional<double> bytes_per_event;
};

Result<Closed> FillAndClose(const Subject& subject, std::int64_t events, double seconds) {
  auto filled = MakeEmpty(subject);
  if (!filled) return filled.error();
  if (auto full = FillActors(*filled->store, kActors, events / kActors, seconds); !full)
    return full.error();
  if (auto closed = filled->store->Close(); !closed) return closed.error();
  filled->store.reset();
  auto location = filled->storage->Location();
  if (!location) return location.error();
  Closed closed{std::move(filled->storage), *std::move(location), std::nullopt};
  if (const auto bytes = closed.storage->BytesOnDisk()) {
    closed.bytes_per_event = static_cast<double>(*bytes) / static_cast<double>(events);
  }
  return closed;
}

Result<Figures> Open(const Subject& subject, const Closed& closed, std::int64_t events) {
  const auto output = RunAgain({"--open-at", subject.name, closed.location, ActorName(kActors / 2)});
  if (!output) return output.error();
  const auto told = nlohmann::json::parse(*output, nullptr, false);
  if (!told.is_object())
    return StoreError(ErrorCode::kUnavailable, "opening in another process told: " + *output);
  Figures figures;
  for (const auto& [name, value] : told.items()) figures.counters[name] = value.get<double>();
  figures.seconds = figures.counters["open_ms"] / 1e3;
  figures.per_second = 1 / std::max(figures.seconds, 1e-9);
  figures.counters["memory_bytes_per_event"] =
      figures.counters["memory_bytes"] / static_cast<double>(events);
  figures.counters.erase("memory_bytes");
  if (closed.bytes_per_event) figures.counters["disk_bytes_per_event"] = *closed.bytes_per_event;
  return figures;
}

}  // namespace

std::vector<Benchmark> OpenBenchmarks(const std::shared_ptr<Stage>& stage) {
  if (!stage->subject.open_at) return {};
  std::vector<Benchmark> benchmarks;
  for (const std::int64_t events : {100'000, 1'000'000}) {
    // Made when first asked for; what failed is not tried again.
    auto closed = std::make_shared<std::optional<Result<Closed>>>();
    benchmarks.push_back({.workload = "open",
                          .parameter = "events",
                          .value = events,
                          .title = "Open in a new process, and read one actor",
                          .unit = "openings",
                          .run = [stage, events, closed](const RunSettings& settings) -> Result<Figures> {
                            if (!*closed)
                              closed->emplace(FillAndClose(stage->subject, events, settings.fill_seconds));
                            if (!**closed) return (*closed)->error();
                            return Open(stage->subject, ***closed, events);
                          }});
  }
  return benchmarks;
}

int OpenInThisProcess(const Subject& subject, std::string_view location, std::string_view actor_id) {
  const Answers answers;
  using Clock = std::chrono::steady_clock;
  using Milliseconds = std::chrono::duration<double, std::milli>;
  const double before = OwnMemory("VmRSS");
  const auto began = Clock::now();
  const auto store = subject.open_at(location);
  const auto opened = Clock::now();
  if (!store) {
    answers.Send(store.error().message());
    return 1;
  }
  const auto read = (*store)->GetEvents(actor_id, 0);
  const auto ended = Clock::now();
  if (!read || read->empty()) {
    answers.Send(read ? "an actor that was saved has no events" : read.error().message());
    return 1;
  }
  const nlohmann::json told = {{"open_ms", Milliseconds(opened - began).count()},
                               {"first_read_ms", Milliseconds(ended - opened).count()},
                               {"memory_bytes", std::max(OwnMemory("VmHWM") - before, 0.0)},
                               {"peak_bytes", OwnMemory("VmHWM")}};
  answers.Send(told.dump());
  return 0;
}

}  // namespace aether::bench
