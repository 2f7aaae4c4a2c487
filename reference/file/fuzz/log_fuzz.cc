// Fuzz target of the file store: any bytes as its log and index. It is opened, read, written to, closed,
// and opened again.
//
// It may refuse, and may tell of damage. What it gives has to be valid, and is given again by each opening
// that follows.

#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "aether/file_store.h"
#include "image_mutator.h"
#include "require.h"
#include "store_image.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace aether::file::fuzz {
namespace {

using aether::fuzz::Require;

// A directory in memory, one for the process.
const std::filesystem::path& Directory() {
  static const struct Made {
    Made() {
      const char* const base = std::filesystem::exists("/dev/shm") ? "/dev/shm" : "/tmp";
      std::string name = std::string(base) + "/aether-log-fuzz-XXXXXX";
      Require(::mkdtemp(name.data()) != nullptr, "a directory can be made", name);
      path = name;
    }
    ~Made() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
  } made;
  return made.path;
}

// The system as the image's mode has it. Nothing has to survive a power cut.
class ModeEnv final : public FileEnv {
 public:
  explicit ModeEnv(std::uint8_t mode) : mode_(mode) {}

  ssize_t Read(int fd, void* buffer, std::size_t size, off_t offset) override {
    constexpr std::size_t kShort = 251;
    return FileEnv::Read(fd, buffer, (mode_ & kShortReads) != 0 ? std::min(size, kShort) : size, offset);
  }
  int Sync(int) override { return 0; }
  int Allocate(int, off_t, off_t) override { return -1; }
  void* Map(int fd, std::size_t size, off_t offset) override {
    return (mode_ & kNoMapping) != 0 ? nullptr : FileEnv::Map(fd, size, offset);
  }

 private:
  const std::uint8_t mode_;
};

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void Write(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// What reading one actor gave.
struct ActorView {
  ReplayResult replay;
  std::optional<std::int64_t> latest;  // none: kCorrupt
  std::optional<ActorSnapshot> snapshot;
};

// Versions, and errors, for people.
std::string Words(const ReplayResult& replay) {
  std::string words = "events";
  for (const EventPtr& event : replay.events) words += " " + std::to_string(event->version);
  for (const ReplayError& error : replay.errors) words += "\n  " + error.Message();
  return words;
}

// The bytes are not compared: what frames lie in a lost region depends on where the file ends.
bool SameErrors(const std::vector<ReplayError>& a, const std::vector<ReplayError>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ReplayError& x, const ReplayError& y) {
    return x.sequence_number == y.sequence_number && x.cause == y.cause;
  });
}

std::string Both(const std::string& actor, const ActorView& before, const ActorView& now) {
  return "actor " + actor + ": before " + Words(before.replay) + "\nnow " + Words(now.replay);
}

// Whether `events` are some of `all`, in order.
bool AreAmong(const std::vector<EventPtr>& events, const std::vector<EventPtr>& all) {
  auto at = all.begin();
  for (const EventPtr& event : events) {
    while (at != all.end() && **at != *event) ++at;
    if (at == all.end()) return false;
    ++at;
  }
  return true;
}

// One opening after the other of what one image has left.
class Session {
 public:
  explicit Session(const StoreImage& image)
      : image_(image), env_(image.mode), actors_(ActorsOf(image.log)) {
    options_.env = &env_;
    options_.preallocate_bytes = 0;
    if ((image.mode & kPageCacheOnly) != 0) options_.durability = Durability::kPageCache;
    Write(LogPath(), image.log);
    std::filesystem::remove_all(IndexPath());
    if (image.with_index()) Write(IndexPath(), image.rest);
  }

  void Run() {
    if (!Open()) return;
    auto views = ReadAll();
    for (const auto& [actor, view] : views) ReadFromTheMiddle(actor, view);
    clean_ = store_->recovery() == FileStoreRecovery() &&
             std::none_of(views.begin(), views.end(),
                          [](const auto& view) { return view.second.replay.HasErrors(); });
    Save(&views);
    Close();
    // An index that no writer has made may say anything: then only what was read is judged.
    if (image_.with_index()) return;
    Require(Open(), "what was opened and closed opens again");
    ExpectSame(views);
    Close();
    if (image_.damaged() && !OpenDamaged(&views)) return;
    std::filesystem::remove(IndexPath());
    Require(Open(), "the log opens without its index");
    if (!image_.damaged()) ExpectSame(views);
    if (clean_) ExpectAmong(ReadAll(), views);
    Close();
  }

 private:
  static std::filesystem::path LogPath() { return Directory() / "events.log"; }
  static std::filesystem::path IndexPath() { return Directory() / "events.index"; }

  bool Open() {
    auto opened = FileStore::Open(Directory(), options_);
    if (!opened) {
      Require(opened.error().code() == ErrorCode::kCorrupt, "only damage keeps a log shut",
              opened.error().message());
      return false;
    }
    store_ = *std::move(opened);
    return true;
  }

  // Damages the closed log. Every event is as it was, or that it is missing is told; and so it stays.
  bool OpenDamaged(std::map<std::string, ActorView>* views) {
    std::string log = ReadFile(LogPath());
    const std::size_t data_end = log.find_last_not_of('\0');
    Damage(image_.rest, &log);
    Write(LogPath(), log);
    if (!Open()) return false;
    const bool tail_gone = store_->recovery().cut_bytes > 0 || log.find_last_not_of('\0') != data_end;
    auto now = ReadAll();
    if (clean_) ExpectAmong(now, *views);
    if (clean_ && !tail_gone) ExpectTold(now, *views);
    *views = std::move(now);
    Close();
    Require(Open(), "what was opened and closed opens again");
    ExpectSame(*views);
    Close();
    return true;
  }

  void Close() {
    const auto closed = store_->Close();
    Require(closed.has_value(), "a log that can be written is closed");
    store_.reset();
  }

  std::map<std::string, ActorView> ReadAll() {
    std::map<std::string, ActorView> views;
    for (const std::string& actor : actors_) views.emplace(actor, Read(actor));
    return views;
  }

  ActorView Read(const std::string& actor) {
    ActorView view;
    auto replay = store_->GetEventsWithErrors(actor, 0);
    Require(replay.has_value(), "a log that can be read is read");
    view.replay = *std::move(replay);
    JudgeEvents(actor, view.replay);
    const auto latest = store_->GetLatestVersion(actor);
    Require(latest || latest.error().code() == ErrorCode::kCorrupt, "a latest version is known, or lost");
    if (latest) view.latest = *latest;
    if (latest && !image_.with_index() && !view.replay.events.empty()) {
      Require(*latest >= view.replay.events.back()->version, "no event is later than the latest version");
    }
    const auto snapshot = store_->GetLatestSnapshot(actor);
    Require(snapshot || snapshot.error().code() == ErrorCode::kCorrupt, "a snapshot is known, or damaged");
    if (snapshot && *snapshot) {
      Require(Validate(**snapshot).has_value() && (*snapshot)->actor_id == actor, "a snapshot is valid");
      view.snapshot = **snapshot;
    }
    return view;
  }

  void JudgeEvents(const std::string& actor, const ReplayResult& replay) {
    std::int64_t before = 0;
    for (const EventPtr& event : replay.events) {
      Require(Validate(*event).has_value(), "an event is valid");
      Require(event->actor_id == actor, "an event is the actor's own");
      Require(event->version > before, "versions rise");
      before = event->version;
    }
    std::uint64_t last = 0;
    for (const ReplayError& error : replay.errors) {
      Require(!error.cause.empty(), "a replay error has a cause");
      if (error.sequence_number == 0 || image_.with_index()) continue;
      Require(error.sequence_number > last, "sequence numbers rise", Words(replay));
      last = error.sequence_number;
    }
  }

  void ReadFromTheMiddle(const std::string& actor, const ActorView& view) {
    if (view.replay.events.empty()) return;
    const auto& all = view.replay.events;
    const std::int64_t from = all[all.size() / 2]->version;
    const auto events = store_->GetEvents(actor, from);
    Require(events.has_value(), "a log that can be read is read");
    if (image_.with_index()) return;
    const auto expected =
        std::find_if(all.begin(), all.end(), [&](const auto& e) { return e->version >= from; });
    Require(std::equal(expected, all.end(), events->begin(), events->end(),
                       [](const EventPtr& a, const EventPtr& b) { return *a == *b; }),
            "reading from a version on gives the events from there");
  }

  // Saves an event and a snapshot of each actor that takes them.
  void Save(std::map<std::string, ActorView>* views) {
    for (auto& [actor, view] : *views) {
      Event event;
      event.id = "e-new";
      event.event_type = "t";
      event.actor_id = actor;
      const std::int64_t latest = std::max<std::int64_t>(view.latest.value_or(0), 0);
      event.version = latest == INT64_MAX ? INT64_MAX : latest + 1;
      event.timestamp = {1768339576, 120000000};
      const auto saved = store_->SaveEvent(event);
      const bool possible = view.latest && latest != INT64_MAX && Validate(event);
      Require(saved.has_value() == possible, "a sound log takes the next event, and a damaged one none",
              saved ? "" : saved.error().message());
      if (!saved) continue;
      view.replay.events.push_back(std::make_shared<const Event>(event));
      view.latest = event.version;
      const ActorSnapshot snapshot{actor, INT64_MAX, {}, event.timestamp};
      Require(store_->SaveSnapshot(snapshot).has_value(), "a sound log takes a snapshot");
      view.snapshot = snapshot;
    }
  }

  // Of a log that a writer could have made, damage makes no other events.
  void ExpectAmong(const std::map<std::string, ActorView>& now,
                   const std::map<std::string, ActorView>& before) {
    for (const auto& [actor, view] : now) {
      const ActorView& earlier = before.at(actor);
      Require(AreAmong(view.replay.events, earlier.replay.events), "damage makes no event",
              Both(actor, earlier, view));
    }
  }

  void ExpectTold(const std::map<std::string, ActorView>& now,
                  const std::map<std::string, ActorView>& before) {
    for (const auto& [actor, view] : now) {
      const ActorView& earlier = before.at(actor);
      const bool whole = view.replay.events.size() == earlier.replay.events.size();
      Require(whole || view.replay.HasErrors(), "a missing event is told", Both(actor, earlier, view));
    }
  }

  // Of a log in which frames contradict each other, what is lost depends on where the file ends: only what
  // is read is judged, each time.
  void ExpectSame(const std::map<std::string, ActorView>& views) {
    for (const auto& [actor, before] : views) {
      const ActorView now = Read(actor);
      if (!clean_) continue;
      const std::string about = Both(actor, before, now);
      Require(std::equal(before.replay.events.begin(), before.replay.events.end(),
                         now.replay.events.begin(), now.replay.events.end(),
                         [](const EventPtr& a, const EventPtr& b) { return *a == *b; }),
              "events that were read are read again, and no others", about);
      Require(SameErrors(before.replay.errors, now.replay.errors), "replay errors are told again", about);
      Require(before.latest == now.latest, "the latest version is the same", about);
      Require(before.snapshot == now.snapshot, "the snapshot is the same", about);
    }
  }

  const StoreImage& image_;
  ModeEnv env_;
  FileStoreOptions options_;
  const std::vector<std::string> actors_;
  bool clean_ = false;  // the log, as it came, was one that a writer could have made
  std::unique_ptr<FileStore> store_;
};

}  // namespace
}  // namespace aether::file::fuzz

using aether::file::fuzz::StoreImage;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const StoreImage image = StoreImage::Unpack({reinterpret_cast<const char*>(data), size});
  aether::file::fuzz::Session(image).Run();
  return 0;
}

#ifdef AETHER_FUZZER
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  std::mt19937 random(seed);
  StoreImage image = StoreImage::Unpack({reinterpret_cast<const char*>(data), size});
  aether::file::fuzz::Mutate(LLVMFuzzerMutate, max_size, &random, &image);
  const std::string input = image.Pack();
  if (input.size() > max_size) return size;
  std::copy(input.begin(), input.end(), data);
  return input.size();
}
#endif
