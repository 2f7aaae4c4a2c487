// What the machine can do at best: the limits that stores are held against, measured in the same run.

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

#include "aether/bench/benchmark.h"
#include "aether/wire.h"
#include "crew.h"
#include "events.h"

namespace aether::bench {
namespace {

namespace fs = std::filesystem;

// Room that is made ahead, in a file that is preallocated.
constexpr std::int64_t kRoom = std::int64_t{64} << 20;
constexpr int kEvents = 1'000;

StoreError SystemError(std::string_view what) {
  return StoreError(ErrorCode::kUnavailable, std::string(what) + ": " + std::strerror(errno));
}

// A file without a name, where stores keep theirs.
class ScratchFile {
 public:
  static Result<std::unique_ptr<ScratchFile>> Make() {
    const char* const chosen = std::getenv("AETHER_SCRATCH");
    std::string path =
        ((chosen ? fs::path(chosen) : fs::temp_directory_path()) / "aether-limit-XXXXXX").string();
    const int fd = ::mkstemp(path.data());
    if (fd < 0) return SystemError("cannot make " + path);
    ::unlink(path.c_str());
    return std::unique_ptr<ScratchFile>(new ScratchFile(fd));
  }

  ~ScratchFile() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  explicit ScratchFile(int fd) : fd_(fd) {}
  int fd_;
};

std::string WireEvent(int number) {
  std::string wire;
  AppendEvent(MakeEvent(ActorName(number), 1), &wire);
  return wire;
}

struct Writing {
  int batch = 1;       // so many events in one write
  bool sync = false;   // fdatasync() after each
  bool ahead = false;  // into room that was allocated before
};

// Writes events to the end of a file, in batches.
Result<Figures> Write(const Writing& writing, const RunSettings& settings) {
  const auto file = ScratchFile::Make();
  if (!file) return file.error();
  const int fd = (*file)->fd();
  if (writing.ahead) {
    if (const int error = ::posix_fallocate(fd, 0, kRoom); error != 0) {
      errno = error;
      return SystemError("cannot make room");
    }
    ::fsync(fd);
  }
  std::string bytes;
  for (int i = 0; i < writing.batch; ++i) bytes += WireEvent(i);
  off_t end = 0;
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [&](std::int64_t) -> Result<std::int64_t> {
      if (writing.ahead && end + static_cast<off_t>(bytes.size()) > kRoom) end = 0;
      if (::pwrite(fd, bytes.data(), bytes.size(), end) != static_cast<ssize_t>(bytes.size())) {
        return SystemError("cannot write");
      }
      end += static_cast<off_t>(bytes.size());
      if (writing.sync && ::fdatasync(fd) != 0) return SystemError("cannot flush");
      return writing.batch;
    };
  });
}

// Copies the bytes of events one behind the other in memory.
Result<Figures> Copy(const RunSettings& settings) {
  const std::string event = WireEvent(0);
  const std::size_t room = 64 << 20;
  const auto buffer = std::make_unique_for_overwrite<char[]>(room);
  std::memset(buffer.get(), 0, room);
  std::size_t end = 0;
  return RunCrew({.threads = 1, .seconds = settings.seconds, .timed_of = 16}, [&](int) -> Operation {
    return [&](std::int64_t) -> Result<std::int64_t> {
      if (end + event.size() > room) end = 0;
      std::memcpy(buffer.get() + end, event.data(), event.size());
      end += event.size();
      return 1;
    };
  });
}

std::vector<std::string> WireEvents() {
  std::vector<std::string> wires;
  for (int i = 0; i < kEvents; ++i) wires.push_back(WireEvent(i));
  return wires;
}

// Decodes `count` events from their wire form and keeps them until all are there, as a replay does.
Result<Figures> Decode(int count, bool parsed, const RunSettings& settings) {
  const std::vector<std::string> wires = WireEvents();
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [&, count, parsed](std::int64_t) -> Result<std::int64_t> {
      std::vector<EventPtr> events;
      events.reserve(static_cast<std::size_t>(count));
      std::size_t members = 0;
      for (int i = 0; i < count; ++i) {
        auto event = DecodeEvent(wires[static_cast<std::size_t>(i) % wires.size()]);
        if (!event) return event.error();
        if (parsed) members += event->data.ToJson().size();
        events.push_back(std::make_shared<const Event>(*std::move(event)));
      }
      return parsed && members == 0 ? 0 : count;
    };
  });
}

// Decodes events from their wire form as a store does that keeps payloads as trees.
Result<Figures> DecodeTrees(const RunSettings& settings) {
  const std::vector<std::string> wires = WireEvents();
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [&](std::int64_t) -> Result<std::int64_t> {
      std::size_t members = 0;
      for (const std::string& wire : wires) {
        nlohmann::json tree = nlohmann::json::parse(wire);
        Event event;
        event.id = tree["id"].get<std::string>();
        event.event_type = tree["eventType"].get<std::string>();
        event.actor_id = tree["actorId"].get<std::string>();
        event.version = tree["version"].get<std::int64_t>();
        event.timestamp = *Timestamp::Parse(tree["timestamp"].get_ref<const std::string&>());
        for (const auto& [key, value] : tree["metadata"].items())
          event.metadata.Set(key, value.get<std::string>());
        const nlohmann::json data = std::move(tree["data"]);
        members += data.size();
      }
      return members == 0 ? 0 : kEvents;
    };
  });
}

// Reads every byte of events that lie one behind the other in a mapped file.
Result<Figures> ReadMapped(const RunSettings& settings) {
  constexpr int kMapped = 100'000;
  const auto file = ScratchFile::Make();
  if (!file) return file.error();
  std::string bytes;
  const std::string event = WireEvent(0);
  for (int i = 0; i < kMapped; ++i) bytes += event;
  if (::pwrite((*file)->fd(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return SystemError("cannot write");
  }
  void* const mapped = ::mmap(nullptr, bytes.size(), PROT_READ, MAP_SHARED, (*file)->fd(), 0);
  if (mapped == MAP_FAILED) return SystemError("cannot map a file");
  auto figures = RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [&](std::int64_t) -> Result<std::int64_t> {
      std::uint64_t sum = 0;
      const char* const begin = static_cast<const char*>(mapped);
      for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, begin + at, 8);
        sum += word;
      }
      return sum == 0 ? 0 : kMapped;
    };
  });
  ::munmap(mapped, bytes.size());
  return figures;
}

// Looks up random ones of 100,000 actors in a hash map.
Result<Figures> LookUp(const RunSettings& settings) {
  constexpr int kActors = 100'000;
  std::unordered_map<std::string, std::int64_t> versions;
  for (int i = 0; i < kActors; ++i) versions[ActorName(i)] = 1;
  std::mt19937_64 random(1);
  std::vector<std::string> names;
  for (int i = 0; i < 4096; ++i) names.push_back(ActorName(static_cast<std::int64_t>(random() % kActors)));
  return RunCrew({.threads = 1, .seconds = settings.seconds, .timed_of = 16}, [&](int) -> Operation {
    return [&](std::int64_t index) -> Result<std::int64_t> {
      return versions.find(names[static_cast<std::size_t>(index) % names.size()])->second;
    };
  });
}

bool Register(std::string workload, Durability durability, std::string title, std::string unit,
              std::function<Result<Figures>(const RunSettings&)> run) {
  return RegisterBenchmark({.store = "limits",
                            .workload = std::move(workload),
                            .durability = durability,
                            .title = std::move(title),
                            .unit = std::move(unit),
                            .run = std::move(run)});
}

bool RegisterWriting(std::string workload, std::string title, Writing writing) {
  return Register(std::move(workload), writing.sync ? Durability::kDevice : Durability::kPageCache,
                  std::move(title), "events",
                  [=](const RunSettings& settings) { return Write(writing, settings); });
}

const bool kRegistered[] = {
    RegisterWriting("write_sync_growing", "write and fdatasync of one event, growing file",
                    {1, true, false}),
    RegisterWriting("write_sync_preallocated", "write and fdatasync of one event, preallocated",
                    {1, true, true}),
    RegisterWriting("batch64_sync_growing", "write and fdatasync of 64 events, growing file",
                    {64, true, false}),
    RegisterWriting("batch64_sync_preallocated", "write and fdatasync of 64 events, preallocated",
                    {64, true, true}),
    RegisterWriting("write_page_cache", "write of one event, growing file", {1, false, false}),
    Register("memcpy", Durability::kMemory, "copy of an event's bytes", "events", Copy),
    Register("decode", Durability::kMemory, "decoding of 1,000 events", "events",
             [](const RunSettings& settings) { return Decode(kEvents, false, settings); }),
    Register("decode_100000", Durability::kMemory, "decoding of 100,000 events", "events",
             [](const RunSettings& settings) { return Decode(100 * kEvents, false, settings); }),
    Register("decode_parsed", Durability::kMemory, "decoding of 1,000 events and parsing of their payloads",
             "events", [](const RunSettings& settings) { return Decode(kEvents, true, settings); }),
    Register("decode_tree", Durability::kMemory, "decoding of an event into a tree of nlohmann/json",
             "events", DecodeTrees),
    Register("mapped_read", Durability::kMemory, "every byte of an event in a mapped file", "events",
             ReadMapped),
    Register("hash_lookup", Durability::kMemory, "look-up among 100,000 actors in a hash map", "reads",
             LookUp),
};

}  // namespace
}  // namespace aether::bench
