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
  Key SnapshotKeyOf(std::string_view actor_id) override {
    return {"snapshots of " + name_space_, std::string(actor_id)};
  }
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
std::string CutsAt2704(std::string id) { return id.substr(0, 2'704); }
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

// As PostgreSQL does with keys that it cannot compress.
struct RefusesOver2704Bytes : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    if (event.actor_id.size() > 2'704) {
      return StoreError::InvalidEvent("actorId", "is over 2,704 bytes");
    }
    return Validate(event);
  }
};

struct NothingAtTwo : DoubleStore {
  using DoubleStore::DoubleStore;
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream&) override {
    return version >= from_version && !(from_version == 2 && version == 2);
  }
};

// version > from - 1, which wraps at the least number there is.
struct LeastFromWraps : DoubleStore {
  using DoubleStore::DoubleStore;
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream&) override {
    return version > static_cast<std::int64_t>(static_cast<std::uint64_t>(from_version) - 1);
  }
};

// A read that begins where the second page does begins one too late.
struct FromSkipsAtThePageEdge : DoubleStore {
  using DoubleStore::DoubleStore;
  bool InRange(std::int64_t version, std::int64_t from_version, const Stream& stream) override {
    if (from_version == 257 && stream.records.size() > 512) return version > from_version;
    return version >= from_version;
  }
};

struct CachesLatestPerHandle : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view actor_id) override {
    return stream.latest == 0 ? 0 : known_.try_emplace(std::string(actor_id), stream.latest).first->second;
  }
  void Saved(Stream& stream, const Event& event) override {
    known_[event.actor_id] = event.version;
    DoubleStore::Saved(stream, event);
  }
  std::map<std::string, std::int64_t> known_;
};

// One read in ten thousand, of those by another thread than the last save's, gives a hole.
struct TearsOneReadInTenThousand : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream& stream, const Event& event) override {
    saver_ = std::this_thread::get_id();
    DoubleStore::Saved(stream, event);
  }
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (saver_ == std::this_thread::get_id()) return events;
    if (events.size() >= 2 && ++state_->reads_by_others % 10'000 == 0) events.erase(events.end() - 2);
    return events;
  }
  std::thread::id saver_;
};

struct RefusesOver32KiB : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    if (event.data.text().size() > 32 * 1024 + 100) return StoreError::InvalidEvent("data", "is too large");
    return Validate(event);
  }
};

// As String.hashCode() in Java.
std::string HashCode(std::string id) {
  std::uint32_t hash = 0;
  for (const char c : id) hash = hash * 31 + static_cast<unsigned char>(c);
  return std::to_string(hash);
}

std::string Crc32(std::string id) {
  std::uint32_t crc = 0xFFFFFFFF;
  for (const char c : id) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320 : 0);
  }
  return std::to_string(crc);
}

// As file names on Windows.
std::string DropsDotsAtTheEnd(std::string id) {
  while (id.size() > 1 && id.back() == '.') id.pop_back();
  return id;
}

std::string DropsZeroWidth(std::string id) { return Replaced(std::move(id), "\u200b", ""); }
std::string FoldsAccentedCase(std::string id) { return Replaced(std::move(id), "\u00c9", "\u00e9"); }

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
      BrokenRace<ShowsHalfEvents>("shows_half_events", "READ-05",
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
      Broken<FoldsIds<CutsAt2704>>("cuts_at_2704_bytes", "ID-06", "ids are cut at 2,704 bytes"),
      Broken<FoldsIds<StopsAtNul>>("stops_at_nul", "ID-07", "ids end at a NUL"),
      Broken<FoldsIds<DropsControls>>("drops_controls", "ID-07", "control bytes are dropped from ids"),
      Broken<RefusesOddIds>("refuses_odd_ids", "ID-08", "ids with > are refused"),
      Broken<RefusesOver2704Bytes>("refuses_over_2704_bytes", "ID-08", "ids over 2,704 bytes are refused"),
      Broken<NothingAtTwo>("nothing_at_two", "READ-01", "a read from version 2 leaves version 2 out"),
      Broken<LeastFromWraps>("least_from_wraps", "READ-01", "a read from -2^63 is empty"),
      Broken<FromSkipsAtThePageEdge>("from_skips_at_the_page_edge", "READ-06",
                                     "a read from the second page on leaves its first event out"),
      Broken<CachesLatestPerHandle>("caches_latest_per_handle", "READ-04",
                                    "a handle tells the latest version that it knew"),
      BrokenRace<TearsOneReadInTenThousand>("tears_one_read_in_ten_thousand", "READ-05",
                                            "one concurrent read in ten thousand has a hole"),
      Broken<RefusesOver32KiB>("refuses_over_32_kib", "READ-07", "data over 32 KiB is refused"),
      Broken<FoldsIds<HashCode>>("keys_by_hash_code", "ID-06", "ids with one hash code are one actor"),
      Broken<FoldsIds<Crc32>>("keys_by_crc_32", "ID-06", "ids with one CRC-32 are one actor"),
      Broken<FoldsIds<DropsDotsAtTheEnd>>("drops_dots_at_the_end", "ID-05", "dots at the end are dropped"),
      Broken<FoldsIds<DropsZeroWidth>>("drops_zero_width", "ID-03", "zero-width spaces are dropped"),
      Broken<FoldsIds<FoldsAccentedCase>>("folds_accented_case", "ID-02",
                                          "accented letters lose their case"),
  };
}

}  // namespace aether::selftest
