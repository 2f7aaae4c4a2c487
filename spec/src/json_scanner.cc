// The rarer parts of JsonScanner: escapes, and text beyond ASCII.

#include "json_scanner.h"

#include <simdjson.h>

#include <optional>

namespace aether::internal {
namespace {

constexpr std::uint32_t kFirstHighSurrogate = 0xD800;
constexpr std::uint32_t kFirstLowSurrogate = 0xDC00;
constexpr std::uint32_t kAfterSurrogates = 0xE000;

// The value of four hexadecimal digits at the start of `text`.
std::optional<std::uint32_t> HexQuad(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    std::uint32_t digit;
    if (c >= '0' && c <= '9') {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    } else if (c >= 'A' && c <= 'F') {
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    } else {
      return std::nullopt;
    }
    value = value * 16 + digit;
  }
  return value;
}

void AppendUtf8(std::uint32_t scalar, std::string* out) {
  const auto put = [out](std::uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (scalar < 0x80) {
    put(scalar);
  } else if (scalar < 0x800) {
    put(0xC0 | (scalar >> 6));
    put(0x80 | (scalar & 0x3F));
  } else if (scalar < 0x10000) {
    put(0xE0 | (scalar >> 12));
    put(0x80 | ((scalar >> 6) & 0x3F));
    put(0x80 | (scalar & 0x3F));
  } else {
    put(0xF0 | (scalar >> 18));
    put(0x80 | ((scalar >> 12) & 0x3F));
    put(0x80 | ((scalar >> 6) & 0x3F));
    put(0x80 | (scalar & 0x3F));
  }
}

// The scalar value of the \u escape at the start of `text`, which is well-formed; `size` is its length.
std::uint32_t EscapedScalar(std::string_view text, std::size_t* size) {
  const std::uint32_t unit = *HexQuad(text.substr(2));
  *size = 6;
  if (unit < kFirstHighSurrogate || unit >= kAfterSurrogates) return unit;
  *size = 12;
  const std::uint32_t low = *HexQuad(text.substr(8));
  return 0x10000 + ((unit - kFirstHighSurrogate) << 10) + (low - kFirstLowSurrogate);
}

char SimpleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // quote, backslash, slash
  }
}

}  // namespace

void AppendUnescaped(const RawString& raw, std::string* out) {
  std::string_view rest = raw.text;
  while (!rest.empty()) {
    const std::size_t backslash = raw.escaped ? rest.find('\\') : std::string_view::npos;
    out->append(rest.substr(0, backslash));
    if (backslash == std::string_view::npos) return;
    rest.remove_prefix(backslash);
    std::size_t size = 2;
    if (rest[1] == 'u') {
      AppendUtf8(EscapedScalar(rest, &size), out);
    } else {
      out->push_back(SimpleEscape(rest[1]));
    }
    rest.remove_prefix(size);
  }
}

bool JsonScanner::ReadOddString(const char* start, bool high, RawString* out) {
  bool escaped = false;
  while (!At('"')) {
    if (at_ == end_) return Fail("unterminated string");
    if (*at_ != '\\') return Fail("control character in a string");
    escaped = true;
    if (!SkipEscape()) return false;
    at_ = special_.Next(at_, &high);
  }
  *out = {std::string_view(start, static_cast<std::size_t>(at_ - start)), escaped};
  if (high && !CheckUtf8(out->text)) return false;
  ++at_;
  return true;
}

void JsonScanner::SkipControls() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
}

bool JsonScanner::SkipEscape() {
  const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
  if (rest.size() < 2) return Fail("unterminated string");
  if (rest[1] != 'u') {
    if (std::string_view("\"\\/bfnrt").find(rest[1]) == std::string_view::npos)
      return Fail("unknown escape");
    at_ += 2;
    return true;
  }
  const auto unit = HexQuad(rest.substr(2));
  if (!unit) return Fail("expected four hexadecimal digits after \\u");
  at_ += 6;
  if (*unit < kFirstHighSurrogate || *unit >= kAfterSurrogates) return true;
  const auto low = rest.substr(6).starts_with("\\u") ? HexQuad(rest.substr(8)) : std::nullopt;
  if (*unit >= kFirstLowSurrogate || !low || *low < kFirstLowSurrogate || *low >= kAfterSurrogates) {
    at_ -= 6;
    return Fail("lone surrogate escape");
  }
  at_ += 6;
  return true;
}

bool JsonScanner::CheckUtf8(std::string_view text) {
  if (simdjson::validate_utf8(text.data(), text.size())) return true;
  at_ = text.data();
  return Fail("a string that is not UTF-8");
}

}  // namespace aether::internal
