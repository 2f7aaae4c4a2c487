// Stores that get snapshots wrong.

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>

#include "broken_store.h"

namespace aether::selftest {

namespace {

struct EmptySnapshotForUnknown : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override {
    auto snapshot = DoubleStore::GetLatestSnapshot(actor_id);
    if (snapshot && !*snapshot) return std::optional(ActorSnapshot{std::string(actor_id), 0, {}, {}});
    return snapshot;
  }
};

struct UnknownSnapshotIsAnError : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override {
    auto snapshot = DoubleStore::GetLatestSnapshot(actor_id);
    if (snapshot && !*snapshot) return StoreError(ErrorCode::kNotFound, "no snapshot");
    return snapshot;
  }
};

struct CutsSnapshotTime : DoubleStore {
  using DoubleStore::DoubleStore;
  using DoubleStore::Keep;
  ActorSnapshot Keep(const ActorSnapshot& snapshot) override {
    ActorSnapshot kept = snapshot;
    kept.timestamp.nanoseconds -= kept.timestamp.nanoseconds % 1'000'000;
    return kept;
  }
};

struct LastWrittenWins : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Replaces(const ActorSnapshot&, const ActorSnapshot&) override { return true; }
};

struct FirstWrittenWins : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Replaces(const ActorSnapshot& old, const ActorSnapshot& snapshot) override {
    return snapshot.version > old.version;
  }
};

struct SnapshotRaisesTheVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  void SnapshotSaved(Stream& stream, const ActorSnapshot& snapshot) override {
    stream.latest = std::max(stream.latest, snapshot.version);
  }
};

struct SnapshotDropsEvents : DoubleStore {
  using DoubleStore::DoubleStore;
  void SnapshotSaved(Stream& stream, const ActorSnapshot& snapshot) override {
    std::erase_if(stream.records,
                  [&](const Record& record) { return record.position <= snapshot.version; });
  }
};

struct RefusesAheadOfEvents : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override {
    const auto latest = GetLatestVersion(snapshot.actor_id);
    if (latest && snapshot.version > *latest)
      return StoreError::InvalidEvent("version", "is ahead of the events");
    return DoubleStore::SaveSnapshot(snapshot);
  }
};

struct SanitisesSnapshotKeys : DoubleStore {
  using DoubleStore::DoubleStore;
  Key SnapshotKeyOf(std::string_view actor_id) override {
    Key key = {"snapshots of " + name_space_, std::string(actor_id)};
    for (char& c : key.second) {
      if (c == '.' || c == ' ' || c == '/' || c == '-') c = '_';
    }
    return key;
  }
};

struct SnapshotsAreNotKept : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) stream.snapshot.reset();
  }
};

struct SnapshotNumbersAreDoubles : DoubleStore {
  using DoubleStore::DoubleStore;
  using DoubleStore::Keep;
  ActorSnapshot Keep(const ActorSnapshot& snapshot) override {
    ActorSnapshot kept = snapshot;
    nlohmann::json state = nlohmann::json::parse(snapshot.state.text(), nullptr, false);
    if (!state.is_object()) return kept;
    for (nlohmann::json& value : state) {
      if (value.is_number_integer() && std::abs(value.get<double>()) > 9007199254740992.0) {
        value = value.get<double>();
      }
    }
    kept.state = JsonObject::Trusted(state.dump());
    return kept;
  }
};

// Compares, lets go of the lock, and writes.
struct SnapshotsRace : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override {
    if (closed()) return Closed();
    if (auto valid = Validate(snapshot); !valid) return valid;
    {
      const std::lock_guard lock(state_->mutex);
      const auto& old = state_->streams[SnapshotKeyOf(snapshot.actor_id)].snapshot;
      if (old && old->version > snapshot.version) return {};
    }
    std::this_thread::yield();
    const std::lock_guard lock(state_->mutex);
    state_->streams[SnapshotKeyOf(snapshot.actor_id)].snapshot = snapshot;
    return {};
  }
};

// A handle compares with what it has written itself.
struct KnowsItsOwnSnapshots : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Replaces(const ActorSnapshot&, const ActorSnapshot& snapshot) override {
    std::int64_t& own = own_[snapshot.actor_id];
    if (snapshot.version < own) return false;
    own = snapshot.version;
    return true;
  }
  std::map<std::string, std::int64_t> own_;
};

// The check begins at the snapshot.
struct SnapshotRelaxesTheCheck : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t LatestOf(const Stream& stream, std::string_view) override {
    return stream.snapshot ? std::min(stream.latest, stream.snapshot->version) : stream.latest;
  }
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override { return stream.latest; }
};

struct ConflictNamesTheSnapshot : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    const auto& snapshot = state_->streams[KeyOf(event.actor_id)].snapshot;
    return StoreError::Conflict(event.actor_id, event.version,
                                snapshot ? std::max(latest, snapshot->version) : latest);
  }
};

struct ReopeningEmptiesSnapshots : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      if (stream.snapshot) stream.snapshot->state = JsonObject();
    }
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInSnapshots() {
  return {
      Broken<EmptySnapshotForUnknown>("empty_snapshot_for_unknown", "SNAP-01",
                                      "an unknown actor has an empty one"),
      Broken<UnknownSnapshotIsAnError>("unknown_snapshot_is_an_error", "SNAP-01",
                                       "none is told as an error"),
      Broken<CutsSnapshotTime>("cuts_snapshot_time", "SNAP-02", "the snapshot's time has milliseconds"),
      Broken<LastWrittenWins>("last_written_wins", "SNAP-03", "a snapshot of an older version wins"),
      Broken<FirstWrittenWins>("first_written_wins", "SNAP-04", "one of an equal version is ignored"),
      Broken<SnapshotRaisesTheVersion>("snapshot_raises_the_version", "SNAP-05",
                                       "a snapshot raises the version"),
      Broken<SnapshotDropsEvents>("snapshot_drops_events", "SNAP-05",
                                  "events below a snapshot are dropped"),
      Broken<RefusesAheadOfEvents>("refuses_ahead_of_events", "SNAP-06",
                                   "one ahead of the events is refused"),
      Broken<SanitisesSnapshotKeys>("sanitises_snapshot_keys", "SNAP-07", "a.b and a_b share a snapshot"),
      Broken<SnapshotsAreNotKept>("snapshots_are_not_kept", "SNAP-08", "reopening loses snapshots"),
      Broken<SnapshotNumbersAreDoubles>("snapshot_numbers_are_doubles", "SNAP-02",
                                        "integers in a state go through doubles"),
      BrokenRace<SnapshotsRace>("snapshots_race", "SNAP-03",
                                "a snapshot is compared before it is written, without a lock"),
      Broken<KnowsItsOwnSnapshots>("knows_its_own_snapshots", "SNAP-03",
                                   "a handle compares with its own snapshots only"),
      Broken<SnapshotRelaxesTheCheck>("snapshot_relaxes_the_check", "SNAP-05",
                                      "saves are checked against an older snapshot"),
      Broken<ConflictNamesTheSnapshot>("conflict_names_the_snapshot", "SNAP-05",
                                       "a conflict names the snapshot's version"),
      Broken<ReopeningEmptiesSnapshots>("reopening_empties_snapshots", "SNAP-08",
                                        "reopening loses the states of snapshots"),
  };
}

}  // namespace aether::selftest
