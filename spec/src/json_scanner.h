// JsonScanner: checks JSON text (RFC 8259) in one pass and tells its pieces. Internal to spec/src.
//
// The one place that knows the grammar: payloads are validated, records decoded and canonical texts made
// with it. simdjson's parsers do not fit: they refuse numbers beyond 64 bits or leave skipped values
// unchecked.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "special_bytes.h"

namespace aether::internal {

// A string as it stands between its quotes.
struct RawString {
  std::string_view text;
  bool escaped = false;  // a backslash occurs in it
};

// `raw` with its escapes resolved, appended to `out`. `raw` comes from a JsonScanner.
void AppendUnescaped(const RawString& raw, std::string* out);

// Which containers are open: a bit each, the innermost lowest. Allocates from the 65th level on.
class ContainerStack {
 public:
  int depth() const { return depth_; }
  bool InObject() const { return (bits_ & 1) != 0; }

  void Push(bool object) {
    if (depth_ != 0 && depth_ % 64 == 0) outer_.push_back(bits_);
    bits_ = (bits_ << 1) | static_cast<std::uint64_t>(object);
    ++depth_;
  }

  void Pop() {
    --depth_;
    bits_ >>= 1;
    if (depth_ != 0 && depth_ % 64 == 0) {
      bits_ = outer_.back();
      outer_.pop_back();
    }
  }

 private:
  std::uint64_t bits_ = 0;
  int depth_ = 0;
  std::vector<std::uint64_t> outer_;
};

// Hears nothing: for text that is only to be checked. Shows what JsonScanner::Walk() tells its listener.
struct SilentListener {
  void OnOpen(bool /*object*/) {}
  void OnClose(bool /*object*/) {}
  void OnName(const RawString&) {}
  void OnString(const RawString&) {}
  void OnNumber(std::string_view) {}
  void OnLiteral(std::string_view) {}  // true, false, null
};

// A cursor over text that must outlive it. Every function that answers a bool moves the cursor beyond
// what it read; once one that can complain has answered false, Complaint() says what is wrong and where,
// and the scanner is of no further use.
class JsonScanner {
 public:
  static constexpr int kAnyDepth = std::numeric_limits<int>::max();

  explicit JsonScanner(std::string_view text)
      : begin_(text.data()), at_(begin_), end_(begin_ + text.size()), special_(begin_, end_) {}

  std::size_t offset() const { return static_cast<std::size_t>(at_ - begin_); }
  // byte 17: unterminated string
  std::string Complaint() const { return "byte " + std::to_string(offset()) + ": " + problem_; }

  bool At(char c) const { return at_ != end_ && *at_ == c; }
  bool AtDigit() const { return at_ != end_ && *at_ >= '0' && *at_ <= '9'; }

  // What was read from `start`, an earlier offset(), up to here.
  std::string_view TextSince(std::size_t start) const { return {begin_ + start, at_}; }

  void SkipSpace() {
    if (at_ != end_ && static_cast<unsigned char>(*at_) <= ' ') SkipControls();
  }

  bool TryConsume(char c) {
    if (!At(c)) return false;
    ++at_;
    return true;
  }

  bool Consume(char c, const char* problem) { return TryConsume(c) || Fail(problem); }

  bool ReadString(RawString* out) {
    if (!Consume('"', "expected a string")) return false;
    const char* const start = at_;
    bool high = false;
    at_ = special_.Next(at_, &high);
    if (!At('"') || high) return ReadOddString(start, high, out);
    *out = {std::string_view(start, static_cast<std::size_t>(at_ - start)), false};
    ++at_;
    return true;
  }

  // White space and then nothing.
  bool ReadEnd() {
    SkipSpace();
    return at_ == end_ || Fail("text after the object");
  }

  // A name and its colon, up to the value.
  bool ReadName(RawString* out) {
    SkipSpace();
    if (!At('"')) return Fail("expected a name");
    if (!ReadString(out)) return false;
    SkipSpace();
    if (!Consume(':', "expected ':'")) return false;
    SkipSpace();
    return true;
  }

  // `"name":` and no more space than that, up to the value; `name` needs no escapes.
  bool TryName(std::string_view name) {
    if (static_cast<std::size_t>(end_ - at_) < name.size() + 3 || at_[0] != '"' ||
        std::memcmp(at_ + 1, name.data(), name.size()) != 0 || at_[name.size() + 1] != '"' ||
        at_[name.size() + 2] != ':') {
      return false;
    }
    at_ += name.size() + 3;
    SkipSpace();
    return true;
  }

  bool ReadNumber(std::string_view* out) {
    const char* const start = at_;
    TryConsume('-');
    if (!TryConsume('0') && !SkipDigits()) return Fail("expected a value");
    if (TryConsume('.') && !SkipDigits()) return Fail("expected a digit after the point");
    if (TryConsume('e') || TryConsume('E')) {
      if (!TryConsume('+')) TryConsume('-');
      if (!SkipDigits()) return Fail("expected a digit in the exponent");
    }
    *out = std::string_view(start, static_cast<std::size_t>(at_ - start));
    return true;
  }

  bool TryLiteral(std::string_view word) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  // One value of any kind, with its parts told to `listener` (see SilentListener) in order. Objects and
  // arrays may be nested `max_depth` deep, the outermost counted. Does not recurse.
  template <typename Listener>
  bool Walk(Listener&& listener, int max_depth) {
    ContainerStack open;
    for (;;) {
      SkipSpace();
      if (At('{') || At('[')) {
        const bool object = *at_ == '{';
        if (open.depth() == max_depth) return Fail("nested too deep");
        ++at_;
        open.Push(object);
        listener.OnOpen(object);
        SkipSpace();
        if (!At(object ? '}' : ']')) {
          if (object && !WalkName(listener)) return false;
          continue;
        }
      } else if (!WalkScalar(listener)) {
        return false;
      }
      if (!WalkEnds(listener, &open)) return false;
      if (open.depth() == 0) return true;
    }
  }

 private:
  template <typename Listener>
  bool WalkName(Listener& listener) {
    RawString name;
    if (!ReadName(&name)) return false;
    listener.OnName(name);
    return true;
  }

  template <typename Listener>
  bool WalkScalar(Listener& listener) {
    switch (at_ == end_ ? '\0' : *at_) {
      case '"': {
        RawString string;
        if (!ReadString(&string)) return false;
        listener.OnString(string);
        return true;
      }
      case 't':
        return WalkLiteral("true", listener);
      case 'f':
        return WalkLiteral("false", listener);
      case 'n':
        return WalkLiteral("null", listener);
      default: {
        std::string_view number;
        if (!ReadNumber(&number)) return false;
        listener.OnNumber(number);
        return true;
      }
    }
  }

  template <typename Listener>
  bool WalkLiteral(std::string_view word, Listener& listener) {
    if (!TryLiteral(word)) return Fail("expected a value");
    listener.OnLiteral(word);
    return true;
  }

  // After a value or at the end of an empty container: the ends of containers, up to the next value of the
  // innermost one that goes on.
  template <typename Listener>
  bool WalkEnds(Listener& listener, ContainerStack* open) {
    while (open->depth() != 0) {
      SkipSpace();
      const bool object = open->InObject();
      if (TryConsume(',')) return !object || WalkName(listener);
      if (!Consume(object ? '}' : ']', object ? "expected ',' or '}'" : "expected ',' or ']'"))
        return false;
      listener.OnClose(object);
      open->Pop();
    }
    return true;
  }

  bool SkipDigits() {
    const char* const start = at_;
    while (AtDigit()) ++at_;
    return at_ != start;
  }

  bool Fail(const char* problem) {
    problem_ = problem;
    return false;
  }

  bool ReadOddString(const char* start, bool high, RawString* out);
  void SkipControls();
  bool SkipEscape();
  bool CheckUtf8(std::string_view text);

  const char* begin_;
  const char* at_;
  const char* end_;
  SpecialBytes special_;
  const char* problem_ = "";
};

}  // namespace aether::internal
