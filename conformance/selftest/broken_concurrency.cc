// Stores whose optimistic concurrency does not hold. Check and append take the lock one after the other,
// not at the same time: wrong, but no data race.

#include <algorithm>
#include <thread>

#include "broken_store.h"
#include "racing.h"

namespace aether::selftest {

namespace {

using conformance::Spin;

constexpr auto kWindow = std::chrono::microseconds(1);

// What a table with a key of actor and version does: it refuses the same version twice, and reads by
// version.
bool HoldsVersion(const Stream& stream, std::int64_t version) {
  return std::any_of(stream.records.begin(), stream.records.end(),
                     [&](const Record& record) { return record.event && record.position == version; });
}

void SortByVersion(Stream* stream) {
  std::stable_sort(stream->records.begin(), stream->records.end(),
                   [](const Record& a, const Record& b) { return a.position < b.position; });
}

struct AcceptsEqual : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest || (event.version == latest && latest > 0);
  }
};

struct AcceptsOneBelow : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest || (latest > 1 && event.version == latest - 1);
  }
};

struct RefusesWithInvalid : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event&, std::int64_t) override {
    return StoreError::InvalidEvent("version", "is too low");
  }
};

struct IgnoresStaleSaves : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    if (!saved && saved.error().code() == ErrorCode::kVersionConflict) return {};
    return saved;
  }
};

struct SwapsVersions : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    return StoreError::Conflict(event.actor_id, latest, event.version);
  }
};

struct CurrentIsOneOff : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    return StoreError::Conflict(event.actor_id, event.version, latest + 1);
  }
};

struct ConflictWithoutActor : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    return StoreError::Conflict("", event.version, latest);
  }
};

struct ConflictBumpsTheCounter : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event&) override { ++stream.latest; }
};

struct ConflictBlocksTheNext : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest && !std::exchange(blocked_, false);
  }
  void Refused(Stream&, const Event&) override { blocked_ = true; }
  bool blocked_ = false;
};

// A save in two steps with the lock let go between them. `guarded` says whether the second step looks
// again.
struct TwoSteps : DoubleStore {
  using DoubleStore::DoubleStore;

  Result<void> SaveEvent(const Event& event) override {
    if (closed()) return Closed();
    if (auto valid = Check(event); !valid) return valid;
    std::int64_t latest = 0;
    {
      const std::lock_guard lock(state_->mutex);
      latest = LatestOf(state_->streams[KeyOf(event.actor_id)], event.actor_id);
      if (event.version <= latest) return Refusal(event, latest);
    }
    Spin(Window());
    const std::lock_guard lock(state_->mutex);
    Stream& stream = state_->streams[KeyOf(event.actor_id)];
    return SecondStep(stream, event, latest);
  }

  virtual std::chrono::nanoseconds Window() { return kWindow; }
  virtual Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t seen) = 0;

  Result<void> Store(Stream& stream, const Event& event) {
    Append(stream, event);
    SortByVersion(&stream);
    Saved(stream, event);
    return {};
  }

  Result<void> StoreIfAbove(Stream& stream, const Event& event) {
    if (event.version <= stream.latest) return Refusal(event, stream.latest);
    return Store(stream, event);
  }
};

// Whoever finds that somebody was faster gives up, though its version may still be above the latest.
struct GivesUpALostRace : TwoSteps {
  using TwoSteps::TwoSteps;
  Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t seen) override {
    if (stream.latest != seen) return Refusal(event, std::max(stream.latest, event.version));
    return Store(stream, event);
  }
};

struct ChecksThenAppends : TwoSteps {
  using TwoSteps::TwoSteps;
  Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t seen) override {
    return seen > 0 ? Store(stream, event) : StoreIfAbove(stream, event);
  }
};

struct FirstEventIsNotGuarded : TwoSteps {
  using TwoSteps::TwoSteps;
  Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t seen) override {
    return seen == 0 ? Store(stream, event) : StoreIfAbove(stream, event);
  }
};

// A lock of the handle, where one of the storage is needed.
struct LocksTheHandleOnly : TwoSteps {
  using TwoSteps::TwoSteps;
  Result<void> SaveEvent(const Event& event) override {
    const std::lock_guard lock(mutex_);
    return TwoSteps::SaveEvent(event);
  }
  Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t) override {
    return Store(stream, event);
  }
  std::mutex mutex_;
};

// Transactions that do not lock, and a key: a version is stored once, but a lower one goes into a gap. The
// time between the two is that of a statement on a server.
struct ChecksBeforeTheLockWithAKey : TwoSteps {
  using TwoSteps::TwoSteps;
  std::chrono::nanoseconds Window() override { return std::chrono::microseconds(200); }
  Result<void> SecondStep(Stream& stream, const Event& event, std::int64_t) override {
    if (HoldsVersion(stream, event.version)) return Refusal(event, stream.latest);
    return Store(stream, event);
  }
};

// A thread that has asked once is told the same until it saves something itself.
struct RemembersTheLatestPerThread : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view actor_id) override {
    return known_.try_emplace({std::this_thread::get_id(), std::string(actor_id)}, stream.latest)
        .first->second;
  }
  void Saved(Stream& stream, const Event& event) override {
    known_.insert_or_assign({std::this_thread::get_id(), event.actor_id}, event.version);
    DoubleStore::Saved(stream, event);
  }
  std::map<std::pair<std::thread::id, std::string>, std::int64_t> known_;
};

// Acknowledges and drops, now and then, when another thread saved the event before.
struct DropsWhenThreadsAlternate : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    const auto before = std::exchange(last_[event.actor_id], std::this_thread::get_id());
    const bool alternates = before != std::thread::id() && before != std::this_thread::get_id();
    if (alternates && ++count_ % 3 == 0) return;
    DoubleStore::Append(stream, event);
  }
  std::map<std::string, std::thread::id> last_;
  int count_ = 0;
};

struct StoresTwiceWhenThreadsAlternate : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    const auto before = std::exchange(last_[event.actor_id], std::this_thread::get_id());
    DoubleStore::Append(stream, event);
    if (before != std::thread::id() && before != std::this_thread::get_id())
      DoubleStore::Append(stream, event);
  }
  std::map<std::string, std::thread::id> last_;
};

struct CachesVersionsPerHandle : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t LatestOf(const Stream& stream, std::string_view actor_id) override {
    const auto known = known_.find(std::string(actor_id));
    return known == known_.end() ? stream.latest : known->second;
  }
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override { return stream.latest; }
  void Saved(Stream& stream, const Event& event) override {
    known_[event.actor_id] = event.version;
    DoubleStore::Saved(stream, event);
  }
  std::map<std::string, std::int64_t> known_;
};

// The same beside a key: no version is taken twice, but a handle that knows an old one fills the gaps.
struct CachesVersionsBesideAKey : CachesVersionsPerHandle {
  using CachesVersionsPerHandle::CachesVersionsPerHandle;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest && !HoldsVersion(state_->streams[KeyOf(event.actor_id)], event.version);
  }
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    return StoreError::Conflict(event.actor_id, event.version, std::max(latest, event.version));
  }
  void Append(Stream& stream, const Event& event) override {
    DoubleStore::Append(stream, event);
    SortByVersion(&stream);
  }
};

// What is known is forgotten after 2 ms: a slower caller that makes one call after the other sees nothing
// wrong.
struct TrustsAVersionForAWhile : CachesVersionsBesideAKey {
  using CachesVersionsBesideAKey::CachesVersionsBesideAKey;
  using Clock = std::chrono::steady_clock;
  std::int64_t LatestOf(const Stream& stream, std::string_view actor_id) override {
    const std::string actor(actor_id);
    if (Clock::now() - asked_at_[actor] > std::chrono::milliseconds(2)) {
      known_[actor] = stream.latest;
      asked_at_[actor] = Clock::now();
    }
    return known_[actor];
  }
  void Saved(Stream& stream, const Event& event) override {
    CachesVersionsBesideAKey::Saved(stream, event);
    asked_at_[event.actor_id] = Clock::now();
  }
  std::map<std::string, Clock::time_point> asked_at_;
};

struct RetryIsSuccess : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    if (saved || saved.error().code() != ErrorCode::kVersionConflict) return saved;
    const auto events = GetEvents(event.actor_id, event.version);
    for (const EventPtr& stored : events.value()) {
      if (*stored == event) return {};
    }
    return saved;
  }
};

struct RetryIsStoredTwice : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event& event) override {
    for (std::size_t i = 0; i < stream.records.size(); ++i) {
      const Record record = stream.records[i];
      if (!record.event || !(*record.event == event)) continue;
      stream.records.insert(stream.records.begin() + static_cast<std::ptrdiff_t>(i), record);
      return;
    }
  }
};

struct ChecksTheFirstPageOnly : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t LatestOf(const Stream& stream, std::string_view) override {
    return stream.records.size() > 256 ? stream.records[255].position : stream.latest;
  }
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override { return stream.latest; }
};

// The refused save is in the log that the counters are rebuilt from.
struct ConflictCountsAfterReopening : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event&) override {
    if (!stream.records.empty()) stream.records.back().position = stream.latest + 1;
  }
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      if (!stream.records.empty()) stream.latest = stream.records.back().position;
    }
  }
};

struct DropsOneInAThousand : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    if (++count_ % 1000 == 0) {
      stream.latest = event.version;
    } else {
      DoubleStore::Append(stream, event);
    }
  }
  int count_ = 0;
};

// Only the very last save is known again, as from a field that a client's retry is compared with.
struct LastSaveAgainIsSuccess : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    const std::lock_guard lock(mutex_);
    if (saved) last_ = event;
    if (!saved && saved.error().code() == ErrorCode::kVersionConflict && event == last_) return {};
    return saved;
  }
  std::mutex mutex_;
  Event last_;
};

}  // namespace

std::vector<BrokenStore> BrokenInConcurrency() {
  return {
      Broken<AcceptsEqual>("accepts_equal", "CON-01", "a save of the latest version is accepted"),
      Broken<AcceptsOneBelow>("accepts_one_below", "CON-01",
                              "a save one below the latest version is accepted"),
      Broken<RefusesWithInvalid>("refuses_with_invalid", "CON-01",
                                 "a stale save is told as an invalid event"),
      Broken<IgnoresStaleSaves>("ignores_stale_saves", "CON-01",
                                "a stale save is ignored and acknowledged"),
      Broken<SwapsVersions>("swaps_versions", "CON-02", "attempted and current version are swapped"),
      Broken<CurrentIsOneOff>("current_is_one_off", "CON-02", "the current version is one too high"),
      Broken<ConflictWithoutActor>("conflict_without_actor", "CON-02", "the conflict names no actor"),
      Broken<ConflictBumpsTheCounter>("conflict_bumps_the_counter", "CON-03",
                                      "a conflict raises the latest version"),
      Broken<ConflictBlocksTheNext>("conflict_blocks_the_next", "CON-03",
                                    "the save after a conflict is refused"),
      BrokenRace<GivesUpALostRace>("gives_up_a_lost_race", "CON-04",
                                   "a racing save above the latest is refused"),
      BrokenRace<ChecksThenAppends>("checks_then_appends", "CON-05",
                                    "a microsecond between check and append"),
      BrokenRace<FirstEventIsNotGuarded>("first_event_is_not_guarded", "CON-06",
                                         "the first event is checked a microsecond before it is appended"),
      BrokenRace<LocksTheHandleOnly>("locks_the_handle_only", "CON-07",
                                     "each handle has a lock of its own"),
      BrokenRace<RemembersTheLatestPerThread>("remembers_the_latest_per_thread", "CON-08",
                                              "a reload answers what the thread knew before"),
      BrokenRace<DropsWhenThreadsAlternate>("drops_when_threads_alternate", "CON-09",
                                            "acknowledged events are dropped when threads take turns"),
      BrokenRace<StoresTwiceWhenThreadsAlternate>("stores_twice_when_threads_alternate", "CON-09",
                                                  "events are stored twice when threads take turns"),
      Broken<CachesVersionsPerHandle>("caches_versions_per_handle", "CON-10",
                                      "a handle trusts a version cache"),
      Broken<CachesVersionsBesideAKey>(
          "caches_versions_beside_a_key", "CON-10",
          "a handle trusts a version cache, and a key refuses a version twice"),
      Broken<RetryIsSuccess>("retry_is_success", "CON-11", "the same save again is acknowledged"),
      Broken<RetryIsStoredTwice>("retry_is_stored_twice", "CON-11",
                                 "the same save again is refused, and stored"),
      BrokenRace<ChecksBeforeTheLockWithAKey>(
          "checks_before_the_lock_with_a_key", "CON-12",
          "200 microseconds between check and append, and a key that refuses a version twice"),
      BrokenRace<TrustsAVersionForAWhile>(
          "trusts_a_version_for_a_while", "CON-12",
          "a handle checks by what it knew up to 2 ms before, and a key refuses a version twice"),
      Broken<ChecksTheFirstPageOnly>("checks_the_first_page_only", "CON-01",
                                     "beyond 256 events saves are checked against the 256th"),
      Broken<ConflictCountsAfterReopening>("conflict_counts_after_reopening", "CON-03",
                                           "a conflict raises the latest version once reopened"),
      BrokenRace<DropsOneInAThousand>("drops_one_in_a_thousand", "CON-09",
                                      "one acknowledged event in a thousand is dropped"),
      Broken<LastSaveAgainIsSuccess>("last_save_again_is_success", "CON-11",
                                     "the last save again is acknowledged, older ones are not"),
  };
}

}  // namespace aether::selftest
