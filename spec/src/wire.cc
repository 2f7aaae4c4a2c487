// The wire form: events and snapshots to and from JSON text.
//
// The encoder splices texts together and the decoder walks the record once; neither builds a tree.

#include "aether/wire.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "json_scanner.h"
#include "timestamp_text.h"

namespace aether {
namespace {

using internal::JsonScanner;
using internal::RawString;

void AppendInteger(std::int64_t value, std::string* out) {
  char buffer[24];
  out->append(buffer, std::to_chars(std::begin(buffer), std::end(buffer), value).ptr);
}

void AppendMetadata(const Metadata& metadata, std::string* out) {
  char separator = '{';
  for (const auto& [key, value] : metadata) {
    *out += separator;
    separator = ',';
    AppendJsonString(key, out);
    *out += ':';
    AppendJsonString(value, out);
  }
  *out += '}';
}

class RecordReader;

// A key that the decoder knows, and how its value is read into a Record.
template <typename Record>
struct Field {
  std::string_view key;
  bool required;
  bool (*read)(RecordReader& reader, Record& record);
};

// Reads one record and remembers what was wrong with it.
class RecordReader {
 public:
  explicit RecordReader(std::string_view json) : scanner_(json) {}

  // The whole text, as a record of these fields.
  template <const auto& kFields, typename Record>
  bool ReadRecord(Record& record) {
    std::array<bool, kFields.size()> seen{};
    scanner_.SkipSpace();
    if (!scanner_.TryConsume('{')) return Fail("expected a JSON object");
    scanner_.SkipSpace();
    if (!scanner_.TryConsume('}')) {
      bool more = true;
      if (!ReadInOrder<kFields>(record, seen, &more, std::make_index_sequence<kFields.size()>()))
        return false;
      while (more) {
        if (!ReadMember<kFields>(record, seen, &more)) return false;
      }
      if (!scanner_.Consume('}', "expected ',' or '}'")) return FailInText();
    }
    if (!scanner_.ReadEnd()) return FailInText();
    for (std::size_t i = 0; i < kFields.size(); ++i) {
      key_ = kFields[i].key;
      if (kFields[i].required && !seen[i]) return Fail("missing");
    }
    return true;
  }

  bool ReadText(std::string* text) {
    RawString raw;
    if (!ReadRaw(&raw)) return false;
    if (raw.escaped) {
      internal::AppendUnescaped(raw, text);
    } else {
      *text = std::string(raw.text);
    }
    return true;
  }

  bool ReadName(std::string* text) {
    if (!ReadText(text)) return false;
    return !text->empty() || Fail("must not be empty");
  }

  bool ReadOptionalText(std::string* text) { return scanner_.TryLiteral("null") || ReadText(text); }

  bool ReadVersion(std::int64_t* version) {
    constexpr const char* kExpected = "expected a 64-bit integer";
    if (!scanner_.At('-') && !scanner_.AtDigit()) return Fail(kExpected);
    std::string_view number;
    if (!scanner_.ReadNumber(&number)) return FailInText();
    const char* const end = number.data() + number.size();
    const auto [ptr, error] = std::from_chars(number.data(), end, *version);
    return (error == std::errc() && ptr == end) || Fail(kExpected);
  }

  bool ReadPayload(JsonObject* payload) {
    if (scanner_.TryLiteral("null")) return true;
    if (!scanner_.At('{')) return Fail("expected a JSON object");
    const std::size_t start = scanner_.offset();
    if (!scanner_.Walk(internal::SilentListener(), JsonObject::kMaxDepth)) return FailInText();
    *payload = JsonObject::Trusted(std::string(scanner_.TextSince(start)));
    return true;
  }

  bool ReadMetadata(Metadata* metadata) {
    constexpr std::size_t kUsualPairs = 4;
    if (scanner_.TryLiteral("null")) return true;
    metadata->Reserve(kUsualPairs);
    return ReadMembers([&](const RawString& raw_key) {
      RawString raw_value;
      if (!ReadRaw(&raw_value)) return false;
      std::string key_buffer;
      std::string value_buffer;
      metadata->Set(Plain(raw_key, &key_buffer), Plain(raw_value, &value_buffer));
      return true;
    });
  }

  bool ReadTimestamp(Timestamp* timestamp) {
    RawString raw;
    if (!ReadRaw(&raw)) return false;
    std::string buffer;
    const auto parsed = Timestamp::Parse(Plain(raw, &buffer));
    if (!parsed) return Fail(internal::kExpectedTimestamp);
    *timestamp = *parsed;
    return true;
  }

  StoreError TakeError() { return StoreError(ErrorCode::kCorrupt, std::move(cause_)); }

 private:
  // The members that come in the order of the fields and are spelled as the encoder spells them, as nearly
  // all do: no name is looked up, and the compiler knows each key and what reads it.
  template <const auto& kFields, typename Record, std::size_t... kIndex>
  bool ReadInOrder(Record& record, std::array<bool, kFields.size()>& seen, bool* more,
                   std::index_sequence<kIndex...>) {
    return ((!*more || !scanner_.TryName(kFields[kIndex].key) ||
             ReadField(kFields[kIndex], record, &seen[kIndex], more)) &&
            ...);
  }

  // A member with any name.
  template <const auto& kFields, typename Record>
  bool ReadMember(Record& record, std::array<bool, kFields.size()>& seen, bool* more) {
    RawString raw_name;
    if (!scanner_.ReadName(&raw_name)) return FailInText();
    std::string buffer;
    const auto field = std::ranges::find(kFields, Plain(raw_name, &buffer), &Field<Record>::key);
    if (field != kFields.end())
      return ReadField(*field, record, &seen[static_cast<std::size_t>(field - kFields.begin())], more);
    if (!scanner_.Walk(internal::SilentListener(), JsonObject::kMaxDepth)) return FailInText();
    EndMember(more);
    return true;
  }

  template <typename Record>
  bool ReadField(const Field<Record>& field, Record& record, bool* seen, bool* more) {
    key_ = field.key;
    if (std::exchange(*seen, true)) return Fail("occurs twice");
    if (!field.read(*this, record)) return false;
    key_ = {};
    EndMember(more);
    return true;
  }

  void EndMember(bool* more) {
    scanner_.SkipSpace();
    *more = scanner_.TryConsume(',');
  }

  // An object; `read_member(name)` reads each value.
  template <typename ReadMember>
  bool ReadMembers(ReadMember read_member) {
    if (!scanner_.TryConsume('{')) return Fail("expected a JSON object");
    scanner_.SkipSpace();
    if (scanner_.TryConsume('}')) return true;
    do {
      RawString name;
      if (!scanner_.ReadName(&name)) return FailInText();
      if (!read_member(name)) return false;
      scanner_.SkipSpace();
    } while (scanner_.TryConsume(','));
    return scanner_.Consume('}', "expected ',' or '}'") || FailInText();
  }

  bool ReadRaw(RawString* raw) {
    if (!scanner_.At('"')) return Fail("expected a string");
    return scanner_.ReadString(raw) || FailInText();
  }

  // `raw` without escapes; `buffer` holds it if it had some.
  static std::string_view Plain(const RawString& raw, std::string* buffer) {
    if (!raw.escaped) return raw.text;
    internal::AppendUnescaped(raw, buffer);
    return *buffer;
  }

  bool Fail(std::string_view what) {
    cause_ = key_.empty() ? "record" : key_;
    cause_.append(": ").append(what);
    return false;
  }

  bool FailInText() { return Fail(scanner_.Complaint()); }

  JsonScanner scanner_;
  std::string_view key_;  // the known key whose value is being read
  std::string cause_;
};

constexpr std::array<Field<Event>, 8> kEventFields = {{
    {"id", true, [](RecordReader& from, Event& to) { return from.ReadName(&to.id); }},
    {"eventType", true, [](RecordReader& from, Event& to) { return from.ReadName(&to.event_type); }},
    {"actorId", true, [](RecordReader& from, Event& to) { return from.ReadName(&to.actor_id); }},
    {"commandId", false,
     [](RecordReader& from, Event& to) { return from.ReadOptionalText(&to.command_id); }},
    {"version", true, [](RecordReader& from, Event& to) { return from.ReadVersion(&to.version); }},
    {"data", true, [](RecordReader& from, Event& to) { return from.ReadPayload(&to.data); }},
    {"metadata", false, [](RecordReader& from, Event& to) { return from.ReadMetadata(&to.metadata); }},
    {"timestamp", true, [](RecordReader& from, Event& to) { return from.ReadTimestamp(&to.timestamp); }},
}};

constexpr std::array<Field<ActorSnapshot>, 4> kSnapshotFields = {{
    {"actorId", true, [](RecordReader& from, ActorSnapshot& to) { return from.ReadName(&to.actor_id); }},
    {"version", true, [](RecordReader& from, ActorSnapshot& to) { return from.ReadVersion(&to.version); }},
    {"state", true, [](RecordReader& from, ActorSnapshot& to) { return from.ReadPayload(&to.state); }},
    {"timestamp", true,
     [](RecordReader& from, ActorSnapshot& to) { return from.ReadTimestamp(&to.timestamp); }},
}};

template <const auto& kFields, typename Record>
Result<Record> Decode(std::string_view json) {
  Result<Record> decoded = Record();
  RecordReader reader(json);
  if (!reader.ReadRecord<kFields>(*decoded)) decoded = reader.TakeError();
  return decoded;
}

}  // namespace

Result<std::string> EncodeEvent(const Event& event) {
  if (auto checked = Validate(event); !checked) return checked.error();
  constexpr std::size_t kUsualEnvelope = 320;
  std::string out;
  out.reserve(event.data.text().size() + kUsualEnvelope);
  AppendEvent(event, &out);
  return out;
}

void AppendEvent(const Event& event, std::string* out) {
  *out += R"({"id":)";
  AppendJsonString(event.id, out);
  *out += R"(,"eventType":)";
  AppendJsonString(event.event_type, out);
  *out += R"(,"actorId":)";
  AppendJsonString(event.actor_id, out);
  if (!event.command_id.empty()) {
    *out += R"(,"commandId":)";
    AppendJsonString(event.command_id, out);
  }
  *out += R"(,"version":)";
  AppendInteger(event.version, out);
  *out += R"(,"data":)";
  *out += event.data.text();
  if (!event.metadata.empty()) {
    *out += R"(,"metadata":)";
    AppendMetadata(event.metadata, out);
  }
  *out += R"(,"timestamp":")";
  *out += event.timestamp.Format();
  *out += R"("})";
}

Result<Event> DecodeEvent(std::string_view json) { return Decode<kEventFields, Event>(json); }

Result<std::string> EncodeSnapshot(const ActorSnapshot& snapshot) {
  if (auto checked = Validate(snapshot); !checked) return checked.error();
  std::string out = R"({"actorId":)";
  AppendJsonString(snapshot.actor_id, &out);
  out += R"(,"version":)";
  AppendInteger(snapshot.version, &out);
  out += R"(,"state":)";
  out += snapshot.state.text();
  out += R"(,"timestamp":")";
  out += snapshot.timestamp.Format();
  out += R"("})";
  return out;
}

Result<ActorSnapshot> DecodeSnapshot(std::string_view json) {
  return Decode<kSnapshotFields, ActorSnapshot>(json);
}

}  // namespace aether
