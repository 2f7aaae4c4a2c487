// Encoding what is sent, and decoding what comes with an error that names the key at fault.

#include "protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "aether/json.h"

namespace aether::process {

namespace {

using nlohmann::json;

constexpr int kMostServers = 1000;
constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// A value in a message, and where it is: `result.events[2].version`.
class Node {
 public:
  Node(const json& value, std::string path) : value_(value), path_(std::move(path)) {}

  [[noreturn]] void Fail(const std::string& what) const {
    std::string shown = value_.dump(-1, ' ', false, json::error_handler_t::replace);
    if (shown.size() > 80) shown = shown.substr(0, 80) + " ...";
    throw DriverError(path_ + ": " + what + ", got " + shown);
  }

  Node At(const char* key) const {
    if (!value_.is_object()) Fail("expected an object");
    const auto found = value_.find(key);
    if (found == value_.end()) throw DriverError(path_ + ": \"" + key + "\" is missing");
    return Node(*found, path_ + "." + key);
  }

  // For what may be left out: null means the same.
  bool Has(const char* key) const {
    return value_.is_object() && value_.contains(key) && !value_[key].is_null();
  }

  std::string Text() const {
    if (!value_.is_string()) Fail("expected a string");
    return value_.get<std::string>();
  }

  bool Boolean() const {
    if (!value_.is_boolean()) Fail("expected true or false");
    return value_.get<bool>();
  }

  // 3.0 is the integer 3, as it is in JSON Schema.
  int IntegerFrom(int least, int most) const {
    const double number = value_.is_number() ? value_.get<double>() : -1;
    if (number < least || number > most || number != std::floor(number)) {
      Fail("expected an integer from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return static_cast<int>(number);
  }

  template <typename Integer>
  Integer Decimal() const {
    if (!value_.is_string()) Fail("expected an integer as a decimal string, such as \"5\"");
    const auto& text = value_.get_ref<const std::string&>();
    Integer number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text != std::to_string(number)) {
      Fail("expected a 64-bit integer as a decimal string, such as \"5\"");
    }
    return number;
  }

  JsonObject Payload() const {
    auto parsed = JsonObject::Parse(Text());
    if (!parsed) Fail("expected the text of a JSON object in a string (" + parsed.error().message() + ")");
    return *std::move(parsed);
  }

  Timestamp Instant() const {
    const std::string text = Text();
    const auto parsed = Timestamp::Parse(text);
    if (!parsed || (text.back() != 'Z' && text.back() != 'z'))
      Fail("expected an instant as in RFC 3339, in UTC, which ends in Z");
    return *parsed;
  }

  std::string Bytes() const;

  template <typename Each>
  void ForEach(Each each) const {
    if (!value_.is_array()) Fail("expected an array");
    for (std::size_t i = 0; i < value_.size(); ++i)
      each(Node(value_[i], path_ + "[" + std::to_string(i) + "]"));
  }

  const json& value() const { return value_; }

 private:
  const json& value_;
  std::string path_;
};

std::string Node::Bytes() const {
  const std::string text = Text();
  const std::size_t padding = text.size() - std::min(text.size(), text.find_last_not_of('=') + 1);
  if (text.size() % 4 != 0 || padding > 2) Fail("expected base64 with padding");
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::size_t digit = i + padding >= text.size() ? 0 : kAlphabet.find(text[i]);
    if (digit == std::string_view::npos) Fail("expected base64 with padding");
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (const int shift : {16, 8, 0}) bytes += static_cast<char>(bits >> shift & 0xFF);
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

Event EventFrom(const Node& node) {
  Event event;
  event.id = node.At("id").Text();
  event.event_type = node.At("eventType").Text();
  event.actor_id = node.At("actorId").Text();
  if (node.Has("commandId")) event.command_id = node.At("commandId").Text();
  event.version = node.At("version").Decimal<std::int64_t>();
  event.data = node.At("data").Payload();
  if (node.Has("metadata")) {
    const Node metadata = node.At("metadata");
    if (!metadata.value().is_object()) metadata.Fail("expected an object of strings");
    for (const auto& [key, value] : metadata.value().items()) {
      if (!value.is_string()) metadata.Fail("expected an object of strings");
      event.metadata.Set(key, value.get_ref<const std::string&>());
    }
  }
  event.timestamp = node.At("timestamp").Instant();
  return event;
}

ActorSnapshot SnapshotFrom(const Node& node) {
  return {node.At("actorId").Text(), node.At("version").Decimal<std::int64_t>(), node.At("state").Payload(),
          node.At("timestamp").Instant()};
}

std::vector<EventPtr> EventListFrom(const Node& node) {
  std::vector<EventPtr> events;
  node.ForEach([&](const Node& each) { events.push_back(std::make_shared<const Event>(EventFrom(each))); });
  return events;
}

StoreError ErrorFrom(const Node& error) {
  const std::string code = error.At("code").Text();
  const std::string message = error.At("message").Text();
  if (code == "exception") throw StoreException(message);
  if (code == ErrorCodeName(ErrorCode::kVersionConflict)) {
    return StoreError::Conflict(error.At("actorId").Text(),
                                error.At("attemptedVersion").Decimal<std::int64_t>(),
                                error.At("currentVersion").Decimal<std::int64_t>());
  }
  if (code == ErrorCodeName(ErrorCode::kInvalidEvent) && error.Has("field")) {
    const std::string field = error.At("field").Text();
    const std::string prefix = "invalid event: " + field + ": ";
    return StoreError::InvalidEvent(
        field, message.rfind(prefix, 0) == 0 ? message.substr(prefix.size()) : message);
  }
  for (int i = 0; i <= static_cast<int>(ErrorCode::kOutcomeUnknown); ++i) {
    if (code == ErrorCodeName(static_cast<ErrorCode>(i)))
      return StoreError(static_cast<ErrorCode>(i), message);
  }
  error.At("code").Fail("not one of the error codes of the protocol");
}

// What `decode` makes of the result, or the error. Adds the line to what is wrong with it.
template <typename T, typename Decode>
Result<T> From(const Answer& answer, Decode decode) {
  if (IsUnsupported(answer)) {
    throw DriverError("the driver answered \"unsupported\" to " + answer.call +
                      ", which belongs to what it says it offers, in the line: " + ShowLine(answer.line));
  }
  try {
    if (answer.message.contains("error")) return ErrorFrom(Node(answer.message["error"], "error"));
    const Node result(answer.message["result"], "result");
    if (!result.value().is_object()) result.Fail("expected an object");
    return decode(result);
  } catch (const DriverError& error) {
    throw DriverError("the driver wrote an answer that is not in order: " + std::string(error.what()) +
                      "\nin the line: " + ShowLine(answer.line));
  }
}

void AppendText(std::string_view key, std::string_view text, std::string* out) {
  out->append(key);
  AppendJsonString(text, out);
}

}  // namespace

std::string ToDriverJson(std::int64_t version) { return "\"" + std::to_string(version) + "\""; }

std::string ToDriverJson(const Event& event) {
  std::string out;
  AppendText("{\"id\":", event.id, &out);
  AppendText(",\"eventType\":", event.event_type, &out);
  AppendText(",\"actorId\":", event.actor_id, &out);
  AppendText(",\"commandId\":", event.command_id, &out);
  out += ",\"version\":" + ToDriverJson(event.version);
  AppendText(",\"data\":", event.data.text(), &out);
  out += ",\"metadata\":{";
  for (const auto& [key, value] : event.metadata) {
    AppendText(out.back() == '{' ? "" : ",", key, &out);
    AppendText(":", value, &out);
  }
  AppendText("},\"timestamp\":", event.timestamp.Format(), &out);
  return out + "}";
}

std::string ToDriverJson(const ActorSnapshot& snapshot) {
  std::string out;
  AppendText("{\"actorId\":", snapshot.actor_id, &out);
  out += ",\"version\":" + ToDriverJson(snapshot.version);
  AppendText(",\"state\":", snapshot.state.text(), &out);
  AppendText(",\"timestamp\":", snapshot.timestamp.Format(), &out);
  return out + "}";
}

std::string ToBase64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? kAlphabet[bits >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

Result<void> Sendable(std::string_view actor_id) {
  if (!IsValidUtf8(actor_id)) return StoreError::InvalidEvent("actorId", "is not UTF-8");
  return {};
}

Result<void> Sendable(const Event& event) {
  const std::array<std::pair<const char*, const std::string*>, 4> texts = {
      {{"id", &event.id},
       {"eventType", &event.event_type},
       {"actorId", &event.actor_id},
       {"commandId", &event.command_id}}};
  for (const auto& [field, text] : texts) {
    if (!IsValidUtf8(*text)) return StoreError::InvalidEvent(field, "is not UTF-8");
  }
  for (const auto& [key, value] : event.metadata) {
    if (!IsValidUtf8(key) || !IsValidUtf8(value))
      return StoreError::InvalidEvent("metadata", "is not UTF-8");
  }
  if (!event.timestamp.InRange()) return StoreError::InvalidEvent("timestamp", "is out of range");
  return {};
}

Result<void> Sendable(const ActorSnapshot& snapshot) {
  if (!snapshot.timestamp.InRange()) return StoreError::InvalidEvent("timestamp", "is out of range");
  return Sendable(snapshot.actor_id);
}

Hello HelloFrom(const Answer& answer) {
  if (answer.message.contains("error")) {
    throw DriverError("the driver answered hello with an error: " + ShowLine(answer.line));
  }
  return *From<Hello>(answer, [](const Node& result) -> Result<Hello> {
    const Node protocol = result.At("protocol");
    if (protocol.value() != 1) protocol.Fail("expected 1, the version of the protocol that the kit speaks");
    Hello said{result.At("store").Text(), result.At("version").Text(), result.At("language").Text(), {}};
    if (said.store.empty()) result.At("store").Fail("expected a name");
    result.At("capabilities").ForEach([&](const Node& each) {
      for (const CapabilityName& known : kDriverCapabilities) {
        if (each.value() == known.name) said.capabilities.*known.offered = true;
      }
      const auto is_it = [&](const CapabilityName& known) { return each.value() == known.name; };
      if (std::none_of(std::begin(kDriverCapabilities), std::end(kDriverCapabilities), is_it)) {
        each.Fail("a driver cannot offer this");
      }
    });
    const auto require = [&](bool named, const char* name, bool needed, const char* what) {
      if (!named || needed) return;
      result.At("capabilities").Fail(std::string("\"") + name + "\" needs \"" + what + "\" beside it");
    };
    require(said.capabilities.ordered_names, "ordered_names", said.capabilities.power_loss, "power_loss");
    require(said.capabilities.power_loss, "power_loss", said.capabilities.files, "files");
    require(said.capabilities.files, "files", said.capabilities.location, "location");
    return said;
  });
}

std::pair<std::uint64_t, EventStored> NoticeFrom(const json& message) {
  const Node whole(message, "message");
  const Node subscription = whole.At("subscription");
  if (!subscription.value().is_number_unsigned())
    subscription.Fail("expected the number of a subscription");
  const Node notice = whole.At("notice");
  return {subscription.value().get<std::uint64_t>(),
          {notice.At("eventId").Text(), notice.At("actorId").Text(),
           notice.At("version").Decimal<std::int64_t>(), notice.At("timestamp").Instant()}};
}

Event EventFrom(const json& value) { return EventFrom(Node(value, "event")); }
ActorSnapshot SnapshotFrom(const json& value) { return SnapshotFrom(Node(value, "snapshot")); }
std::int64_t VersionFrom(const json& value) { return Node(value, "version").Decimal<std::int64_t>(); }
std::string BytesFrom(const json& value) { return Node(value, "bytes").Bytes(); }

bool IsUnsupported(const Answer& answer) {
  const auto error = answer.message.find("error");
  return error != answer.message.end() && error->is_object() &&
         error->value("code", json()) == "unsupported";
}

Result<void> DoneFrom(const Answer& answer) {
  return From<void>(answer, [](const Node&) -> Result<void> { return {}; });
}

Result<std::vector<EventPtr>> EventsFrom(const Answer& answer) {
  return From<std::vector<EventPtr>>(answer, [](const Node& result) -> Result<std::vector<EventPtr>> {
    return EventListFrom(result.At("events"));
  });
}

Result<std::int64_t> VersionFrom(const Answer& answer) {
  return From<std::int64_t>(answer, [](const Node& result) -> Result<std::int64_t> {
    return result.At("version").Decimal<std::int64_t>();
  });
}

Result<ReplayResult> ReplayFrom(const Answer& answer) {
  return From<ReplayResult>(answer, [](const Node& result) -> Result<ReplayResult> {
    ReplayResult replay{EventListFrom(result.At("events")), {}};
    result.At("errors").ForEach([&](const Node& each) {
      replay.errors.push_back({each.At("sequenceNumber").Decimal<std::uint64_t>(),
                               each.At("rawData").Bytes(), each.At("cause").Text()});
    });
    return replay;
  });
}

Result<std::optional<ActorSnapshot>> SnapshotFrom(const Answer& answer) {
  using Found = std::optional<ActorSnapshot>;
  return From<Found>(answer, [](const Node& result) -> Result<Found> {
    const Node snapshot = result.At("snapshot");
    if (snapshot.value().is_null()) return Found();
    return Found(SnapshotFrom(snapshot));
  });
}

Result<Injection> InjectionFrom(const Answer& answer) {
  return From<Injection>(answer, [](const Node& result) -> Result<Injection> {
    if (!result.At("possible").Boolean()) return Injection::Impossible();
    return Injection{true, result.At("sequenceNumber").Decimal<std::uint64_t>()};
  });
}

Result<std::string> LocationFrom(const Answer& answer) {
  return From<std::string>(
      answer, [](const Node& result) -> Result<std::string> { return result.At("location").Text(); });
}

Result<int> ServersFrom(const Answer& answer) {
  return From<int>(answer, [](const Node& result) -> Result<int> {
    return result.At("servers").IntegerFrom(1, kMostServers);
  });
}

Result<bool> BrokenFrom(const Answer& answer) {
  return From<bool>(answer,
                    [](const Node& result) -> Result<bool> { return result.At("possible").Boolean(); });
}

Result<int> LeaderFrom(const Answer& answer) {
  return From<int>(answer, [](const Node& result) -> Result<int> {
    return result.Has("server") ? result.At("server").IntegerFrom(0, kMostServers - 1) : -1;
  });
}

std::string_view ServerFaultName(ServerFault fault) {
  switch (fault) {
    case ServerFault::kKill:
      return "kill";
    case ServerFault::kPause:
      return "pause";
    case ServerFault::kCutOff:
      return "cut_off";
  }
  return "";
}

}  // namespace aether::process
