// Equality of JSON values and the canonical text behind it; single JSON strings; UTF-8.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "aether/json.h"
#include "generators.h"

namespace aether {
namespace {

bool Same(const std::string& a, const std::string& b) {
  return *JsonObject::Parse("{\"v\":" + a + "}") == *JsonObject::Parse("{\"v\":" + b + "}");
}

TEST(JsonEquality, NumbersAreEqualWhenTheirExactValuesAre) {
  const std::vector<std::vector<std::string>> values = {
      {"0", "-0", "0.0", "-0.000e9", "0e99999999999999999999999"},
      {"1", "1.0", "10e-1", "0.1e1", "1E0", "1e-0", "1e+00000000000000000000000", "0.001e3"},
      {"-1", "-1.00"},
      {"9007199254740993", "9007199254740993.0", "9.007199254740993e15"},
      {"9007199254740992"},
      {"100", "1e2", "1E+2"},
      {"0.1", "1e-1"},
      {"0.1000000000000000055511151231257827"},
      {"123456789012345678901234567890.123456789", "123456789012345678901234567890123456789e-9"},
      {"1e400", "10e399"},
      {"1e-400", "0.1e-399"},
      {"1e1000000000000000000", "10e999999999999999999", "0.1e1000000000000000001"},
      {"1e999999999999999999"},
      {"1e-1000000000000000000", "0.1e-999999999999999999", "10e-1000000000000000001"},
      {"1e99999999999999999999999999999", "1000e99999999999999999999999999996",
       "0.01e100000000000000000000000000001"},
      {"1e-100000000000000000000000000000", "1000e-100000000000000000000000000003",
       "0.1e-99999999999999999999999999999"},
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    for (const std::string& a : values[i]) {
      for (std::size_t k = 0; k < values.size(); ++k) {
        for (const std::string& b : values[k]) EXPECT_EQ(Same(a, b), i == k) << a << " and " << b;
      }
    }
  }
}

TEST(JsonEquality, SpellingOfTextDoesNotMatter) {
  EXPECT_TRUE(Same(R"("é/")", R"("\u00E9\/")"));
  EXPECT_TRUE(Same(R"("😀")", R"("\ud83d\uDE00")"));
  EXPECT_TRUE(Same(R"("\u003c")", R"("<")"));
  EXPECT_TRUE(Same(R"("\u000a\u0008")", R"("\n\b")"));
  EXPECT_FALSE(Same(R"("\\n")", R"("\n")"));
  EXPECT_FALSE(Same("\"\xc3\xa9\"", "\"e\xcc\x81\""));
  EXPECT_FALSE(Same(R"("a")", R"("A")"));
  EXPECT_FALSE(Same(R"("")", R"("\u0000")"));
}

TEST(JsonEquality, OrderOfNamesAndWhiteSpaceDoNotMatter) {
  EXPECT_TRUE(Same(R"({"a":1,"b":[2, 3],"c":{}})", R"( { "c" : {} , "b" :[2,3 ],"\u0061":1.0 } )"));
  EXPECT_FALSE(Same("[1,2]", "[2,1]"));
  EXPECT_FALSE(Same("{}", "[]"));
  EXPECT_FALSE(Same("[]", "[null]"));
  EXPECT_FALSE(Same(R"({"a":null})", "{}"));
  EXPECT_FALSE(Same("1", R"("1")"));
  EXPECT_FALSE(Same("[[1],2]", "[[1,2]]"));
}

TEST(JsonEquality, OfEqualNamesTheLastCounts) {
  EXPECT_TRUE(Same(R"({"a":1,"b":0,"\u0061":2})", R"({"b":0,"a":2})"));
  EXPECT_FALSE(Same(R"({"a":2,"a":1})", R"({"a":2})"));
}

TEST(CanonicalJson, IsShortAndSorted) {
  EXPECT_EQ(CanonicalJson(R"( { "b" : [ 1.50 , -0.0 ] , "a" : "\u00e9\u0001" , "" : {"z":{},"y":1e-7} } )"),
            "{\"\":{\"y\":1e-7,\"z\":{}},\"a\":\"\xc3\xa9\\u0001\",\"b\":[15e-1,0]}");
}

TEST(CanonicalJson, TellsTheSignOfZeroOnRequest) {
  EXPECT_EQ(CanonicalJson("-0.0", true), "-0");
  EXPECT_EQ(CanonicalJson("0.0", true), "0");
  EXPECT_EQ(CanonicalJson("-0.0"), "0");
}

TEST(CanonicalJson, TakesAnyDepth) {
  const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
  EXPECT_EQ(CanonicalJson(deep), deep);
}

RC_GTEST_PROP(CanonicalJson, IsTheSameForShuffledNames, ()) {
  const nlohmann::json tree = testing::PickObject();
  std::vector<std::string> members;
  for (const auto& [name, value] : tree.items()) {
    const std::string wrapped = JsonObject::From({{name, value}})->text();
    members.push_back(wrapped.substr(1, wrapped.size() - 2));
  }
  std::ranges::reverse(members);
  if (!members.empty()) {
    std::ranges::rotate(members,
                        members.begin() + *rc::gen::inRange<std::ptrdiff_t>(0, std::ssize(members)));
  }
  std::string shuffled = "{";
  for (const std::string& member : members) shuffled += (shuffled.size() == 1 ? "\n" : " ,\t") + member;
  shuffled += '}';
  RC_ASSERT(CanonicalJson(shuffled) == CanonicalJson(JsonObject::From(tree)->text()));
}

RC_GTEST_PROP(CanonicalJson, TellsNeighbouringNumbersApart, ()) {
  const std::int64_t whole =
      *rc::gen::suchThat(testing::AnyInt64(), [](std::int64_t n) { return n < INT64_MAX; });
  RC_ASSERT(!Same(std::to_string(whole), std::to_string(whole + 1)));
  const double real = *testing::FiniteDouble();
  const double next = std::nextafter(real, 0.0);
  RC_ASSERT(next == real || *JsonObject::From({{"v", real}}) != *JsonObject::From({{"v", next}}));
}

RC_GTEST_PROP(CanonicalJson, DoesNotDependOnWhereThePointStands, ()) {
  const std::string digits = std::to_string(*rc::gen::arbitrary<std::uint64_t>());
  const auto exponent = *rc::gen::inRange(-400, 400);
  const auto point = *rc::gen::inRange<std::size_t>(1, digits.size() + 1);
  const std::string moved =
      digits.substr(0, point) + "." + digits.substr(point) + "0e" +
      std::to_string(exponent + std::ssize(digits) - static_cast<std::ptrdiff_t>(point));
  RC_ASSERT(Same(digits + "E" + std::to_string(exponent), moved));
}

TEST(JsonString, EscapesOnlyWhatItMust) {
  std::string out = "x";
  AppendJsonString(std::string("a\"\\/\b\f\n\r\t\0\x1f\x7f<\xc3\xa9\xe2\x80\xa8", 18), &out);
  EXPECT_EQ(out, "x\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7f<\xc3\xa9\xe2\x80\xa8\"");
}

TEST(JsonString, OfNothingIsTwoQuotes) {
  std::string out;
  AppendJsonString({}, &out);
  EXPECT_EQ(out, R"("")");
}

RC_GTEST_PROP(JsonString, ReadsBackEqual, ()) {
  const std::string text = *testing::Text();
  std::string out;
  AppendJsonString(text, &out);
  RC_ASSERT(nlohmann::json::parse(out).get<std::string>() == text);
}

TEST(Utf8, AcceptsScalarValuesAndNothingElse) {
  for (const std::string_view valid :
       {"", "plain ascii", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "12345678\xc3\xa9"}) {
    EXPECT_TRUE(IsValidUtf8(valid)) << valid;
  }
  for (const std::string_view invalid :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xef\xbf",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "12345678\xff",
        "\xc3\xa9\xc3"}) {
    EXPECT_FALSE(IsValidUtf8(invalid)) << invalid;
  }
}

}  // namespace
}  // namespace aether
