// Stores that get snapshots wrong.

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
  };
}

}  // namespace aether::selftest
