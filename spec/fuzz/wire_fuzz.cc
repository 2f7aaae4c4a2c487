// Fuzz target of the wire form. A text is tried as an event, a snapshot, a payload and a timestamp.
//
// What decodes has to be encoded and decoded to the same; and what is JSON, which value it is, and what is
// an event, is asked of another parser too.

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "aether/event.h"
#include "aether/wire.h"
#include "reference_json.h"
#include "require.h"

namespace aether::fuzz {
namespace {

using Kind = JsonNode::Kind;

enum class FieldKind { kName, kOptionalText, kVersion, kPayload, kMetadata, kTimestamp };

struct Field {
  std::string_view key;
  FieldKind kind;
};

constexpr std::array<Field, 8> kEventFields = {{{"id", FieldKind::kName},
                                                {"eventType", FieldKind::kName},
                                                {"actorId", FieldKind::kName},
                                                {"commandId", FieldKind::kOptionalText},
                                                {"version", FieldKind::kVersion},
                                                {"data", FieldKind::kPayload},
                                                {"metadata", FieldKind::kMetadata},
                                                {"timestamp", FieldKind::kTimestamp}}};

constexpr std::array<Field, 4> kSnapshotFields = {{{"actorId", FieldKind::kName},
                                                   {"version", FieldKind::kVersion},
                                                   {"state", FieldKind::kPayload},
                                                   {"timestamp", FieldKind::kTimestamp}}};

std::optional<std::int64_t> Integer(const JsonNode& node) {
  std::int64_t value = 0;
  const char* const end = node.text.data() + node.text.size();
  if (node.kind != Kind::kInteger || std::from_chars(node.text.data(), end, value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

bool IsNull(const JsonNode& node) { return node.kind == Kind::kLiteral && node.text == "null"; }

bool IsMapOfTexts(const JsonNode& node) {
  if (node.kind != Kind::kObject) return false;
  for (const JsonNode& value : node.values) {
    if (value.kind != Kind::kString) return false;
  }
  return true;
}

// Whether spec/wire.md lets a field of this kind have this value.
bool IsGood(FieldKind kind, const JsonNode& node) {
  switch (kind) {
    case FieldKind::kName:
      return node.kind == Kind::kString && !node.text.empty();
    case FieldKind::kOptionalText:
      return node.kind == Kind::kString || IsNull(node);
    case FieldKind::kVersion:
      return Integer(node).has_value();
    case FieldKind::kPayload:
      return IsNull(node) || (node.kind == Kind::kObject && node.Depth() <= JsonObject::kMaxDepth);
    case FieldKind::kMetadata:
      return IsNull(node) || IsMapOfTexts(node);
    case FieldKind::kTimestamp:
      return node.kind == Kind::kString && Timestamp::Parse(node.text);
  }
  return false;
}

// Whether spec/wire.md takes `root` for a record of these fields.
template <std::size_t kCount>
bool IsRecord(const JsonNode& root, const std::array<Field, kCount>& fields) {
  if (root.kind != Kind::kObject) return false;
  for (std::size_t i = 0; i < root.names.size(); ++i) {
    bool known = false;
    for (const Field& field : fields) known = known || field.key == root.names[i];
    if (!known && root.values[i].Depth() > JsonObject::kMaxDepth) return false;
  }
  for (const auto& [key, kind] : fields) {
    const int count = root.Count(key);
    const bool optional = kind == FieldKind::kOptionalText || kind == FieldKind::kMetadata;
    if (count > 1 || (count == 0 && !optional)) return false;
    if (count == 1 && !IsGood(kind, *root.Find(key))) return false;
  }
  return true;
}

void CheckPayload(const JsonNode& node, const JsonObject& payload) {
  if (IsNull(node)) return Require(payload.text() == "{}", "null is read as the empty payload");
  const ReferenceJson read = ReadReference(payload.text());
  Require(read.root && SameValue(node, *read.root) != false, "a payload is read as it stands",
          payload.text());
}

void CheckText(const JsonNode* node, std::string_view text, std::string_view what) {
  Require(text == (node == nullptr ? "" : IsNull(*node) ? "" : node->text), what, text);
}

void CheckFields(const JsonNode& root, const Event& event) {
  CheckText(root.Find("id"), event.id, "id is read as it stands");
  CheckText(root.Find("eventType"), event.event_type, "eventType is read as it stands");
  CheckText(root.Find("actorId"), event.actor_id, "actorId is read as it stands");
  CheckText(root.Find("commandId"), event.command_id, "commandId is read as it stands");
  Require(Integer(*root.Find("version")) == event.version, "version is read as it stands");
  CheckPayload(*root.Find("data"), event.data);
  std::map<std::string, std::string> pairs;
  if (const JsonNode* metadata = root.Find("metadata")) {
    for (std::size_t i = 0; i < metadata->names.size(); ++i)
      pairs[metadata->names[i]] = metadata->values[i].text;
  }
  Require(pairs == std::map<std::string, std::string>(event.metadata.begin(), event.metadata.end()),
          "metadata is read as it stands");
}

void CheckFields(const JsonNode& root, const ActorSnapshot& snapshot) {
  CheckText(root.Find("actorId"), snapshot.actor_id, "actorId is read as it stands");
  Require(Integer(*root.Find("version")) == snapshot.version, "version is read as it stands");
  CheckPayload(*root.Find("state"), snapshot.state);
}

// The error of a record that was refused names a key at fault.
template <std::size_t kCount>
void CheckError(const StoreError& error, const std::array<Field, kCount>& fields) {
  Require(error.code() == ErrorCode::kCorrupt, "what is malformed is corrupt");
  bool named = error.message().starts_with("record: ");
  for (const Field& field : fields)
    named = named || error.message().starts_with(std::string(field.key) + ": ");
  Require(named, "the error names the key at fault", error.message());
}

// Encoding and decoding give the record that was read, and the same text from then on.
template <typename Record, typename Encode, typename Decode>
void CheckRoundTrip(const Record& record, Encode encode, Decode decode) {
  Require(Validate(record).has_value(), "what is decoded is valid");
  const auto encoded = encode(record);
  Require(encoded.has_value(), "what is decoded can be encoded");
  const auto again = decode(*encoded);
  Require(again && *again == record, "what is encoded is decoded to the same", *encoded);
  Require(*encode(*again) == *encoded, "what is the same is encoded alike", *encoded);
}

template <typename Record, std::size_t kCount, typename Encode, typename Decode>
void TryRecord(std::string_view text, const ReferenceJson& reference,
               const std::array<Field, kCount>& fields, Encode encode, Decode decode) {
  const Result<Record> record = decode(text);
  if (!record) CheckError(record.error(), fields);
  if (record) CheckRoundTrip(*record, encode, decode);
  if (reference.unknown) return;
  const bool expected = reference.root && IsRecord(*reference.root, fields);
  Require(record.has_value() == expected, expected ? "a record is read" : "what is no record is refused",
          record ? "" : record.error().message());
  if (record) CheckFields(*reference.root, *record);
}

void TryPayload(std::string_view text, const ReferenceJson& reference) {
  const auto payload = JsonObject::Parse(std::string(text));
  if (!reference.unknown) {
    const bool expected = reference.root && reference.root->kind == Kind::kObject &&
                          reference.root->Depth() <= JsonObject::kMaxDepth;
    Require(payload.has_value() == expected,
            expected ? "a JSON object is taken" : "what is none is refused",
            payload ? "" : payload.error().message());
  }
  if (!payload) return;
  const std::string canonical = CanonicalJson(text);
  Require(CanonicalJson(canonical) == canonical, "a canonical text is its own", canonical);
  const auto again = JsonObject::Parse(canonical);
  Require(again && *again == *payload, "a payload equals its canonical text", canonical);
  if (!reference.root) return;
  const ReferenceJson read = ReadReference(canonical);
  Require(read.root && SameValue(*reference.root, *read.root) != false,
          "a canonical text is the same value", canonical);
  const nlohmann::json tree = payload->ToJson();
  const auto written = JsonObject::From(tree);
  Require(written && written->ToJson() == tree, "a tree is written and read as the same");
}

// Two digits, or four, at a place where Parse() has found digits.
int Digits(std::string_view text, std::size_t at, std::size_t count) {
  return std::stoi(std::string(text.substr(at, count)));
}

// The seconds, as the C library counts them.
std::int64_t SecondsOf(std::string_view text) {
  std::tm time = {};
  time.tm_year = Digits(text, 0, 4) - 1900;
  time.tm_mon = Digits(text, 5, 2) - 1;
  time.tm_mday = Digits(text, 8, 2);
  time.tm_hour = Digits(text, 11, 2);
  time.tm_min = Digits(text, 14, 2);
  time.tm_sec = Digits(text, 17, 2);
  const std::int64_t local = ::timegm(&time);
  if (text.back() == 'Z' || text.back() == 'z') return local;
  const std::string_view zone = text.substr(text.size() - 6);
  const int offset = Digits(zone, 1, 2) * 3600 + Digits(zone, 4, 2) * 60;
  return zone.front() == '-' ? local + offset : local - offset;
}

void TryTimestamp(std::string_view text) {
  const auto instant = Timestamp::Parse(text);
  if (!instant) return;
  Require(instant->InRange(), "an instant that is read is in range", text);
  Require(instant->seconds == SecondsOf(text), "an instant is the one that the C library counts", text);
  const std::string written = instant->Format();
  const auto again = Timestamp::Parse(written);
  Require(again && *again == *instant && again->Format() == written, "an instant is written as the same",
          written);
}

void TryText(std::string_view text) {
  TryTimestamp(text);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark) || text.find('\0') != std::string_view::npos) {
    Require(!DecodeEvent(text) && !DecodeSnapshot(text) && !JsonObject::Parse(std::string(text)),
            "neither a byte order mark nor a zero byte is JSON");
    return;
  }
  const ReferenceJson reference = ReadReference(text);
  TryPayload(text, reference);
  TryRecord<Event>(text, reference, kEventFields, EncodeEvent, DecodeEvent);
  TryRecord<ActorSnapshot>(text, reference, kSnapshotFields, EncodeSnapshot, DecodeSnapshot);
  if (!reference.root) return;
  if (const JsonNode* timestamp = reference.root->Find("timestamp")) TryTimestamp(timestamp->text);
}

}  // namespace
}  // namespace aether::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A copy of its own, so that reading beyond its end is noticed.
  const std::unique_ptr<char[]> text(new char[size]);
  std::copy_n(data, size, text.get());
  aether::fuzz::TryText({text.get(), size});
  return 0;
}
