// Timestamp to and from RFC 3339 text.

#include "aether/timestamp.h"

#include <chrono>

#include "timestamp_text.h"

namespace aether {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::int64_t kSecondsPerDay = 86400;

StoreError NotADateTime() { return StoreError::InvalidEvent("timestamp", internal::kExpectedTimestamp); }

// Reads the fixed forms of RFC 3339 from the front of a text. The first thing that is not there makes it
// fail for good.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool failed() const { return failed_; }
  bool AtEnd() const { return text_.empty(); }

  // `count` digits.
  int Digits(int count) {
    int value = 0;
    for (int i = 0; i < count; ++i) {
      if (!NextIsDigit()) {
        failed_ = true;
        return 0;
      }
      value = value * 10 + (Take() - '0');
    }
    return value;
  }

  // One of the characters of `accepted`.
  char OneOf(std::string_view accepted) {
    for (const char c : accepted) {
      if (!text_.empty() && text_.front() == c) return Take();
    }
    failed_ = true;
    return accepted.front();
  }

  // A point and up to nine digits, as nanoseconds; 0 if there is no point.
  std::uint32_t Fraction() {
    if (text_.empty() || text_.front() != '.') return 0;
    Take();
    std::uint32_t nanoseconds = static_cast<std::uint32_t>(Digits(1));
    for (int i = 1; i < 9; ++i) nanoseconds = nanoseconds * 10 + (NextIsDigit() ? Take() - '0' : 0);
    return nanoseconds;
  }

 private:
  bool NextIsDigit() const { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }

  char Take() {
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }

  std::string_view text_;
  bool failed_ = false;
};

// Writes `value` as `count` digits at `out` and returns the place behind them.
char* PutDigits(std::uint32_t value, int count, char* out) {
  for (int i = count; i-- != 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
  return out + count;
}

}  // namespace

Timestamp Timestamp::Now() {
  using std::chrono::nanoseconds;
  const nanoseconds since_epoch = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_epoch);
  return {seconds.count(), static_cast<std::uint32_t>((since_epoch - nanoseconds(seconds)).count())};
}

Result<Timestamp> Timestamp::Parse(std::string_view text) {
  Reader reader(text);
  const int year = reader.Digits(4);
  reader.OneOf("-");
  const int month = reader.Digits(2);
  reader.OneOf("-");
  const int day = reader.Digits(2);
  reader.OneOf("Tt");
  const int hour = reader.Digits(2);
  reader.OneOf(":");
  const int minute = reader.Digits(2);
  reader.OneOf(":");
  const int second = reader.Digits(2);
  const std::uint32_t nanoseconds = reader.Fraction();
  const char zone = reader.OneOf("Zz+-");
  std::int64_t offset = 0;
  if (zone == '+' || zone == '-') {
    const int offset_hour = reader.Digits(2);
    reader.OneOf(":");
    const int offset_minute = reader.Digits(2);
    if (offset_hour > 23 || offset_minute > 59) return NotADateTime();
    offset = (zone == '+' ? 1 : -1) * (offset_hour * 3600 + offset_minute * 60);
  }
  // A leap second has no place in a count that leaves leap seconds out: second 60 is refused.
  if (reader.failed() || !reader.AtEnd() || hour > 23 || minute > 59 || second > 59) return NotADateTime();
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return NotADateTime();

  const std::int64_t days = sys_days(date).time_since_epoch().count();
  const Timestamp instant{days * kSecondsPerDay + hour * 3600 + minute * 60 + second - offset, nanoseconds};
  if (!instant.InRange()) return NotADateTime();
  return instant;
}

std::string Timestamp::Format() const {
  const auto time = std::chrono::sys_seconds(std::chrono::seconds(seconds));
  const auto midnight = std::chrono::floor<std::chrono::days>(time);
  const year_month_day date(midnight);
  const auto of_day = static_cast<std::uint32_t>((time - midnight).count());

  char text[32];
  char* at = PutDigits(static_cast<std::uint32_t>(static_cast<int>(date.year())), 4, text);
  *at++ = '-';
  at = PutDigits(static_cast<unsigned>(date.month()), 2, at);
  *at++ = '-';
  at = PutDigits(static_cast<unsigned>(date.day()), 2, at);
  *at++ = 'T';
  at = PutDigits(of_day / 3600, 2, at);
  *at++ = ':';
  at = PutDigits(of_day / 60 % 60, 2, at);
  *at++ = ':';
  at = PutDigits(of_day % 60, 2, at);
  if (nanoseconds != 0) {
    *at++ = '.';
    at = PutDigits(nanoseconds, 9, at);
    while (at[-1] == '0') --at;
  }
  *at++ = 'Z';
  return std::string(text, at);
}

}  // namespace aether
