// CanonicalJson(): one text for all spellings of a JSON value.

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "aether/json.h"
#include "json_scanner.h"

namespace aether {
namespace {

// `digits` + `delta` for a decimal number without a sign, of any length and not below -`delta`; without
// leading zeros.
std::string AddToDecimal(std::string digits, std::int64_t delta) {
  std::int64_t carry = delta;
  for (std::size_t i = digits.size(); i-- != 0 && carry != 0;) {
    const std::int64_t sum = digits[i] - '0' + carry % 10;
    carry /= 10;
    // Within -9 to 18: one step brings it back to a digit.
    if (sum > 9) ++carry;
    if (sum < 0) --carry;
    digits[i] = static_cast<char>('0' + (sum + 10) % 10);
  }
  if (carry > 0) digits.insert(0, std::to_string(carry));
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
  return digits;
}

// The exponent spelled `text` (sign and digits, or nothing) plus `delta`, which is smaller than the text of
// the whole number is long.
std::string AddToExponent(std::string_view text, std::int64_t delta) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  constexpr std::size_t kFitsInt64 = 18;
  if (text.size() > kFitsInt64) {
    // So far from 0 that `delta` cannot change the sign.
    return (negative ? "-" : "") + AddToDecimal(std::string(text), negative ? -delta : delta);
  }
  std::int64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return std::to_string((negative ? -value : value) + delta);
}

// Appends sign, digits without zeros at either end, and the power of ten that they are multiplied with.
void AppendCanonicalNumber(std::string_view number, bool keep_zero_sign, std::string* out) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::size_t e = number.find_first_of("eE");
  const std::string_view exponent = e == std::string_view::npos ? "" : number.substr(e + 1);
  number = number.substr(0, e);

  const std::size_t point = number.find('.');
  const std::size_t fraction = point == std::string_view::npos ? 0 : number.size() - point - 1;
  std::string digits(number.substr(0, point));
  if (fraction != 0) digits += number.substr(point + 1);

  const std::size_t first = digits.find_first_not_of('0');
  if (first == std::string::npos) {
    *out += negative && keep_zero_sign ? "-0" : "0";
    return;
  }
  const std::size_t trailing = digits.size() - 1 - digits.find_last_not_of('0');
  if (negative) *out += '-';
  out->append(digits, first, digits.size() - first - trailing);
  const std::string power =
      AddToExponent(exponent, static_cast<std::int64_t>(trailing) - static_cast<std::int64_t>(fraction));
  if (power != "0") *out += 'e' + power;
}

// Writes what a JsonScanner tells into one text, and brings the members of an object into order when it
// ends. Members that come in order, as most do, are never moved.
class CanonicalWriter {
 public:
  explicit CanonicalWriter(bool keep_zero_sign) : keep_zero_sign_(keep_zero_sign) {}

  void OnOpen(bool object) {
    BeginValue();
    text_ += object ? '{' : '[';
    open_.push_back({object, text_.size(), {}});
  }

  void OnClose(bool object) {
    if (object) SortMembers();
    open_.pop_back();
    text_ += object ? '}' : ']';
  }

  void OnName(const internal::RawString& name) {
    Container& object = open_.back();
    if (!object.members.empty()) text_ += ',';
    const std::size_t start = text_.size();
    AppendString(name);
    object.members.push_back({start, text_.size() - start});
    text_ += ':';
  }

  void OnString(const internal::RawString& string) {
    BeginValue();
    AppendString(string);
  }

  void OnNumber(std::string_view number) {
    BeginValue();
    AppendCanonicalNumber(number, keep_zero_sign_, &text_);
  }

  void OnLiteral(std::string_view word) {
    BeginValue();
    text_ += word;
  }

  std::string TakeText() { return std::move(text_); }

 private:
  struct Member {
    std::size_t start;      // of the name, in text_
    std::size_t name_size;  // quotes included
  };

  struct Container {
    bool object;
    std::size_t start;  // of what is between the braces
    std::vector<Member> members;
  };

  void BeginValue() {
    if (!open_.empty() && !open_.back().object && text_.size() != open_.back().start) text_ += ',';
  }

  void AppendString(const internal::RawString& string) {
    if (!string.escaped) {
      // Nothing in it needs an escape.
      text_.append(1, '"').append(string.text).append(1, '"');
      return;
    }
    std::string plain;
    internal::AppendUnescaped(string, &plain);
    AppendJsonString(plain, &text_);
  }

  std::string_view Name(const Member& member) const {
    return std::string_view(text_).substr(member.start, member.name_size);
  }

  void SortMembers() {
    const Container& object = open_.back();
    const auto not_rising = [this](const Member& a, const Member& b) { return Name(a) >= Name(b); };
    if (std::ranges::adjacent_find(object.members, not_rising) == object.members.end()) return;

    struct Sorted {
      std::string_view name;
      std::string_view text;
    };
    std::vector<Sorted> sorted;
    for (std::size_t i = 0; i < object.members.size(); ++i) {
      const Member& member = object.members[i];
      const std::size_t end =
          i + 1 == object.members.size() ? text_.size() : object.members[i + 1].start - 1;
      sorted.push_back({Name(member), std::string_view(text_).substr(member.start, end - member.start)});
    }
    std::ranges::stable_sort(sorted, {}, &Sorted::name);

    std::string in_order;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      const bool last_of_name = i + 1 == sorted.size() || sorted[i + 1].name != sorted[i].name;
      if (!last_of_name) continue;
      if (!in_order.empty()) in_order += ',';
      in_order += sorted[i].text;
    }
    text_.replace(object.start, std::string::npos, in_order);
  }

  const bool keep_zero_sign_;
  std::string text_;
  std::vector<Container> open_;
};

}  // namespace

std::string CanonicalJson(std::string_view json, bool keep_zero_sign) {
  CanonicalWriter writer(keep_zero_sign);
  internal::JsonScanner(json).Walk(writer, internal::JsonScanner::kAnyDepth);
  return writer.TakeText();
}

}  // namespace aether
