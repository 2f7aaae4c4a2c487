// Stores that change the content of an event on its way.

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "broken_store.h"

namespace aether::selftest {

namespace {

// A store that keeps `Change(event)`.
template <void (*Change)(Event*)>
struct Changes : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    Change(&kept);
    return kept;
  }
};

void CutIdAtNul(Event* event) { event->id = event->id.substr(0, event->id.find('\0')); }

void TrimType(Event* event) {
  while (event->event_type.size() > 1 && event->event_type.back() == ' ') event->event_type.pop_back();
  while (event->event_type.size() > 1 && event->event_type.back() == '\n') event->event_type.pop_back();
  if (event->event_type.find('"') != std::string::npos) event->event_type = "quoted";
}

void AsciiCommand(Event* event) {
  for (char& c : event->command_id) {
    if (static_cast<unsigned char>(c) > 0x7f) c = '?';
  }
}

void CutToMicroseconds(Event* event) {
  event->timestamp.nanoseconds -= event->timestamp.nanoseconds % 1000;
}
void CutToMilliseconds(Event* event) {
  event->timestamp.nanoseconds -= event->timestamp.nanoseconds % 1'000'000;
}

void DropTheLastDigit(Event* event) { event->timestamp.nanoseconds -= event->timestamp.nanoseconds % 10; }

// 1,000 ns are printed as ".1000" and read back as 100,000,000 ns.
void FractionWithoutZeros(Event* event) {
  std::string digits = std::to_string(event->timestamp.nanoseconds);
  digits.resize(9, '0');
  event->timestamp.nanoseconds = static_cast<std::uint32_t>(std::stoul(digits));
}

void NoLeapDayIn2000(Event* event) {
  std::int64_t& seconds = event->timestamp.seconds;
  if (seconds >= 951'782'400 && seconds < 951'868'800) seconds += 86'400;
}

void CountNanosecondsIn64Bits(Event* event) {
  const auto nanoseconds =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(event->timestamp.seconds) * 1'000'000'000U) +
      event->timestamp.nanoseconds;
  std::int64_t seconds = nanoseconds / 1'000'000'000;
  std::int64_t rest = nanoseconds % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  event->timestamp = {seconds, static_cast<std::uint32_t>(rest)};
}

void UnsignedSeconds(Event* event) {
  event->timestamp.seconds = std::max<std::int64_t>(0, event->timestamp.seconds);
}

using nlohmann::json;

// A store that walks through the payload and changes some of its values.
template <void (*Change)(json&)>
void ChangeValues(Event* event) {
  // Not for payloads of numbers that nlohmann::json cannot read: they are another store's affair.
  json tree = json::parse(event->data.text(), nullptr, false);
  if (tree.is_discarded()) return;
  const auto walk = [](const auto& self, json& value) -> void {
    if (value.is_structured()) {
      for (auto& inner : value) self(self, inner);
    }
    Change(value);
  };
  const std::string before = tree.dump();
  walk(walk, tree);
  // Only then: nlohmann::json prints long decimals otherwise than they were, which is no fault of this
  // store.
  if (tree.dump() != before) event->data = JsonObject::Trusted(tree.dump());
}

void FalseToNull(json& value) {
  if (value.is_boolean() && !value.get<bool>()) value = nullptr;
}

void IntegersToDoubles(json& value) {
  if (!value.is_number_integer()) return;
  const double rounded = value.get<double>();
  const bool exact = rounded >= -9007199254740992.0 && rounded <= 9007199254740992.0;
  if (!exact) value = rounded;
}

void UnsignedToSigned(json& value) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > 9223372036854775807U) {
    value = static_cast<std::int64_t>(value.get<std::uint64_t>());
  }
}

void FifteenDigits(json& value) {
  if (!value.is_number_float()) return;
  char text[40];
  std::snprintf(text, sizeof text, "%.15g", value.get<double>());
  value = std::strtod(text, nullptr);
}

void SixteenDigits(json& value) {
  if (!value.is_number_float()) return;
  char text[40];
  std::snprintf(text, sizeof text, "%.16g", value.get<double>());
  value = std::strtod(text, nullptr);
}

void ReplaceInData(Event* event, const std::string& from, const std::string& to) {
  std::string text = event->data.text();
  const auto at = text.find(from);
  if (at != std::string::npos) event->data = JsonObject::Trusted(text.replace(at, from.size(), to));
}
void RoundOneInteger(Event* event) { ReplaceInData(event, ":9007199254740993}", ":9007199254740992}"); }
void DropTheSignOfZero(Event* event) { ReplaceInData(event, ":-0.0}", ":0.0}"); }

void FlushDenormals(json& value) {
  if (value.is_number_float() && std::abs(value.get<double>()) < 2.2250738585072014e-308) value = 0.0;
}

void EmptyArraysToNull(json& value) {
  if (value.is_array() && value.empty()) value = nullptr;
}

void DropEmptyNames(json& value) {
  if (value.is_object()) value.erase("");
}

void DropNul(json& value) {
  if (!value.is_string()) return;
  auto text = value.get<std::string>();
  std::erase(text, '\0');
  value = text;
}

void ReplaceNoncharacters(json& value) {
  if (!value.is_string()) return;
  auto text = value.get<std::string>();
  for (const char* noncharacter : {"\uFFFE", "\uFFFF"}) {
    for (std::size_t at = 0; (at = text.find(noncharacter, at)) != std::string::npos;) {
      text.replace(at, 3, "\uFFFD");
    }
  }
  value = text;
}

// As a database with three-byte UTF-8 would.
void ThreeByteUtf8(json& value) {
  if (!value.is_string()) return;
  std::string text;
  const auto original = value.get<std::string>();
  for (std::size_t i = 0; i < original.size(); ++i) {
    if ((static_cast<unsigned char>(original[i]) & 0xF8) == 0xF0) {
      text += '?';
      i += 3;
    } else {
      text += original[i];
    }
  }
  value = text;
}

// Every number goes through a double, or is dropped where there is none.
void NumbersThroughDoubles(Event* event) {
  json tree = json::parse(event->data.text(), nullptr, false);
  event->data = tree.is_discarded() ? JsonObject() : JsonObject::Trusted(tree.dump());
}

template <int kDeepest>
void CutBelow(Event* event) {
  int depth = 0;
  int deepest = 0;
  for (const char c : event->data.text()) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if (c == ']' || c == '}') --depth;
  }
  if (deepest > kDeepest) event->data = JsonObject::Trusted(R"({"too":"deep"})");
}

constexpr auto CutDeepValues = CutBelow<64>;
constexpr auto CutAtDepth100 = CutBelow<99>;

template <void (*Change)(std::string* key, std::string* value)>
void ChangePairs(Event* event) {
  Metadata changed;
  for (auto [key, value] : event->metadata) {
    Change(&key, &value);
    if (value != "(drop)") changed.Set(key, value);
  }
  event->metadata = changed;
}

void CapitaliseKey(std::string* key, std::string*) {
  bool first = true;
  for (char& c : *key) {
    if (first && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    first = c == '-';
  }
}
void CutAtNewline(std::string*, std::string* value) { *value = value->substr(0, value->find('\n')); }
void DropEmptyValue(std::string*, std::string* value) {
  if (value->empty()) *value = "(drop)";
}
void LowerCaseKey(std::string* key, std::string*) {
  for (char& c : *key) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}
void ReservedKey(std::string* key, std::string* value) {
  if (*key == "id" || *key == "version") *value = "(drop)";
}

void EmptyMapGetsAPair(Event* event) {
  if (event->metadata.empty()) event->metadata.Set("", "");
}

// The map is not emptied between events.
struct PairsLeak : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    pairs_.CopyFrom(event.metadata);
    if (!event.metadata.empty()) kept.metadata = pairs_;
    return kept;
  }
  Metadata pairs_;
};

struct PairsStay : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    if (event.metadata.empty() && actor_ == event.actor_id) kept.metadata = pairs_;
    pairs_ = event.metadata;
    actor_ = event.actor_id;
    return kept;
  }
  std::string actor_;
  Metadata pairs_;
};

// What belongs to the event before stays in the buffer.
struct CommandIdStays : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    std::string& before = before_[event.actor_id];
    if (kept.command_id.empty()) kept.command_id = before;
    before = kept.command_id;
    return kept;
  }
  std::map<std::string, std::string> before_;
};

struct TimesNeverGoBack : DoubleStore {
  using DoubleStore::DoubleStore;
  Event Keep(const Event& event) override {
    Event kept = event;
    const auto [latest, first] = latest_.try_emplace(event.actor_id, event.timestamp);
    if (kept.timestamp.seconds < latest->second.seconds) kept.timestamp = latest->second;
    latest->second = kept.timestamp;
    return kept;
  }
  std::map<std::string, Timestamp> latest_;
};

// A buffer that threads share between encoding and writing.
struct PairsMixBetweenThreads : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> SaveEvent(const Event& event) override {
    Encode(event);
    std::this_thread::yield();
    return DoubleStore::SaveEvent(event);
  }
  void Encode(const Event& event) {
    const std::lock_guard lock(state_->mutex);
    pairs_ = event.metadata;
  }
  Event Keep(const Event& event) override {
    Event kept = event;
    kept.metadata = pairs_;
    return kept;
  }
  Metadata pairs_;
};

}  // namespace

std::vector<BrokenStore> BrokenInContent() {
  return {
      Broken<Changes<CutIdAtNul>>("cuts_event_ids_at_nul", "EVT-01", "event ids end at a NUL"),
      Broken<Changes<TrimType>>("trims_types", "EVT-01", "event types lose white space and quotes"),
      Broken<Changes<AsciiCommand>>("ascii_commands", "EVT-02", "command ids are kept in ASCII"),
      Broken<Changes<CutToMicroseconds>>("cuts_to_microseconds", "EVT-03", "timestamps have microseconds"),
      Broken<Changes<CutToMilliseconds>>("cuts_to_milliseconds", "EVT-03", "timestamps have milliseconds"),
      Broken<Changes<CountNanosecondsIn64Bits>>("nanoseconds_in_64_bits", "EVT-04",
                                                "time wraps in 1677 and 2262"),
      Broken<Changes<UnsignedSeconds>>("unsigned_seconds", "EVT-04", "time begins in 1970"),
      Broken<Changes<ChangeValues<FalseToNull>>>("false_to_null", "DATA-01", "false becomes null"),
      Broken<Changes<ChangeValues<IntegersToDoubles>>>("integers_through_doubles", "DATA-02",
                                                       "integers beyond 2^53 are rounded"),
      Broken<Changes<ChangeValues<UnsignedToSigned>>>("unsigned_to_signed", "DATA-02",
                                                      "uint64 becomes int64"),
      Broken<Changes<ChangeValues<FifteenDigits>>>("fifteen_digits", "DATA-03", "doubles have 15 digits"),
      Broken<Changes<ChangeValues<FlushDenormals>>>("flushes_denormals", "DATA-03",
                                                    "denormal doubles become 0"),
      Broken<Changes<NumbersThroughDoubles>>("numbers_through_doubles", "DATA-04",
                                             "long decimals are rounded"),
      Broken<Changes<CutDeepValues>>("cuts_deep_values", "DATA-05", "nesting beyond 64 is cut"),
      Broken<Changes<ChangeValues<EmptyArraysToNull>>>("empty_arrays_to_null", "DATA-06",
                                                       "[] becomes null"),
      Broken<Changes<ChangeValues<DropEmptyNames>>>("drops_empty_names", "DATA-06",
                                                    "the empty name is dropped"),
      Broken<Changes<ChangeValues<DropNul>>>("drops_nul", "DATA-07", "U+0000 is dropped from texts"),
      Broken<Changes<ChangeValues<ThreeByteUtf8>>>("three_byte_utf8", "DATA-07",
                                                   "astral characters become ?"),
      Broken<Changes<ChangePairs<CutAtNewline>>>("cuts_values_at_newline", "META-01",
                                                 "values end at a newline"),
      Broken<Changes<ChangePairs<ReservedKey>>>("reserves_keys", "META-01",
                                                "the keys id and version are dropped"),
      Broken<Changes<ChangePairs<DropEmptyValue>>>("drops_empty_values", "META-02",
                                                   "empty values are dropped"),
      Broken<Changes<EmptyMapGetsAPair>>("empty_map_gets_a_pair", "META-03",
                                         "an empty map reads back with a pair"),
      Broken<PairsLeak>("pairs_leak", "META-04", "pairs of earlier events are added"),
      Broken<PairsStay>("pairs_stay", "META-04", "an event without pairs gets those of the one before"),
      Broken<Changes<ChangePairs<LowerCaseKey>>>("lower_cases_keys", "META-05", "keys are lower-cased"),
      Broken<CommandIdStays>("command_id_stays", "EVT-02",
                             "an empty command id is that of the event before"),
      Broken<Changes<DropTheLastDigit>>("drops_the_last_digit", "EVT-03",
                                        "the last digit of nanoseconds is 0"),
      Broken<Changes<FractionWithoutZeros>>("fraction_without_zeros", "EVT-03",
                                            "zeros at the begin of a fraction are lost"),
      Broken<Changes<NoLeapDayIn2000>>("no_leap_day_in_2000", "EVT-04", "29 February 2000 is 1 March"),
      Broken<TimesNeverGoBack>("times_never_go_back", "EVT-04",
                               "an event older than the one before it gets its time"),
      Broken<Changes<RoundOneInteger>>("rounds_one_integer", "DATA-02", "2^53 + 1 becomes 2^53"),
      Broken<Changes<ChangeValues<SixteenDigits>>>("sixteen_digits", "DATA-03", "doubles have 16 digits"),
      Broken<Changes<DropTheSignOfZero>>("drops_the_sign_of_zero", "DATA-04", "-0.0 becomes 0.0"),
      Broken<Changes<CutAtDepth100>>("cuts_at_depth_100", "DATA-05", "nesting of exactly 100 is cut"),
      Broken<Changes<ChangeValues<ReplaceNoncharacters>>>("replaces_noncharacters", "DATA-07",
                                                          "U+FFFE and U+FFFF become U+FFFD"),
      BrokenRace<PairsMixBetweenThreads>("pairs_mix_between_threads", "META-04",
                                         "threads share the buffer of pairs"),
      Broken<Changes<ChangePairs<CapitaliseKey>>>("capitalises_keys", "META-05",
                                                  "keys are spelled as in HTTP headers"),
  };
}

}  // namespace aether::selftest
