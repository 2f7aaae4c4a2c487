// Stores that get versions wrong.

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "broken_store.h"

namespace aether::selftest {

namespace {

std::string Text(std::int64_t version) { return std::to_string(version); }

// As a hash table would, once it has more than 16 entries.
struct OrdersByHash : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (events.size() > 16) {
      std::stable_sort(events.begin(), events.end(), [](const EventPtr& a, const EventPtr& b) {
        return a->version % 16 < b->version % 16;
      });
    }
    return events;
  }
};

struct DescendsFromAVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t from_version) override {
    if (from_version > 1) std::reverse(events.begin(), events.end());
    return events;
  }
};

struct WantsTheNextVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override { return event.version == latest + 1; }
};

struct RefusesWideGaps : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest && event.version - latest < 1'000'000;
  }
};

struct TellsTheCount : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return static_cast<std::int64_t>(stream.records.size());
  }
};

struct TellsTheFirst : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return stream.records.size() < 4 ? stream.latest : stream.records[3].position;
  }
};

struct UnknownIsMinusOne : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return stream.latest == 0 ? -1 : stream.latest;
  }
};

// Takes a save for a repetition when the save before it, of whatever actor, had the same version.
struct MixesUpActors : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    const bool repeated = event.version == before_ && event.version > 1;
    before_ = event.version;
    return event.version > latest && !repeated;
  }
  std::int64_t before_ = 0;
};

struct FirstEventUnchecked : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return latest == 0 || event.version > latest;
  }
};

struct FirstVersionMayBeZero : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > latest || (latest == 0 && event.version == 0);
  }
};

struct NextVersionOverflows : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version >= static_cast<std::int64_t>(static_cast<std::uint64_t>(latest) + 1);
  }
};

struct VersionsAreDoubles : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return static_cast<double>(event.version) > static_cast<double>(latest);
  }
};

struct VersionsHave32Bits : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return static_cast<std::uint32_t>(event.version) > static_cast<std::uint32_t>(latest);
  }
};

struct ComparesAsText : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    return event.version > 0 && Text(event.version) > Text(latest);
  }
};

struct SortsAsText : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    std::stable_sort(events.begin(), events.end(), [](const EventPtr& a, const EventPtr& b) {
      return Text(a->version) < Text(b->version);
    });
    return events;
  }
};

// A look at the first page only.
struct LatestOfTheFirstPage : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return stream.records.size() > 256 ? stream.records[255].position : stream.latest;
  }
};

struct LatestHas32Bits : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return static_cast<std::int32_t>(stream.latest);
  }
};

// Every third change of the saving thread puts the new event before the last one.
struct ReordersBetweenThreads : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    DoubleStore::Append(stream, event);
    const auto before = std::exchange(last_[event.actor_id], std::this_thread::get_id());
    const bool alternates = before != std::thread::id() && before != std::this_thread::get_id();
    if (alternates && ++changes_[event.actor_id] % 3 == 0 && stream.records.size() > 1) {
      std::swap(stream.records.back(), stream.records[stream.records.size() - 2]);
    }
  }
  std::map<std::string, std::thread::id> last_;
  std::map<std::string, int> changes_;
};

// Takes a version below 1 for bad input, which to a writer means something else than a lost race.
struct RefusesZeroAsInvalid : DoubleStore {
  using DoubleStore::DoubleStore;
  StoreError Refusal(const Event& event, std::int64_t latest) override {
    if (latest == 0) return StoreError::InvalidEvent("version", "has to be above 0");
    return DoubleStore::Refusal(event, latest);
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInVersions() {
  return {
      Broken<RefusesZeroAsInvalid>("refuses_zero_as_invalid", "VER-06",
                                   "a new actor refuses version 0 as an invalid event"),
      Broken<OrdersByHash>("orders_by_hash", "VER-01",
                           "reads of more than 16 events come in another order"),
      Broken<DescendsFromAVersion>("descends_from_a_version", "VER-01", "reads from a version on descend"),
      Broken<WantsTheNextVersion>("wants_the_next_version", "VER-02", "accepts latest + 1 only"),
      Broken<RefusesWideGaps>("refuses_wide_gaps", "VER-02", "refuses gaps of a million and more"),
      Broken<TellsTheCount>("tells_the_count", "VER-03", "the latest version is the number of events"),
      Broken<TellsTheFirst>("tells_a_stale_latest", "VER-03",
                            "the latest version stays at the fourth event's"),
      Broken<UnknownIsMinusOne>("unknown_is_minus_one", "VER-04", "an unknown actor has version -1"),
      Broken<MixesUpActors>("mixes_up_actors", "VER-05",
                            "the version of the save before, of any actor, is refused"),
      Broken<FirstEventUnchecked>("first_event_unchecked", "VER-06",
                                  "the first event may have any version"),
      Broken<FirstVersionMayBeZero>("first_version_may_be_zero", "VER-06",
                                    "the first event may have version 0"),
      Broken<NextVersionOverflows>("next_version_overflows", "VER-07",
                                   "latest + 1 overflows at the largest version"),
      Broken<VersionsAreDoubles>("versions_are_doubles", "VER-07", "versions are compared as doubles"),
      Broken<VersionsHave32Bits>("versions_have_32_bits", "VER-08",
                                 "versions are compared by their low 32 bits"),
      Broken<ComparesAsText>("compares_as_text", "VER-08", "versions are compared as text"),
      Broken<SortsAsText>("sorts_as_text", "VER-08", "reads are sorted by the text of the version"),
      Broken<LatestOfTheFirstPage>("latest_of_the_first_page", "VER-03",
                                   "beyond 256 events the latest version is the 256th event's"),
      Broken<LatestHas32Bits>("latest_has_32_bits", "VER-08", "the latest version is told in 32 bits"),
      Broken<ReordersBetweenThreads>("reorders_between_threads", "VER-01",
                                     "two events change places when threads take turns"),
  };
}

}  // namespace aether::selftest
