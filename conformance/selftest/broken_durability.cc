// Stores that lose what they acknowledged: to crashes and to power cuts.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <thread>

#include "aether/wire.h"
#include "broken_store.h"
#include "file_double.h"
#include "racing.h"

namespace aether::selftest {

namespace {

using conformance::Spin;

// ---- crashes

// Opening copies the sound lines to the beginning of the emptied file.
struct RewritesWhenOpened : FileDouble {
  using FileDouble::FileDouble;
  void Recover(const std::string& text) override {
    FileDouble::Recover(text);
    (void)!::ftruncate(file_, 0);
    for (off_t at = 0; at < end_; at += 4096) {
      WriteAt(at, text.substr(static_cast<std::size_t>(at),
                              static_cast<std::size_t>(std::min<off_t>(4096, end_ - at))));
      Spin(std::chrono::microseconds(20));
    }
  }
};

// Without the mark of a clean end, takes the last line for torn, whatever its checksum says.
struct CutsAGoodTail : FileDouble {
  using FileDouble::FileDouble;
  Result<void> OpenFile() override {
    if (auto opened = FileDouble::OpenFile(); !opened) return opened;
    clean_ = ::unlink((directory_ / "clean").c_str()) == 0;
    return {};
  }
  ~CutsAGoodTail() override {
    ::close(::open((directory_ / "clean").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  void Recover(const std::string& text) override {
    const std::size_t end = text.rfind('\n', text.size() - 2);
    FileDouble::Recover(clean_ || text.empty() || end == std::string::npos ? text
                                                                           : text.substr(0, end + 1));
  }
  bool clean_ = false;
};

// Each open file has the number of the one before plus one; of an open that was killed there is only the
// number.
struct CountsOpensBeforeItCopies : FileDouble {
  using FileDouble::FileDouble;
  Result<void> OpenFile() override {
    int generation = 0;
    std::ifstream(directory_ / "current") >> generation;
    const auto name = [&](int n) { return directory_ / ("events-" + std::to_string(n)); };
    std::ofstream(directory_ / "current") << generation + 1;
    Spin(std::chrono::microseconds(300));
    std::error_code ignored;
    std::filesystem::copy_file(name(generation), name(generation + 1), ignored);
    std::filesystem::remove(name(generation), ignored);
    file_ = ::open(name(generation + 1).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return file_ < 0 ? Failed("open") : Result<void>();
  }
};

// ---- power cuts

struct DoesNotSync : FileDouble {
  using FileDouble::FileDouble;
  bool Sync() override { return true; }
};

struct DoesNotSyncTheDirectory : FileDouble {
  using FileDouble::FileDouble;
  bool SyncDirectory() override { return true; }
};

// Whoever made the file may have died before that.
struct SyncsTheNameOfWhatItMakes : FileDouble {
  using FileDouble::FileDouble;
  Result<void> OpenFile() override {
    made_ = !std::filesystem::exists(directory_ / "events");
    return FileDouble::OpenFile();
  }
  bool SyncDirectory() override { return !made_ || FileDouble::SyncDirectory(); }

 private:
  bool made_ = false;
};

struct ShowsWhatADeadWriterLeft : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Secure(const std::string&) override { return {}; }
};

struct SyncsAnotherFile : FileDouble {
  using FileDouble::FileDouble;
  bool Sync() override { return SyncPath(directory_ / "lock"); }
};

// The sync of one save carries the one before.
struct SyncsBeforeItWrites : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    if (!Sync()) return AtFailedSync();
    if (!WriteAt(end_, line)) return AtFailedWrite(errno);
    return {};
  }
};

// Every other save waits for no sync.
struct SyncsNowAndThen : FileDouble {
  using FileDouble::FileDouble;
  bool Sync() override { return ++saves_ % 2 == 0 || FileDouble::Sync(); }
  int saves_ = 0;
};

// Begins a write back and does not wait for it.
struct SyncsARangeOnly : FileDouble {
  using FileDouble::FileDouble;
  bool Sync() override {
    return ::sync_file_range(file_, 0, 0, SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) == 0;
  }
};

// A new file for each save, renamed over the old one, whose contents are on their way.
struct ReplacesWithoutSync : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    std::string all(static_cast<std::size_t>(end_), '\0');
    (void)!::pread(file_, all.data(), all.size(), 0);
    const auto path = directory_ / "events.new";
    ::close(file_);
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0 || !WriteAt(0, all + line)) return Failed("write");
    std::filesystem::rename(path, directory_ / "events");
    return SyncDirectory() ? Result<void>() : Failed("sync");
  }
};

// The same, with the contents synced and the name on its way.
struct RenamesWithoutSync : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    std::string all(static_cast<std::size_t>(end_), '\0');
    (void)!::pread(file_, all.data(), all.size(), 0);
    const auto path = directory_ / "events.new";
    ::close(file_);
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file_ < 0 || !WriteAt(0, all + line) || !Sync()) return Failed("write");
    std::filesystem::rename(path, directory_ / "events");
    return {};
  }
};

// Takes a torn line for an event, if its beginning is there: its data are lost.
struct TakesHalfAnEvent : FileDouble {
  using FileDouble::FileDouble;
  std::optional<Event> EventOf(std::string_view line) override {
    if (auto event = FileDouble::EventOf(line)) return event;
    const std::size_t begin = line.find('{');
    const std::size_t data = line.find("\"data\":");
    const std::size_t time = line.find("\"timestamp\":");
    if (data == std::string_view::npos || time == std::string_view::npos) return std::nullopt;
    const auto event = DecodeEvent(std::string(line.substr(begin, data - begin)) + "\"data\":{}," +
                                   std::string(line.substr(time)));
    return event ? std::optional(*event) : std::nullopt;
  }
};

// Leaves the torn line where it is, and writes behind it.
struct AppendsBehindATornTail : FileDouble {
  using FileDouble::FileDouble;
  Result<void> CutTornTail() override {
    struct stat status = {};
    ::fstat(file_, &status);
    end_ = status.st_size;
    return {};
  }
};

// A torn line makes the storage unusable.
struct RefusesATornTail : FileDouble {
  using FileDouble::FileDouble;
  Result<void> CutTornTail() override {
    return StoreError(ErrorCode::kCorrupt, "the file ends with half a line");
  }
};

// Tells the latest versions from an index that is written ahead of the file.
struct IndexAheadOfTheLog : FileDouble {
  using FileDouble::FileDouble;
  void BeforeAppend(const Event& event) override {
    const auto path = directory_ / ("latest-" + event.actor_id);
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string text = std::to_string(event.version) + "\n";
    (void)!::pwrite(fd, text.data(), text.size(), 0);
    ::fsync(fd);
    ::close(fd);
    SyncDirectory();
  }
  std::int64_t LatestOf(std::string_view actor_id) const override {
    std::int64_t latest = 0;
    std::ifstream(directory_ / ("latest-" + std::string(actor_id))) >> latest;
    return latest;
  }
};

// Readers see an event whose sync is under way.
struct ShowsBeforeItSyncs : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    if (!WriteAt(end_, line)) return AtFailedWrite(errno);
    const std::size_t begin = line.find('{');
    const auto event = DecodeEvent(std::string_view(line).substr(begin, line.size() - begin - 1));
    auto& events = actors_[event->actor_id];
    events.push_back(std::make_shared<const Event>(*event));
    mutex_.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // a slow disk
    mutex_.lock();
    events.pop_back();
    return Sync() ? Result<void>() : AtFailedSync();
  }
};

// ---- snapshots

// The new one is written over the old one.
struct OverwritesItsSnapshot : FileDouble {
  using FileDouble::FileDouble;
  Result<void> WriteSnapshot(const std::filesystem::path& path, const std::string& text) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool written = WriteTo(fd, 0, text.substr(0, text.size() / 2));
    Spin(std::chrono::microseconds(200));
    written = written && WriteTo(fd, static_cast<off_t>(text.size() / 2), text.substr(text.size() / 2));
    written = written && SyncSnapshot(fd);
    ::close(fd);
    return written && SyncDirectory() ? Result<void>() : Failed("write");
  }
};

// The same, and what is there of half a snapshot is one.
struct TakesHalfASnapshot : OverwritesItsSnapshot {
  using OverwritesItsSnapshot::OverwritesItsSnapshot;
  Result<ActorSnapshot> SnapshotOf(std::string_view text) override {
    auto snapshot = FileDouble::SnapshotOf(text);
    const std::size_t state = text.find(",\"state\"");
    if (snapshot || state == std::string_view::npos) return snapshot;
    return DecodeSnapshot(std::string(text.substr(16, state - 16)) +
                          R"(,"state":{},"timestamp":"2026-01-13T21:26:16Z"})");
  }
};

// Snapshots are on disk when the storage is closed.
struct KeepsSnapshotsInMemory : FileDouble {
  using FileDouble::FileDouble;
  ~KeepsSnapshotsInMemory() override {
    for (const auto& [actor, snapshot] : snapshots_) (void)FileDouble::SaveSnapshot(snapshot).has_value();
  }
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override {
    const std::lock_guard lock(memory_);
    snapshots_.insert_or_assign(snapshot.actor_id, snapshot);
    return {};
  }
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override {
    const std::lock_guard lock(memory_);
    const auto found = snapshots_.find(actor_id);
    if (found == snapshots_.end()) return FileDouble::GetLatestSnapshot(actor_id);
    return std::optional(found->second);
  }
  std::mutex memory_;
  std::map<std::string, ActorSnapshot, std::less<>> snapshots_;
};

struct RenamesASnapshotThatIsOnItsWay : FileDouble {
  using FileDouble::FileDouble;
  bool SyncSnapshot(int) override { return true; }
};

struct DoesNotSyncTheNameOfASnapshot : FileDouble {
  using FileDouble::FileDouble;
  Result<void> WriteSnapshot(const std::filesystem::path& path, const std::string& text) override {
    saves_snapshot_ = true;
    auto written = FileDouble::WriteSnapshot(path, text);
    saves_snapshot_ = false;
    return written;
  }
  bool SyncDirectory() override { return saves_snapshot_ || FileDouble::SyncDirectory(); }
  bool saves_snapshot_ = false;
};

// ---- several processes

// Writes a line in two steps, and behind whatever another writer has left.
struct WritesBehindHalfALine : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  void RefreshForCheck() override {
    ReadOn();
    torn_ = false;
  }
  void Write(const std::string& line) override {
    Append(line.substr(0, line.size() / 2));
    Spin(std::chrono::microseconds(100));
    Append(line.substr(line.size() / 2));
  }
};

template <typename Store>
BrokenStore BrokenFile(std::string_view name, std::string_view rule, std::string_view fault) {
  return {name, rule, fault, SubjectOfFileDouble<Store>(name), true};
}

}  // namespace

std::vector<BrokenStore> BrokenInDurability() {
  return {
      BrokenFile<RewritesWhenOpened>("rewrites_when_opened", "DUR-01",
                                     "opening empties the file and writes it again"),
      BrokenFile<CutsAGoodTail>("cuts_a_good_tail", "DUR-01",
                                "after a crash the last event is taken for torn"),
      BrokenFile<CountsOpensBeforeItCopies>("counts_opens_before_it_copies", "DUR-01",
                                            "a crash while opening leaves a number without its file"),
      BrokenFile<DoesNotSync>("does_not_sync", "DUR-02", "saves are acknowledged without a sync"),
      BrokenFile<DoesNotSyncTheDirectory>("does_not_sync_the_directory", "DUR-02",
                                          "the name of the file is not synced"),
      BrokenFile<SyncsTheNameOfWhatItMakes>(
          "syncs_the_name_of_what_it_makes", "DUR-02",
          "the name of a file is synced by its maker only, which may die"),
      BrokenFile<ShowsWhatADeadWriterLeft>(
          "shows_what_a_dead_writer_left", "DUR-02",
          "what a dead writer has not synced is read, and not synced either"),
      BrokenFile<SyncsAnotherFile>("syncs_another_file", "DUR-02", "the sync is of another file"),
      BrokenFile<SyncsBeforeItWrites>("syncs_before_it_writes", "DUR-02",
                                      "the sync comes before the write"),
      BrokenFile<SyncsNowAndThen>("syncs_now_and_then", "DUR-02", "every other save waits for no sync"),
      BrokenFile<SyncsARangeOnly>("syncs_a_range_only", "DUR-02", "sync_file_range is taken for a sync"),
      BrokenFile<ReplacesWithoutSync>("replaces_without_sync", "DUR-02",
                                      "a file is renamed over another before it is synced"),
      BrokenFile<RenamesWithoutSync>("renames_without_sync", "DUR-02", "a rename is not synced"),
      BrokenFile<TakesHalfAnEvent>("takes_half_an_event", "DUR-02", "of a torn record an event is made up"),
      BrokenFile<AppendsBehindATornTail>("appends_behind_a_torn_tail", "DUR-02",
                                         "a torn record is left in place and written behind"),
      BrokenFile<RefusesATornTail>("refuses_a_torn_tail", "DUR-02", "a torn record keeps the storage shut"),
      BrokenFile<IndexAheadOfTheLog>("index_ahead_of_the_log", "DUR-02",
                                     "latest versions are stored before their events"),
      BrokenFile<ShowsBeforeItSyncs>("shows_before_it_syncs", "DUR-02",
                                     "readers see an event that a power cut may still take"),
      BrokenFile<OverwritesItsSnapshot>("overwrites_its_snapshot", "DUR-03",
                                        "a snapshot is written over the one before it"),
      BrokenFile<TakesHalfASnapshot>("takes_half_a_snapshot", "DUR-03",
                                     "a snapshot that is there in part is read as one without a state"),
      BrokenFile<KeepsSnapshotsInMemory>("keeps_snapshots_in_memory", "DUR-03",
                                         "snapshots are written when the storage is closed"),
      BrokenFile<RenamesASnapshotThatIsOnItsWay>("renames_a_snapshot_that_is_on_its_way", "DUR-04",
                                                 "a snapshot is renamed over another before it is synced"),
      BrokenFile<DoesNotSyncTheNameOfASnapshot>("does_not_sync_the_name_of_a_snapshot", "DUR-04",
                                                "the name of a snapshot is not synced"),
      {"writes_behind_half_a_line", "DUR-05",
       "a record is written behind the half of one that a dead writer left",
       SubjectOfProcessDouble<WritesBehindHalfALine>("writes_behind_half_a_line"), true},
  };
}

}  // namespace aether::selftest
