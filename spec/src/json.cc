// JsonObject: made from text or from a tree; and what has to do with single JSON strings.

#include "aether/json.h"

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "json_scanner.h"

namespace aether {
namespace {

// Writes a tree as text and refuses what JSON cannot carry. nlohmann's own dump() writes NaN as null,
// recurses without a limit and does not always choose the shortest spelling of a double.
class TreeWriter {
 public:
  // Null, or why `value` cannot be written.
  const char* Write(const nlohmann::json& value, int depth) {
    using Kind = nlohmann::json::value_t;
    switch (value.type()) {
      case Kind::object:
        return WriteObject(value, depth + 1);
      case Kind::array:
        return WriteArray(value, depth + 1);
      case Kind::string:
        return WriteString(value.get_ref<const std::string&>());
      case Kind::number_float:
        return WriteDouble(value.get<double>());
      case Kind::number_integer:
        WriteInteger(value.get<std::int64_t>());
        return nullptr;
      case Kind::number_unsigned:
        WriteInteger(value.get<std::uint64_t>());
        return nullptr;
      case Kind::boolean:
        text_ += value.get<bool>() ? "true" : "false";
        return nullptr;
      case Kind::null:
        text_ += "null";
        return nullptr;
      case Kind::binary:
      case Kind::discarded:
        break;
    }
    return "holds a value that JSON does not have";
  }

  std::string TakeText() { return std::move(text_); }

 private:
  const char* WriteObject(const nlohmann::json& object, int depth) {
    if (depth > JsonObject::kMaxDepth) return "nested too deep";
    char separator = '{';
    for (const auto& [name, value] : object.items()) {
      text_ += separator;
      separator = ',';
      if (const char* problem = WriteString(name)) return problem;
      text_ += ':';
      if (const char* problem = Write(value, depth)) return problem;
    }
    text_ += separator == '{' ? "{}" : "}";
    return nullptr;
  }

  const char* WriteArray(const nlohmann::json& array, int depth) {
    if (depth > JsonObject::kMaxDepth) return "nested too deep";
    char separator = '[';
    for (const auto& value : array) {
      text_ += separator;
      separator = ',';
      if (const char* problem = Write(value, depth)) return problem;
    }
    text_ += separator == '[' ? "[]" : "]";
    return nullptr;
  }

  const char* WriteString(std::string_view string) {
    if (!IsValidUtf8(string)) return "holds text that is not UTF-8";
    AppendJsonString(string, &text_);
    return nullptr;
  }

  template <typename Integer>
  void WriteInteger(Integer value) {
    char buffer[24];
    text_.append(buffer, std::to_chars(std::begin(buffer), std::end(buffer), value).ptr);
  }

  const char* WriteDouble(double value) {
    if (!std::isfinite(value)) return "holds NaN or infinity";
    // Plain to_chars() spells large integers with all their digits instead of the fewest that read back.
    constexpr double kAllIntegersBelow = 9007199254740992.0;  // 2^53
    char buffer[40];
    const auto end =
        std::abs(value) < kAllIntegersBelow
            ? std::to_chars(std::begin(buffer), std::end(buffer), value)
            : std::to_chars(std::begin(buffer), std::end(buffer), value, std::chars_format::scientific);
    const std::string_view spelled(buffer, static_cast<std::size_t>(end.ptr - buffer));
    text_ += spelled;
    // Read back as a double: an integer would lose the sign of zero.
    if (spelled.find_first_of(".e") == std::string_view::npos) text_ += ".0";
    return nullptr;
  }

  std::string text_;
};

// The first byte of [at, end) that cannot stand in a JSON string as it is: a quote, a backslash or a
// control character; `end` if there is none. For texts as short as ids, where SpecialBytes would look at
// more than there is.
const char* FindSpecial(const char* at, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  if constexpr (std::endian::native == std::endian::little) {
    // Eight bytes at a time: subtracting borrows into the high bit of each byte that is too small. Bytes
    // above the first hit can be marked falsely, so only the lowest mark counts.
    for (; end - at >= 8; at += 8) {
      std::uint64_t word;
      std::memcpy(&word, at, 8);
      const std::uint64_t quote = word ^ (kOnes * '"');
      const std::uint64_t backslash = word ^ (kOnes * '\\');
      const std::uint64_t hits = (((word - kOnes * 0x20) & ~word) | ((quote - kOnes) & ~quote) |
                                  ((backslash - kOnes) & ~backslash)) &
                                 (kOnes * 0x80);
      if (hits != 0) return at + std::countr_zero(hits) / 8;
    }
  }
  while (at != end && static_cast<unsigned char>(*at) >= 0x20 && *at != '"' && *at != '\\') ++at;
  return at;
}

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kShort = "\"\"\\\\\bb\ff\nn\rr\tt";  // pairs: the character, its letter
  for (std::size_t i = 0; i < kShort.size(); i += 2) {
    if (kShort[i] == c) {
      out->append({'\\', kShort[i + 1]});
      return;
    }
  }
  constexpr char kHex[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out->append({'\\', 'u', '0', '0', kHex[byte >> 4], kHex[byte & 15]});
}

}  // namespace

JsonObject::JsonObject() {
  // Never destroyed: objects are made by threads that outlive static objects, too.
  static const auto& kEmpty = *new auto(std::make_shared<const std::string>("{}"));
  text_ = kEmpty;
}

const std::string& JsonObject::MovedFrom() {
  static const auto& kNone = *new std::string();
  return kNone;
}

Result<JsonObject> JsonObject::Parse(std::string text, std::string_view field) {
  internal::JsonScanner scanner(text);
  scanner.SkipSpace();
  if (!scanner.At('{')) return StoreError::InvalidEvent(field, "expected a JSON object");
  if (!scanner.Walk(internal::SilentListener(), kMaxDepth) || !scanner.ReadEnd()) {
    return StoreError::InvalidEvent(field, scanner.Complaint());
  }
  return JsonObject(std::move(text));
}

Result<JsonObject> JsonObject::From(const nlohmann::json& value, std::string_view field) {
  if (!value.is_object()) return StoreError::InvalidEvent(field, "expected a JSON object");
  TreeWriter writer;
  if (const char* problem = writer.Write(value, 0)) return StoreError::InvalidEvent(field, problem);
  return JsonObject(writer.TakeText());
}

nlohmann::json JsonObject::ToJson() const { return nlohmann::json::parse(text()); }

bool operator==(const JsonObject& a, const JsonObject& b) {
  return a.text_ == b.text_ || a.text() == b.text() || CanonicalJson(a.text()) == CanonicalJson(b.text());
}

bool IsValidUtf8(std::string_view text) {
  // Most texts are short ids in ASCII, for which the call into simdjson costs more than this loop.
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  const char* at = text.data();
  const char* const end = at + text.size();
  std::uint64_t high = 0;
  for (; end - at >= 8; at += 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    high |= word & kHighBits;
  }
  for (; at != end; ++at) high |= static_cast<unsigned char>(*at) & 0x80;
  return high == 0 || simdjson::validate_utf8(text.data(), text.size());
}

void AppendJsonString(std::string_view text, std::string* out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out->push_back('"');
  for (;;) {
    const char* const special = FindSpecial(at, end);
    out->append(at, special);
    if (special == end) break;
    AppendEscape(*special, out);
    at = special + 1;
  }
  out->push_back('"');
}

}  // namespace aether
