// Stores that read wrongly, and stores that fold actor ids together.

#include <algorithm>
#include <set>
#include <thread>

#include "broken_store.h"

namespace aether::selftest {

namespace {

struct FromIsExclusive : DoubleStore {
  using DoubleStore::DoubleStore;
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream&) override {
    return from_version <= 0 || version > from_version;
  }
};

struct FromIsAPosition : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override { return events; }
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream& stream) override {
    std::int64_t position = 0;
    for (const Record& record : stream.records) {
      if (record.event && record.event->version <= version) ++position;
    }
    return position >= from_version;
  }
};

struct NothingFromTheLatest : DoubleStore {
  using DoubleStore::DoubleStore;
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream& stream) override {
    return version >= from_version && (from_version != stream.latest || from_version <= 1);
  }
};

struct UnknownIsNotFound : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    auto events = DoubleStore::GetEvents(actor_id, from_version);
    const auto latest = GetLatestVersion(actor_id);
    if (latest && *latest == 0) return StoreError(ErrorCode::kNotFound, "no such actor");
    return events;
  }
};

// The first read after a save does not see it.
struct SeenAtTheSecondRead : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream& stream, const Event& event) override {
    DoubleStore::Saved(stream, event);
    fresh_ = event.id;
  }
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (!events.empty() && events.back()->id == std::exchange(fresh_, "")) events.pop_back();
    return events;
  }
  std::string fresh_;
};

// A handle reads an actor from a cache of its own until it saves to it.
struct CachesReadsPerHandle : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    if (closed() || from_version > 0) return DoubleStore::GetEvents(actor_id, from_version);
    const std::lock_guard lock(mutex_);
    const auto known = cache_.find(std::string(actor_id));
    if (known != cache_.end()) return known->second;
    auto events = DoubleStore::GetEvents(actor_id, from_version);
    if (events && !events->empty()) cache_[std::string(actor_id)] = *events;
    return events;
  }
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    const std::lock_guard lock(mutex_);
    cache_.erase(event.actor_id);
    return saved;
  }
  std::mutex mutex_;
  std::map<std::string, std::vector<EventPtr>> cache_;
};

// The record becomes visible before its content is there.
struct ShowsHalfEvents : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    Event half = event;
    half.data = JsonObject();
    auto saved = DoubleStore::SaveEvent(half);
    if (!saved) return saved;
    std::this_thread::yield();
    const std::lock_guard lock(state_->mutex);
    for (Record& record : state_->streams[KeyOf(event.actor_id)].records) {
      if (record.event && record.event->id == event.id) record.event = std::make_shared<const Event>(event);
    }
    return saved;
  }
};

template <std::size_t kPage>
struct CutsAtAPage : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (events.size() > kPage) events.resize(kPage);
    return events;
  }
};

// The second page begins one too late.
struct SkipsAtThePageEdge : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (events.size() > 256) events.erase(events.begin() + 256);
    return events;
  }
};

struct TruncatesLargeEvents : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    if (event.data.text().size() > 512 * 1024) kept.data = JsonObject::Trusted(R"({"truncated":true})");
    return kept;
  }
};

struct RefusesLargeEventsTooLate : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    if (saved && event.data.text().size() > 256 * 1024)
      return StoreError::InvalidEvent("data", "is too large");
    return saved;
  }
};

struct BothReadsDiffer : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override {
    auto replay = DoubleStore::GetEventsWithErrors(actor_id, from_version);
    if (replay && from_version > 1 && !replay->events.empty()) replay->events.pop_back();
    return replay;
  }
};

// As a queue would: what was read three times is gone.
struct ReadingConsumes : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    auto events = DoubleStore::GetEvents(actor_id, from_version);
    const std::lock_guard lock(state_->mutex);
    if (!closed() && ++reads_[std::string(actor_id)] == 3) {
      auto& records = state_->streams[KeyOf(actor_id)].records;
      if (!records.empty()) records.erase(records.begin());
    }
    return events;
  }
  std::map<std::string, int> reads_;
};

template <std::string (*Fold)(std::string)>
struct FoldsIds : DoubleStore {
  using DoubleStore::DoubleStore;
  Key KeyOf(std::string_view actor_id) override { return {name_space_, Fold(std::string(actor_id))}; }
};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

std::string DotsToUnderscores(std::string id) { return Replaced(std::move(id), ".", "_"); }
std::string SpacesToUnderscores(std::string id) { return Replaced(std::move(id), " ", "_"); }

// Escapes odd characters, and forgets the escape character itself.
std::string EscapesHalfway(std::string id) { return Replaced(std::move(id), ".", "=2E"); }

std::string LowerCase(std::string id) {
  for (char& c : id) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return id;
}

std::string ComposesAccents(std::string id) { return Replaced(std::move(id), "e\u0301", "\u00e9"); }
std::string CompatibilityForms(std::string id) { return Replaced(std::move(id), "\ufb01", "fi"); }
std::string DecodesPercent(std::string id) {
  return Replaced(Replaced(std::move(id), "%2e", "."), "%2E", ".");
}
std::string ResolvesPaths(std::string id) { return Replaced(std::move(id), "a/../", ""); }
std::string StarsMatch(std::string id) { return Replaced(std::move(id), "*", ">"); }

std::string TrimsTheEnd(std::string id) {
  while (id.size() > 1 && (id.back() == ' ' || id.back() == '\t' || id.back() == '\n')) id.pop_back();
  return id;
}

std::string CutsAt255(std::string id) { return id.substr(0, 255); }
std::string CutsAt999(std::string id) { return id.substr(0, 999); }
std::string StopsAtNul(std::string id) { return id.substr(0, id.find('\0')); }

std::string DropsControls(std::string id) {
  std::erase_if(id, [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\0'; });
  return id;
}

struct RefusesOddIds : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    if (event.actor_id.find('>') != std::string::npos)
      return StoreError::InvalidEvent("actorId", "holds a >");
    return Validate(event);
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInReading() {
  return {
      Broken<FromIsExclusive>("from_is_exclusive", "READ-01", "from-version leaves out its own event"),
      Broken<FromIsAPosition>("from_is_a_position", "READ-01", "from-version counts positions"),
      Broken<NothingFromTheLatest>("nothing_from_the_latest", "READ-01",
                                   "a read from the latest version is empty"),
      Broken<UnknownIsNotFound>("unknown_is_not_found", "READ-02", "reading an unknown actor is an error"),
      Broken<SeenAtTheSecondRead>("seen_at_the_second_read", "READ-03",
                                  "the first read misses the last save"),
      Broken<CachesReadsPerHandle>("caches_reads_per_handle", "READ-04",
                                   "a handle reads from its own cache"),
      Broken<ShowsHalfEvents>("shows_half_events", "READ-05",
                              "an event is visible before its data is there"),
      Broken<CutsAtAPage<1000>>("cuts_at_1000", "READ-06", "a read gives 1,000 events at most"),
      Broken<CutsAtAPage<4096>>("cuts_at_4096", "READ-06", "a read gives 4,096 events at most"),
      Broken<SkipsAtThePageEdge>("skips_at_the_page_edge", "READ-06", "the 257th event is left out"),
      Broken<TruncatesLargeEvents>("truncates_large_events", "READ-07", "data over 512 KiB is cut"),
      Broken<RefusesLargeEventsTooLate>("refuses_large_events_too_late", "READ-07",
                                        "a large event is stored and then refused"),
      Broken<BothReadsDiffer>("both_reads_differ", "READ-08", "GetEventsWithErrors misses the last event"),
      Broken<ReadingConsumes>("reading_consumes", "READ-09", "the third read takes an event away"),
      Broken<FoldsIds<DotsToUnderscores>>("dots_to_underscores", "ID-01", "a.b and a_b are one actor"),
      Broken<FoldsIds<SpacesToUnderscores>>("spaces_to_underscores", "ID-01",
                                            "\"a b\" and a_b are one actor"),
      Broken<FoldsIds<EscapesHalfway>>("escapes_halfway", "ID-01", "a.b and a=2Eb are one actor"),
      Broken<FoldsIds<LowerCase>>("lower_cases_ids", "ID-02", "abc and ABC are one actor"),
      Broken<FoldsIds<ComposesAccents>>("composes_accents", "ID-03",
                                        "composed and decomposed forms are one actor"),
      Broken<FoldsIds<CompatibilityForms>>("compatibility_forms", "ID-03", "a ligature is its letters"),
      Broken<FoldsIds<DecodesPercent>>("decodes_percent", "ID-04", "%2e is a dot"),
      Broken<FoldsIds<ResolvesPaths>>("resolves_paths", "ID-04", "a/../b is b"),
      Broken<FoldsIds<StarsMatch>>("stars_match", "ID-04", "* and > are one actor"),
      Broken<FoldsIds<TrimsTheEnd>>("trims_the_end", "ID-05", "white space at the end is trimmed"),
      Broken<FoldsIds<CutsAt255>>("cuts_at_255", "ID-06", "ids are cut at 255 bytes"),
      Broken<FoldsIds<CutsAt999>>("cuts_at_999_bytes", "ID-06", "ids are cut at 999 bytes"),
      Broken<FoldsIds<StopsAtNul>>("stops_at_nul", "ID-07", "ids end at a NUL"),
      Broken<FoldsIds<DropsControls>>("drops_controls", "ID-07", "control bytes are dropped from ids"),
      Broken<RefusesOddIds>("refuses_odd_ids", "ID-08", "ids with > are refused"),
  };
}

}  // namespace aether::selftest
