// Timestamp: RFC 3339 text to instants and back.

#include "aether/timestamp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>

#include "generators.h"

namespace aether {
namespace {

struct Reading {
  const char* text;
  Timestamp instant;
};

TEST(TimestampParse, ReadsTheInstant) {
  for (const auto& [text, instant] : std::initializer_list<Reading>{
           {"1970-01-01T00:00:00Z", {0, 0}},
           {"1970-01-01T00:00:00.000000001Z", {0, 1}},
           {"1969-12-31T23:59:59.999999999Z", {-1, 999'999'999}},
           {"0001-01-01T00:00:00Z", {Timestamp::kMinSeconds, 0}},
           {"9999-12-31T23:59:59.999999999Z", {Timestamp::kMaxSeconds, 999'999'999}},
           {"2026-01-13T21:26:16.12Z", {1768339576, 120'000'000}},
           {"2026-01-13T21:26:16.120000000Z", {1768339576, 120'000'000}},
           {"2026-01-13T21:26:16.000Z", {1768339576, 0}},
           {"2000-02-29T00:00:00Z", {951782400, 0}},
           {"2024-02-29T12:00:00Z", {1709208000, 0}},
           {"2026-01-13t21:26:16z", {1768339576, 0}},
           {"2026-01-13T22:26:16+01:00", {1768339576, 0}},
           {"2026-01-14T21:25:16+23:59", {1768339576, 0}},
           {"2026-01-12T21:27:16-23:59", {1768339576, 0}},
           {"2026-01-13T21:26:16-00:00", {1768339576, 0}},
           {"2026-01-14T03:11:16.5+05:45", {1768339576, 500'000'000}},
           // The instant counts, not the year as it is written.
           {"0000-12-31T23:00:00-01:00", {Timestamp::kMinSeconds, 0}},
       }) {
    const auto parsed = Timestamp::Parse(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(*parsed, instant) << text;
  }
}

TEST(TimestampParse, RefusesEverythingElse) {
  for (const std::string_view text : {
           "",
           "now",
           "2026-01-13",
           "2026-01-13T21:26:16",
           "2026-01-13 21:26:16Z",
           "2026-01-13T21:26Z",
           "2026-1-13T21:26:16Z",
           "26-01-13T21:26:16Z",
           "+2026-01-13T21:26:16Z",
           "12026-01-13T21:26:16Z",
           "-001-01-13T21:26:16Z",
           "2026-00-13T21:26:16Z",
           "2026-13-13T21:26:16Z",
           "2026-01-00T21:26:16Z",
           "2026-01-32T21:26:16Z",
           "2026-04-31T21:26:16Z",
           "2026-02-29T21:26:16Z",
           "1900-02-29T21:26:16Z",
           "2026-01-13T24:00:00Z",
           "2026-01-13T21:60:16Z",
           "2026-01-13T21:26:60Z",
           "2016-12-31T23:59:60Z",  // a leap second that took place
           "2026-01-13T21:26:16.Z",
           "2026-01-13T21:26:16,5Z",
           "2026-01-13T21:26:16.1234567890Z",
           "2026-01-13T21:26:16+24:00",
           "2026-01-13T21:26:16+01:60",
           "2026-01-13T21:26:16+0100",
           "2026-01-13T21:26:16+01",
           "2026-01-13T21:26:16Zx",
           "2026-01-13T21:26:16Z ",
           " 2026-01-13T21:26:16Z",
           "2026-01-13T21:26:16\xe2\x88\x92"
           "01:00",
           "0000-12-31T23:59:59Z",
           "0001-01-01T00:00:00+00:01",
           "9999-12-31T23:59:59-00:01",
       }) {
    const auto parsed = Timestamp::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidEvent);
    EXPECT_EQ(parsed.error().field(), "timestamp");
  }
  EXPECT_EQ(Timestamp::Parse("now").error().message(),
            "invalid event: timestamp: expected an RFC 3339 date-time of the years 0001 to 9999, "
            "with at most 9 fraction digits");
}

TEST(TimestampFormat, DropsTrailingZerosOfTheFraction) {
  EXPECT_EQ((Timestamp{1768339576, 120'000'000}.Format()), "2026-01-13T21:26:16.12Z");
  EXPECT_EQ((Timestamp{1768339576, 100}.Format()), "2026-01-13T21:26:16.0000001Z");
  EXPECT_EQ((Timestamp{1768339576, 0}.Format()), "2026-01-13T21:26:16Z");
  EXPECT_EQ((Timestamp{0, 1}.Format()), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ((Timestamp{Timestamp::kMinSeconds, 0}.Format()), "0001-01-01T00:00:00Z");
  EXPECT_EQ((Timestamp{Timestamp::kMaxSeconds, 999'999'999}.Format()), "9999-12-31T23:59:59.999999999Z");
}

TEST(TimestampFormat, EveryDayReadsBackAndFollowsTheDayBefore) {
  constexpr std::int64_t kDay = 86400;
  std::string before;
  for (std::int64_t seconds = Timestamp::kMinSeconds; seconds <= Timestamp::kMaxSeconds; seconds += kDay) {
    const Timestamp midnight{seconds, 0};
    const std::string text = midnight.Format();
    ASSERT_LT(before, text);
    ASSERT_EQ(*Timestamp::Parse(text), midnight) << text;
    before = text;
  }
  EXPECT_EQ(before, "9999-12-31T00:00:00Z");
}

TEST(TimestampParse, EveryOffsetGivesTheSameInstant) {
  const Timestamp instant{951782399, 5};  // 2000-02-28T23:59:59.000000005Z
  for (int minutes = -(23 * 60 + 59); minutes <= 23 * 60 + 59; ++minutes) {
    std::string text = Timestamp{instant.seconds + minutes * 60, instant.nanoseconds}.Format();
    char offset[8];
    std::snprintf(offset, sizeof offset, "%c%02d:%02d", minutes < 0 ? '-' : '+',
                  std::abs(minutes) / 60 % 24, std::abs(minutes) % 60);
    text.replace(text.size() - 1, 1, offset);
    ASSERT_EQ(*Timestamp::Parse(text), instant) << text;
  }
}

RC_GTEST_PROP(TimestampFormat, ReadsBackEqual, ()) {
  const Timestamp instant = testing::PickTimestamp();
  RC_ASSERT(*Timestamp::Parse(instant.Format()) == instant);
}

TEST(TimestampNow, IsThePresent) {
  const auto clock = [] {
    return std::chrono::duration_cast<std::chrono::seconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  };
  const std::int64_t before = clock();
  const Timestamp now = Timestamp::Now();
  EXPECT_TRUE(now.InRange());
  EXPECT_LE(before, now.seconds);
  EXPECT_LE(now.seconds, clock());
}

TEST(TimestampRange, EndsAtTheYears1And9999) {
  EXPECT_FALSE((Timestamp{Timestamp::kMinSeconds - 1, 999'999'999}.InRange()));
  EXPECT_FALSE((Timestamp{Timestamp::kMaxSeconds + 1, 0}.InRange()));
  EXPECT_FALSE((Timestamp{0, 1'000'000'000}.InRange()));
}

}  // namespace
}  // namespace aether
