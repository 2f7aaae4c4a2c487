// Stores whose calls are right one by one and wrong together: in sequences, at the same time, in two processes.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "broken_store.h"
#include "file_double.h"
#include "process_double.h"
#include "racing.h"

namespace aether::selftest {

namespace {

using Clock = std::chrono::steady_clock;

using conformance::Spin;

// ---- handles

struct ForgetsAFile : DoubleStore {
  using DoubleStore::DoubleStore;
  const int forgotten = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
};

// A thread of each handle that nobody tells to end.
struct ForgetsAThread : DoubleStore {
  ForgetsAThread(std::shared_ptr<State> state, std::string name_space)
      : DoubleStore(std::move(state), std::move(name_space)) {
    std::thread([] { ::pause(); }).detach();
  }
};

// A save that a Close overtakes is dropped, and acknowledged.
struct AcknowledgesWhatCloseOvertakes : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    if (closed()) return Closed();
    Spin(std::chrono::microseconds(2));
    auto saved = DoubleStore::SaveEvent(event);
    if (!saved && saved.error().code() == ErrorCode::kClosed) return {};
    return saved;
  }
};

// ---- sequences

// Tidies up when a snapshot is taken, and takes the malformed records for rubbish.
struct SnapshotSweepsMalformedRecords : DoubleStore {
  using DoubleStore::DoubleStore;
  void SnapshotSaved(Stream& stream, const ActorSnapshot& snapshot) override {
    if (snapshot.version < stream.latest) return;
    std::erase_if(stream.records, [](const Record& record) { return !record.event; });
  }
};

// Rebuilds itself from the events when it is opened, and takes an actor with a malformed record for one without
// a snapshot.
struct ReopeningLosesASnapshotBesideDamage : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      const bool damaged = std::any_of(stream.records.begin(), stream.records.end(),
                                       [](const Record& record) { return !record.event; });
      if (damaged) stream.snapshot.reset();
    }
  }
};

// ---- calls at the same time

// A value that is served for some time once it was asked for. `stale` until then.
class ShortMemory {
 public:
  std::int64_t Remember(const std::string& key, std::int64_t now_true) {
    auto& [at, value] = known_[key];
    if (Clock::now() - at > std::chrono::milliseconds(1)) std::tie(at, value) = std::pair(Clock::now(), now_true);
    return value;
  }
  void Forget(const std::string& key) { known_.erase(key); }

 private:
  std::map<std::string, std::pair<Clock::time_point, std::int64_t>> known_;
};

// Each thread has a cache of the latest versions, good for a moment; a save clears that of its own thread.
struct RemembersAMomentPerThread : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view actor_id) override {
    return memory_[std::this_thread::get_id()].Remember(std::string(actor_id), stream.latest);
  }
  void Saved(Stream& stream, const Event& event) override {
    memory_[std::this_thread::get_id()].Forget(event.actor_id);
    DoubleStore::Saved(stream, event);
  }
  void Refused(Stream&, const Event& event) override { memory_[std::this_thread::get_id()].Forget(event.actor_id); }
  std::map<std::thread::id, ShortMemory> memory_;
};

// The same, of a handle.
struct RemembersAMomentPerHandle : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view actor_id) override {
    return memory_.Remember(std::string(actor_id), stream.latest);
  }
  void Saved(Stream& stream, const Event& event) override {
    memory_.Forget(event.actor_id);
    DoubleStore::Saved(stream, event);
  }
  void Refused(Stream&, const Event& event) override { memory_.Forget(event.actor_id); }
  ShortMemory memory_;
};

// Tells the writer before it tells the readers: they see a new event up to a millisecond after it was
// acknowledged, unless they are the writer.
struct AcknowledgesBeforeOthersSee : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream& stream, const Event& event) override {
    saved_at_[event.actor_id] = {Clock::now(), std::this_thread::get_id()};
    DoubleStore::Saved(stream, event);
  }
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (events.empty()) return events;
    const auto [at, writer] = saved_at_[events.back()->actor_id];
    const bool fresh = Clock::now() - at < std::chrono::milliseconds(1);
    if (fresh && writer != std::this_thread::get_id()) events.pop_back();
    return events;
  }
  std::map<std::string, std::pair<Clock::time_point, std::thread::id>> saved_at_;
};

// ---- processes

// Checks what it has read, then lets go and takes the lock again to append.
struct ChecksBeforeTheProcessLock : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  Result<void> SaveEvent(const Event& event) override {
    {
      const Alone alone(this);
      ReadOn();
      if (event.version <= LatestOf(event.actor_id)) return Refusal(event);
    }
    Spin(std::chrono::microseconds(1));
    checked_ = true;
    auto saved = ProcessDouble::SaveEvent(event);
    checked_ = false;
    return saved;
  }
  void RefreshForCheck() override {
    if (!checked_) ProcessDouble::RefreshForCheck();
  }
  bool checked_ = false;
};

// Reads the file for reads; the version check trusts what this process has seen.
struct TrustsItsVersions : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  void RefreshForCheck() override {}
  void Write(const std::string& line) override {
    ProcessDouble::Write(line);
    ReadOn();
  }
};

// The version check reads the file; reads are served from memory.
struct ReadsFromItsMemory : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  void Refresh() override {
    if (!std::exchange(started_, true)) ReadOn();
  }
  void RefreshForCheck() override { ReadOn(); }
  void Write(const std::string& line) override {
    ProcessDouble::Write(line);
    ReadOn();
  }
  bool started_ = false;
};

// Looks at the file for a read only if it has not just done so.
struct LooksNowAndThen : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  void Refresh() override {
    if (Clock::now() - looked_ < std::chrono::milliseconds(1)) return;
    looked_ = Clock::now();
    ReadOn();
  }
  void RefreshForCheck() override { ReadOn(); }
  void Write(const std::string& line) override {
    ProcessDouble::Write(line);
    ReadOn();
  }
  Clock::time_point looked_;
};

// Acknowledges what is still in a buffer of the process, which a handle writes when it is closed.
struct WritesInBlocks : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  ~WritesInBlocks() override { Append(block_); }
  void Refresh() override {
    Append(std::exchange(block_, ""));
    ReadOn();
  }
  void RefreshForCheck() override {}
  Result<void> SaveEvent(const Event& event) override {
    if (GetLatestVersion(event.actor_id).value() >= event.version) return Refusal(event);
    return ProcessDouble::SaveEvent(event);
  }
  void Write(const std::string& line) override {
    block_ += line;
    if (block_.size() > 400) Append(std::exchange(block_, ""));
  }
  std::string block_;
};

// Writes a record in two steps, and takes half a record for the ruin of the whole file.
struct StopsAtATornRecord : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  void Write(const std::string& line) override {
    Append(line.substr(0, line.size() / 2));
    Spin(std::chrono::microseconds(200));
    Append(line.substr(line.size() / 2));
  }
  Result<void> AtTornTail() override { return StoreError(ErrorCode::kCorrupt, "the file ends with half a record"); }
};

// Lets one process in at a time by a file that only a close removes.
struct LockFileOutlivesItsOwner : ProcessDouble {
  using ProcessDouble::ProcessDouble;
  ~LockFileOutlivesItsOwner() override {
    if (owns_) std::filesystem::remove(directory_ / "lock");
  }
  Result<void> Start() override {
    const int lock = ::open((directory_ / "lock").c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (lock < 0) return StoreError(ErrorCode::kUnavailable, "another process has the storage open");
    ::close(lock);
    owns_ = true;
    return {};
  }
  bool owns_ = false;
};

// Nobody is asked who has the storage open.
struct LetsASecondProcessIn : FileDouble {
  using FileDouble::FileDouble;
  Result<void> MayOpen() override { return {}; }
};

// Puts the file in order before it asks whether another process has it open.
struct TidiesUpBeforeItLocks : FileDouble {
  using FileDouble::FileDouble;
  Result<void> MayOpen() override {
    std::error_code ignored;
    std::filesystem::copy_file(directory_ / "events", directory_ / "events.tidy", ignored);
    std::filesystem::rename(directory_ / "events.tidy", directory_ / "events", ignored);
    return Lock();
  }
};

template <typename Store>
BrokenStore BrokenBetweenProcesses(std::string_view name, std::string_view rule, std::string_view fault) {
  return {name, rule, fault, SubjectOfProcessDouble<Store>(name), true};
}

}  // namespace

std::vector<BrokenStore> BrokenInHistories() {
  return {
      BrokenRace<ForgetsAFile>("forgets_a_file", "API-04", "a destroyed handle leaves a file open"),
      BrokenRace<ForgetsAThread>("forgets_a_thread", "API-04", "a destroyed handle leaves a thread running"),
      BrokenRace<AcknowledgesWhatCloseOvertakes>("acknowledges_what_close_overtakes", "INV-06",
                                                 "a save that Close overtakes is dropped, and acknowledged"),
      Broken<SnapshotSweepsMalformedRecords>("snapshot_sweeps_malformed_records", "HIST-01",
                                             "saving a snapshot removes malformed records"),
      Broken<ReopeningLosesASnapshotBesideDamage>("reopening_loses_a_snapshot_beside_damage", "HIST-01",
                                                  "after reopening, an actor with a malformed record has no "
                                                  "snapshot"),
      BrokenRace<RemembersAMomentPerThread>("remembers_a_moment_per_thread", "HIST-02",
                                    "each thread remembers latest versions for a moment"),
      BrokenRace<AcknowledgesBeforeOthersSee>("acknowledges_before_others_see", "HIST-02",
                                          "other threads see an event a moment late"),
      BrokenRace<RemembersAMomentPerHandle>("remembers_a_moment_per_handle", "HIST-03",
                                    "each handle remembers latest versions for a moment"),
      BrokenBetweenProcesses<ChecksBeforeTheProcessLock>(
          "checks_before_the_process_lock", "PROC-01", "a microsecond between check and append, in two processes"),
      BrokenBetweenProcesses<TrustsItsVersions>("trusts_its_versions", "PROC-02",
                                                "the version check uses a cache of the process"),
      BrokenBetweenProcesses<ReadsFromItsMemory>("reads_from_its_memory", "PROC-02",
                                                 "reads use a cache of the process"),
      BrokenBetweenProcesses<LooksNowAndThen>("looks_now_and_then", "PROC-03",
                                              "reads are up to a millisecond behind other processes"),
      BrokenBetweenProcesses<WritesInBlocks>("writes_in_blocks", "PROC-04",
                                             "events are acknowledged from a buffer of the process"),
      BrokenBetweenProcesses<StopsAtATornRecord>("stops_at_a_torn_record", "PROC-04",
                                                 "half a record at the end makes the storage unreadable"),
      BrokenBetweenProcesses<LockFileOutlivesItsOwner>("lock_file_outlives_its_owner", "PROC-04",
                                                       "a lock file keeps everybody out after a death"),
      {"lets_a_second_process_in", "PROC-05", "two processes have the storage open and know nothing of each other",
       SubjectOfFileDouble<LetsASecondProcessIn>("lets_a_second_process_in"), true},
      {"tidies_up_before_it_locks", "PROC-05", "a second process changes files before it is refused",
       SubjectOfFileDouble<TidiesUpBeforeItLocks>("tidies_up_before_it_locks"), true},
  };
}

}  // namespace aether::selftest
