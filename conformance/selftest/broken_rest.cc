// Stores that get retention, namespaces, invalid input or closing wrong.

#include <algorithm>

#include "broken_store.h"

namespace aether::selftest {

namespace {

struct ExpiresByCount : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Expired(const Record& record, const Stream& stream) override {
    return record.position + 3 < stream.latest || DoubleStore::Expired(record, stream);
  }
};

struct ExpiresTheNewestFirst : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Expired(const Record& record, const Stream& stream) override {
    const auto age = std::chrono::steady_clock::now() - stream.records.front().stored_at;
    return age > *state_->age && record.position == stream.records.back().position;
  }
};

struct ExpiryResetsTheVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  void AllExpired(Stream& stream) override { stream.latest = 0; }
};

struct IgnoresNamespaces : DoubleStore {
  using DoubleStore::DoubleStore;
  Key KeyOf(std::string_view actor_id) override { return {"", std::string(actor_id)}; }
};

struct VersionsAcrossNamespaces : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t LatestOf(const Stream& stream, std::string_view actor_id) override {
    std::int64_t latest = stream.latest;
    for (const auto& [key, other] : state_->streams) {
      if (key.second == actor_id) latest = std::max(latest, other.latest);
    }
    return latest;
  }
};

struct SanitisesNamespaces : DoubleStore {
  using DoubleStore::DoubleStore;
  Key KeyOf(std::string_view actor_id) override {
    Key key = {name_space_, std::string(actor_id)};
    for (char& c : key.first) {
      if (c == '.' || c == ' ' || c == '/' || c == '\\' || c == ':' || c == '*' || c == '>') c = '_';
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return key;
  }
};

// Checks everything but the field at hand.
template <void (*MakeSound)(Event*)>
struct DoesNotCheck : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    Event sound = event;
    MakeSound(&sound);
    return Validate(sound);
  }
};

void SoundActor(Event* event) {
  if (event->actor_id.empty()) event->actor_id = "a";
}
void SoundId(Event* event) {
  if (event->id.empty()) event->id = "e";
}
void SoundType(Event* event) {
  if (event->event_type.empty()) event->event_type = "t";
}
void SoundMetadata(Event* event) { event->metadata = Metadata(); }

struct NamesTheWrongField : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    auto valid = Validate(event);
    if (!valid && valid.error().field() == "commandId")
      return StoreError::InvalidEvent("event", "is invalid");
    return valid;
  }
};

struct InvalidEventTakesAVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    auto valid = Validate(event);
    if (valid || event.actor_id.empty()) return valid;
    const std::lock_guard lock(state_->mutex);
    ++state_->streams[KeyOf(event.actor_id)].latest;
    return valid;
  }
};

struct ReadsAfterClose : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    const std::lock_guard lock(state_->mutex);
    return state_->streams[KeyOf(actor_id)].latest;
  }
};

struct SavesAfterClose : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    if (!closed()) return DoubleStore::SaveEvent(event);
    const std::lock_guard lock(state_->mutex);
    Append(state_->streams[KeyOf(event.actor_id)], event);
    return Closed();
  }
};

// Close empties what all handles share.
struct CloseClosesAll : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Close() override {
    const std::lock_guard lock(state_->mutex);
    state_->streams.clear();
    return DoubleStore::Close();
  }
};

struct ExpiresByTheEventsTime : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Expired(const Record& record, const Stream&) override {
    return record.event &&
           Timestamp::Now().seconds - record.event->timestamp.seconds > state_->age->count();
  }
};

struct ReopeningCountsWhatIsLeft : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      if (stream.records.empty()) stream.latest = 0;
    }
  }
};

struct NamespacesShareSnapshots : DoubleStore {
  using DoubleStore::DoubleStore;
  Key SnapshotKeyOf(std::string_view actor_id) override { return {"snapshots", std::string(actor_id)}; }
};

struct NamespacesShareNotices : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    for (const auto& weak : state_->subscribers) {
      if (const auto subscriber = weak.lock()) subscriber->Add(notice);
    }
  }
};

struct NamespacesShareErrors : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override {
    auto replay = DoubleStore::GetEventsWithErrors(actor_id, from_version);
    if (!replay || name_space_.empty()) return replay;
    const std::lock_guard lock(state_->mutex);
    for (const ReplayError& error : Errors(state_->streams[{"", std::string(actor_id)}], from_version)) {
      replay->errors.push_back(error);
    }
    return replay;
  }
};

// A namespace and an actor id are put together with nothing that neither of them may hold.
template <char... kSeparator>
struct JoinsNames : DoubleStore {
  using DoubleStore::DoubleStore;
  Key KeyOf(std::string_view actor_id) override {
    if (name_space_.empty()) return {"", std::string(actor_id)};
    return {"joined", name_space_ + std::string({kSeparator...}) + std::string(actor_id)};
  }
};

struct InvalidSaveBlocksTheNext : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    auto valid = Validate(event);
    if (!valid) blocked_ = true;
    return valid;
  }
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest && !blocked_.exchange(false);
  }
  std::atomic<bool> blocked_ = false;
};

struct AnnouncesUntypedSaves : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    if (event.event_type.empty()) {
      const std::lock_guard lock(state_->mutex);
      Announce(EventStored::Of(event));
    }
    return Validate(event);
  }
};

struct SubscribesAfterClose : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override {
    const bool was_closed = closed_.exchange(false);
    auto subscription = DoubleStore::Subscribe(std::move(callback));
    closed_ = was_closed;
    return subscription;
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInTheRest() {
  return {
      BrokenRace<ExpiresByCount>("expires_by_count", "RET-01",
                                 "keeps four events, however young the others are"),
      BrokenRace<ExpiresTheNewestFirst>("expires_the_newest_first", "RET-01",
                                        "the last event expires first"),
      BrokenRace<ExpiryResetsTheVersion>("expiry_resets_the_version", "RET-02",
                                         "after expiry the version is 0 again"),
      Broken<IgnoresNamespaces>("ignores_namespaces", "NS-01", "all namespaces are one"),
      Broken<VersionsAcrossNamespaces>("versions_across_namespaces", "NS-01", "namespaces share versions"),
      Broken<SanitisesNamespaces>("sanitises_namespaces", "NS-02", "a.b and a_b are one namespace"),
      Broken<DoesNotCheck<SoundActor>>("takes_an_empty_actor", "INV-01", "an empty actor id is accepted"),
      Broken<DoesNotCheck<SoundId>>("takes_an_empty_id", "INV-02", "an empty event id is accepted"),
      Broken<DoesNotCheck<SoundType>>("takes_an_empty_type", "INV-03", "an empty type is accepted"),
      Broken<DoesNotCheck<SoundMetadata>>("takes_broken_utf8", "INV-04", "metadata may hold any bytes"),
      Broken<NamesTheWrongField>("names_the_wrong_field", "INV-04",
                                 "the error names no field of the event"),
      Broken<InvalidEventTakesAVersion>("invalid_event_takes_a_version", "INV-05",
                                        "a refused event raises the version"),
      Broken<ReadsAfterClose>("reads_after_close", "INV-06", "GetLatestVersion goes on after Close"),
      Broken<SavesAfterClose>("saves_after_close", "INV-06", "a save after Close is refused, and stored"),
      Broken<CloseClosesAll>("close_closes_all", "INV-07", "closing one handle empties the others"),
      BrokenRace<ExpiresByTheEventsTime>("expires_by_the_events_time", "RET-01",
                                         "age is counted from the event's own timestamp"),
      BrokenRace<ReopeningCountsWhatIsLeft>("reopening_counts_what_is_left", "RET-02",
                                            "after expiry and reopening the version is 0 again"),
      Broken<NamespacesShareSnapshots>("namespaces_share_snapshots", "NS-01", "namespaces share snapshots"),
      Broken<NamespacesShareNotices>("namespaces_share_notices", "NS-01",
                                     "subscribers are told of saves in other namespaces"),
      Broken<NamespacesShareErrors>("namespaces_share_errors", "NS-01",
                                    "malformed records are reported in other namespaces"),
      Broken<JoinsNames<>>("joins_names", "NS-02", "a with bc is ab with c"),
      Broken<JoinsNames<'.'>>("joins_names_with_a_dot", "NS-02", "a with b.c is a.b with c"),
      Broken<InvalidSaveBlocksTheNext>("invalid_save_blocks_the_next", "INV-05",
                                       "the save after an invalid one is refused"),
      Broken<AnnouncesUntypedSaves>("announces_untyped_saves", "INV-05",
                                    "an event without a type gives a notice"),
      Broken<SubscribesAfterClose>("subscribes_after_close", "INV-06", "Subscribe goes on after Close"),
  };
}

}  // namespace aether::selftest
