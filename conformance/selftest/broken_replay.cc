// Stores that treat malformed records wrongly.

#include <algorithm>
#include <cstdlib>

#include "broken_store.h"

namespace aether::selftest {

namespace {

struct ReportsNothing : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream&, std::int64_t) override { return {}; }
};

struct CutsRawBytes : DoubleStore {
  using DoubleStore::DoubleStore;
  ReplayError ErrorOf(const Record& record) override {
    ReplayError error = DoubleStore::ErrorOf(record);
    error.raw_data.resize(std::min<std::size_t>(error.raw_data.size(), 16));
    return error;
  }
};

struct GivesNoCause : DoubleStore {
  using DoubleStore::DoubleStore;
  ReplayError ErrorOf(const Record& record) override { return {record.sequence, record.raw, ""}; }
};

// Of the last sound record, not of the malformed one.
struct NumbersAreOneOff : DoubleStore {
  using DoubleStore::DoubleStore;
  ReplayError ErrorOf(const Record& record) override {
    ReplayError error = DoubleStore::ErrorOf(record);
    --error.sequence_number;
    return error;
  }
};

struct StopsAtTheFirst : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override {
    auto replay = DoubleStore::GetEventsWithErrors(actor_id, from_version);
    if (!replay || !replay->HasErrors()) return replay;
    const std::lock_guard lock(state_->mutex);
    const auto& records = state_->streams[KeyOf(actor_id)].records;
    const auto bad = std::find_if(records.begin(), records.end(), [](const Record& r) { return !r.event; });
    replay->events.resize(
        std::min<std::size_t>(replay->events.size(), static_cast<std::size_t>(bad - records.begin())));
    return replay;
  }
};

struct GetEventsFails : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    const auto replay = GetEventsWithErrors(actor_id, from_version);
    if (!replay) return replay.error();
    if (replay->HasErrors()) return StoreError(ErrorCode::kCorrupt, replay->errors[0].Message());
    return replay->events;
  }
};

struct GetEventsStops : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    const auto replay = GetEventsWithErrors(actor_id, from_version);
    if (!replay) return replay.error();
    if (replay->HasErrors()) return std::vector<EventPtr>();
    return replay->events;
  }
};

// A new malformed record shifts the numbers of the others.
struct NumbersCountFromTheEnd : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    const std::uint64_t all = stream.records.size() + 1000;
    for (std::size_t i = 0; i < errors.size(); ++i) errors[i].sequence_number = all - errors.size() + i;
    return errors;
  }
};

struct LastRecordTellsTheVersion : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t ToldLatest(const Stream& stream, std::string_view) override {
    return !stream.records.empty() && !stream.records.back().event ? 0 : stream.latest;
  }
};

struct MalformedBlocksSaves : DoubleStore {
  using DoubleStore::DoubleStore;
  bool Accepts(std::int64_t latest, const Event& event) override {
    const auto& records = state_->streams[KeyOf(event.actor_id)].records;
    return event.version > latest && (records.empty() || records.back().event != nullptr);
  }
};

struct SkipsEmptyRecords : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    std::erase_if(errors, [](const ReplayError& error) { return error.raw_data.empty(); });
    return errors;
  }
};

struct ReportsHugeRecordsTwice : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    for (const ReplayError& error : std::vector<ReplayError>(errors)) {
      if (error.raw_data.size() > 65536) errors.push_back(error);
    }
    return errors;
  }
};

struct GapsAreErrors : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    std::int64_t before = 0;
    for (const Record& record : stream.records) {
      if (record.event && record.position > before + 1)
        errors.push_back({record.sequence, "", "an event is missing"});
      before = record.position;
    }
    return errors;
  }
};

struct ReportsToEverybody : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream&, std::int64_t from_version) override {
    std::vector<ReplayError> errors;
    for (const auto& [key, stream] : state_->streams) {
      for (const ReplayError& error : DoubleStore::Errors(stream, from_version)) errors.push_back(error);
    }
    std::sort(errors.begin(), errors.end(),
              [](const auto& a, const auto& b) { return a.sequence_number < b.sequence_number; });
    return errors;
  }
};

// The reader goes on, one record too late.
struct SkipsAfterMalformed : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override {
    auto replay = DoubleStore::GetEventsWithErrors(actor_id, from_version);
    if (!replay || !replay->HasErrors()) return replay;
    const std::lock_guard lock(state_->mutex);
    bool after_malformed = false;
    for (const Record& record : state_->streams[KeyOf(actor_id)].records) {
      if (after_malformed) std::erase(replay->events, record.event);
      after_malformed = !record.event;
    }
    return replay;
  }
};

struct Reports64AtMost : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    errors.resize(std::min<std::size_t>(errors.size(), 64));
    return errors;
  }
};

struct NumberGoesWithTheBytes : DoubleStore {
  using DoubleStore::DoubleStore;
  ReplayError ErrorOf(const Record&) override { return {0, "", "the record could not be read"}; }
};

// The counter believes what a record says that is none.
struct BelievesMalformedVersions : DoubleStore {
  using DoubleStore::DoubleStore;
  std::int64_t LatestOf(const Stream& stream, std::string_view) override {
    std::int64_t latest = stream.latest;
    for (const Record& record : stream.records) {
      const std::string name = R"("version":)";
      const auto at = record.raw.find(name);
      if (at == std::string::npos) continue;
      latest = std::max<std::int64_t>(latest, std::atoll(record.raw.c_str() + at + name.size()));
    }
    return latest;
  }
};

struct EmptyCommandIsAnError : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version) override {
    auto errors = DoubleStore::Errors(stream, from_version);
    for (const Record& record : stream.records) {
      if (record.event && record.event->command_id.empty() && record.event->metadata.empty()) {
        errors.push_back({record.sequence, "", "commandId is missing"});
      }
    }
    return errors;
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInReplay() {
  return {
      Broken<ReportsNothing>("reports_nothing", "RPL-01", "malformed records are skipped in silence"),
      Broken<CutsRawBytes>("cuts_raw_bytes", "RPL-01", "raw bytes are cut at 16"),
      Broken<GivesNoCause>("gives_no_cause", "RPL-01", "the cause is empty"),
      Broken<NumbersAreOneOff>("numbers_are_one_off", "RPL-02",
                               "the sequence number is the record's before"),
      Broken<StopsAtTheFirst>("stops_at_the_first", "RPL-03", "nothing is read behind a malformed record"),
      Broken<GetEventsFails>("get_events_fails", "RPL-04", "GetEvents fails at a malformed record"),
      Broken<GetEventsStops>("get_events_stops", "RPL-04", "GetEvents gives nothing once there is one"),
      Broken<NumbersCountFromTheEnd>("numbers_count_from_the_end", "RPL-05",
                                     "numbers shift with a new record"),
      Broken<LastRecordTellsTheVersion>("last_record_tells_the_version", "RPL-06",
                                        "a malformed last record makes the version 0"),
      Broken<MalformedBlocksSaves>("malformed_blocks_saves", "RPL-06",
                                   "saves after a malformed record are refused"),
      Broken<SkipsEmptyRecords>("skips_empty_records", "RPL-07", "an empty record is not reported"),
      Broken<ReportsHugeRecordsTwice>("reports_huge_records_twice", "RPL-07",
                                      "a huge record is reported twice"),
      Broken<GapsAreErrors>("gaps_are_errors", "RPL-08", "a legal gap is reported as an error"),
      Broken<ReportsToEverybody>("reports_to_everybody", "RPL-09",
                                 "every actor's errors are reported to all"),
      Broken<SkipsAfterMalformed>("skips_after_malformed", "RPL-03",
                                  "the event behind a malformed record is not read"),
      Broken<Reports64AtMost>("reports_64_at_most", "RPL-01", "an answer has 64 errors at most"),
      Broken<NumberGoesWithTheBytes>("number_goes_with_the_bytes", "RPL-02",
                                     "an error has neither bytes nor number"),
      Broken<BelievesMalformedVersions>("believes_malformed_versions", "RPL-06",
                                        "a malformed record's version counts"),
      Broken<EmptyCommandIsAnError>("empty_command_is_an_error", "RPL-08",
                                    "an event without command id is reported as an error"),
  };
}

}  // namespace aether::selftest
