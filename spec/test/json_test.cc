// JsonObject: what it takes, what it refuses and where it says so, and when two are equal.

#include "aether/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "generators.h"

namespace aether {
namespace {

using ::testing::HasSubstr;
using testing::PickObject;

std::string Nested(int arrays) {
  return R"({"a":)" + std::string(static_cast<std::size_t>(arrays), '[') +
         std::string(static_cast<std::size_t>(arrays), ']') + "}";
}

TEST(JsonParse, KeepsTheSpellingOfWhatItTakes) {
  for (const std::string text : {
           R"({})",
           " \t\r\n{ } ",
           R"({"a":1,"a":2})",
           R"({"":"","a.b":[],"c":{}})",
           R"({"n":[0,-0,0.0,-0.0e-0,1e400,1E+9,12345678901234567890123456789.0123456789]})",
           R"({"s":"\" \\ \/ \b \f \n \r \t \u0000 \u00e9 \uD83D\uDE00 \ud83d\ude00"})",
           "{\"s\":\"\x7f \xc2\x80 \xe2\x80\xa8 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf \xf4\x8f\xbf\xbf\"}",
           R"({"l":[true,false,null]})",
       }) {
    const auto parsed = JsonObject::Parse(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message();
    EXPECT_EQ(parsed->text(), text);
  }
}

struct Refusal {
  const char* text;
  const char* message;
};

TEST(JsonParse, RefusesEverythingElseAndSaysWhere) {
  for (const auto& [text, message] : std::initializer_list<Refusal>{
           {"", "data: expected a JSON object"},
           {"  ", "data: expected a JSON object"},
           {"[]", "data: expected a JSON object"},
           {"\"x\"", "data: expected a JSON object"},
           {"null", "data: expected a JSON object"},
           {"\xef\xbb\xbf{}", "data: expected a JSON object"},
           {"{", "data: byte 1: expected a name"},
           {"{}x", "data: byte 2: text after the object"},
           {"{} {}", "data: byte 3: text after the object"},
           {"{a:1}", "data: byte 1: expected a name"},
           {"{'a':1}", "data: byte 1: expected a name"},
           {R"({"a"})", "data: byte 4: expected ':'"},
           {R"({"a":})", "data: byte 5: expected a value"},
           {R"({"a":1,})", "data: byte 7: expected a name"},
           {R"({"a":1 "b":2})", "data: byte 7: expected ',' or '}'"},
           {R"({"a":[1 2]})", "data: byte 8: expected ',' or ']'"},
           {R"({"a":[1,]})", "data: byte 8: expected a value"},
           {R"({"a":[1})", "data: byte 7: expected ',' or ']'"},
           {R"({"a":{"b":1]})", "data: byte 11: expected ',' or '}'"},
           {R"({"a":/**/1})", "data: byte 5: expected a value"},
           {R"({"a":01})", "data: byte 6: expected ',' or '}'"},
           {R"({"a":+1})", "data: byte 5: expected a value"},
           {R"({"a":-})", "data: byte 6: expected a value"},
           {R"({"a":.5})", "data: byte 5: expected a value"},
           {R"({"a":1.})", "data: byte 7: expected a digit after the point"},
           {R"({"a":1e})", "data: byte 7: expected a digit in the exponent"},
           {R"({"a":1e+})", "data: byte 8: expected a digit in the exponent"},
           {R"({"a":NaN})", "data: byte 5: expected a value"},
           {R"({"a":Infinity})", "data: byte 5: expected a value"},
           {R"({"a":True})", "data: byte 5: expected a value"},
           {R"({"a":nul})", "data: byte 5: expected a value"},
           {R"({"a":nulls})", "data: byte 9: expected ',' or '}'"},
           {R"({"a":"b)", "data: byte 7: unterminated string"},
           {R"({"a":"b\)", "data: byte 7: unterminated string"},
           {"{\"a\":\"\n\"}", "data: byte 6: control character in a string"},
           {R"({"a":"\x"})", "data: byte 6: unknown escape"},
           {R"({"a":"\u12g4"})", "data: byte 6: expected four hexadecimal digits after \\u"},
           {R"({"a":"\u12)", "data: byte 6: expected four hexadecimal digits after \\u"},
           {R"({"a":"\ud800"})", "data: byte 6: lone surrogate escape"},
           {R"({"a":"\udc00"})", "data: byte 6: lone surrogate escape"},
           {R"({"a":"\ud800\ud800"})", "data: byte 6: lone surrogate escape"},
           {R"({"a":"\ud800x"})", "data: byte 6: lone surrogate escape"},
           {R"({"\ud800":1})", "data: byte 2: lone surrogate escape"},
           {"{\"a\":\"\xff\"}", "data: byte 6: a string that is not UTF-8"},
           {"{\"a\":\"\xc0\x80\"}", "data: byte 6: a string that is not UTF-8"},
           {"{\"a\":\"\xed\xa0\x80\"}", "data: byte 6: a string that is not UTF-8"},
           {"{\"\xf4\x90\x80\x80\":1}", "data: byte 2: a string that is not UTF-8"},
           {"{\"a\":\xc3\xa9}", "data: byte 5: expected a value"},
       }) {
    const auto parsed = JsonObject::Parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidEvent);
    EXPECT_EQ(parsed.error().message(), std::string("invalid event: ") + message) << text;
    EXPECT_EQ(parsed.error().field(), "data");
  }
}

TEST(JsonParse, RefusesANulByteInsideAndBehind) {
  EXPECT_FALSE(JsonObject::Parse(std::string("{}\0", 3)));
  EXPECT_FALSE(JsonObject::Parse(std::string("{\"a\":\"\0\"}", 9)));
}

TEST(JsonParse, NamesTheFieldItIsGiven) {
  EXPECT_EQ(JsonObject::Parse("[]", "state").error().field(), "state");
  EXPECT_EQ(JsonObject::From(nlohmann::json::array(), "state").error().field(), "state");
}

TEST(JsonParse, TakesNestingUpToTheLimit) {
  EXPECT_TRUE(JsonObject::Parse(Nested(JsonObject::kMaxDepth - 1)));
  const auto deeper = JsonObject::Parse(Nested(JsonObject::kMaxDepth));
  ASSERT_FALSE(deeper);
  EXPECT_THAT(deeper.error().message(), HasSubstr("nested too deep"));
  EXPECT_FALSE(JsonObject::Parse(Nested(1'000'000)));
}

TEST(JsonParse, TellsObjectsFromArraysAtEveryDepth) {
  for (int depth = 1; depth < 200; ++depth) {
    std::string opened = "{\"\":";
    std::string closed = "}";
    for (int i = 1; i < depth; ++i) {
      const bool object = i % 3 == 0 || i % 7 == 0;
      opened += object ? "{\"\":" : "[";
      closed.insert(0, 1, object ? '}' : ']');
    }
    EXPECT_TRUE(JsonObject::Parse(opened + "1" + closed)) << depth;
    std::string wrong = closed;
    char& innermost = wrong[0];
    innermost = innermost == '}' ? ']' : '}';
    EXPECT_FALSE(JsonObject::Parse(opened + "1" + wrong)) << depth;
    char& outermost = (wrong = closed).back();
    outermost = ']';
    EXPECT_FALSE(JsonObject::Parse(opened + "1" + wrong)) << depth;
  }
}

// The scanner looks at blocks of bytes: what a string holds and where it ends must not depend on where the
// blocks do.
TEST(JsonParse, SeesEveryByteOfAStringWhereverItStands) {
  for (std::size_t before = 0; before < 70; before += 3) {
    for (std::size_t size = 0; size < 140; ++size) {
      const std::string start = std::string(before, ' ') + "{\"a\":\"";
      const std::string text = start + std::string(size, 'x') + "\"}";
      ASSERT_TRUE(JsonObject::Parse(text)) << text;
      const auto refused = [](const std::string& damaged) {
        const auto parsed = JsonObject::Parse(damaged);
        return parsed ? "" : parsed.error().message();
      };
      const std::size_t end = start.size() + size;
      EXPECT_EQ(refused(text.substr(0, end)),
                "invalid event: data: byte " + std::to_string(end) + ": unterminated string");
      if (size == 0) continue;
      std::string damaged = text;
      damaged[end - 1] = '\x1f';
      EXPECT_EQ(refused(damaged),
                "invalid event: data: byte " + std::to_string(end - 1) + ": control character in a string");
      damaged[end - 1] = '\\';
      EXPECT_EQ(refused(damaged),
                "invalid event: data: byte " + std::to_string(text.size()) + ": unterminated string");
      damaged[end - 1] = '\xff';
      EXPECT_EQ(refused(damaged), "invalid event: data: byte " + std::to_string(start.size()) +
                                      ": a string that is not UTF-8");
    }
  }
}

// nlohmann::json as the judge of texts that are nearly JSON.
RC_GTEST_PROP(JsonParse, AgreesWithAnotherParserAboutDamagedText, ()) {
  std::string text = JsonObject::From(PickObject())->text();
  const int edits = *rc::gen::inRange(0, 4);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size() + 1);
    if (at < text.size() && *rc::gen::arbitrary<bool>()) text.erase(at, 1);
    text.insert(at, 1,
                *rc::gen::elementOf(
                    std::string("{}[]\":,\\u/nulltruefalse0123456789+-.eE \n\x01\x7f\x80\xc3\xa9\xf0")));
  }
  RC_PRE(!text.starts_with('\xef'));  // nlohmann::json skips a byte order mark
  bool accepted = false;
  try {
    accepted = nlohmann::json::parse(text).is_object();
  } catch (const nlohmann::json::parse_error&) {
  } catch (const nlohmann::json::out_of_range&) {
    RC_DISCARD("a number beyond double, where it gives up");
  }
  RC_ASSERT(JsonObject::Parse(text).has_value() == accepted);
}

TEST(JsonFrom, RefusesWhatJsonCannotCarry) {
  const double infinity = std::numeric_limits<double>::infinity();
  const auto refused = [](const nlohmann::json& value) {
    const auto made = JsonObject::From(value);
    return made ? "" : made.error().message();
  };
  EXPECT_EQ(refused({{"a", std::nan("")}}), "invalid event: data: holds NaN or infinity");
  EXPECT_EQ(refused({{"a", {1, {{"b", infinity}}}}}), "invalid event: data: holds NaN or infinity");
  EXPECT_EQ(refused({{"a", -infinity}}), "invalid event: data: holds NaN or infinity");
  EXPECT_EQ(refused({{"a", "\xff"}}), "invalid event: data: holds text that is not UTF-8");
  EXPECT_EQ(refused({{"\xff", 1}}), "invalid event: data: holds text that is not UTF-8");
  EXPECT_EQ(refused({{"a", nlohmann::json::binary({1})}}),
            "invalid event: data: holds a value that JSON does not have");
  for (const nlohmann::json& other :
       {nlohmann::json(), nlohmann::json(1), nlohmann::json("x"), nlohmann::json::array(),
        nlohmann::json(true), nlohmann::json(nlohmann::json::value_t::discarded)}) {
    EXPECT_EQ(refused(other), "invalid event: data: expected a JSON object");
  }
}

TEST(JsonFrom, RefusesATreeThatIsTooDeep) {
  nlohmann::json tree;
  for (int i = 0; i < JsonObject::kMaxDepth - 1; ++i) tree = nlohmann::json::array({std::move(tree)});
  EXPECT_TRUE(JsonObject::From({{"a", tree}}));
  EXPECT_FALSE(JsonObject::From({{"a", nlohmann::json::array({tree})}}));
}

TEST(JsonFrom, SpellsNumbersInTheirShortestForm) {
  const auto text = [](const nlohmann::json& value) { return JsonObject::From({{"v", value}})->text(); };
  EXPECT_EQ(text(0.1), R"({"v":0.1})");
  EXPECT_EQ(text(1.0), R"({"v":1.0})");
  EXPECT_EQ(text(-0.0), R"({"v":-0.0})");
  EXPECT_EQ(text(5e-324), R"({"v":5e-324})");
  EXPECT_EQ(text(1e21), R"({"v":1e+21})");
  EXPECT_EQ(text(123456789012345680000.0), R"({"v":1.2345678901234568e+20})");
  EXPECT_EQ(text(9007199254740993.0), R"({"v":9.007199254740992e+15})");
  EXPECT_EQ(text(std::numeric_limits<double>::max()), R"({"v":1.7976931348623157e+308})");
  EXPECT_EQ(text(std::numeric_limits<std::int64_t>::min()), R"({"v":-9223372036854775808})");
  EXPECT_EQ(text(std::numeric_limits<std::uint64_t>::max()), R"({"v":18446744073709551615})");
}

TEST(JsonObject, CopiesShareTheTextAndOneThatWasMovedFromHasNone) {
  JsonObject first = *JsonObject::Parse(R"({"a":1})");
  const JsonObject second = first;
  EXPECT_EQ(&first.text(), &second.text());
  const JsonObject third = std::move(first);
  EXPECT_EQ(third, second);
  EXPECT_EQ(first.text(), "");  // NOLINT(bugprone-use-after-move): that it is empty is the point
  EXPECT_EQ(JsonObject().text(), "{}");
}

TEST(JsonTree, ThrowsForANumberBeyondDouble) {
  const auto object = JsonObject::Parse(R"({"n":1e400})");
  ASSERT_TRUE(object);
  EXPECT_THROW((void)object->ToJson(), nlohmann::json::out_of_range);
}

RC_GTEST_PROP(JsonFrom, ReadsBackEqual, ()) {
  const nlohmann::json tree = PickObject();
  const auto object = JsonObject::From(tree);
  RC_ASSERT(object.has_value());
  RC_ASSERT(object->ToJson() == tree);
  RC_ASSERT(JsonObject::Parse(object->text()).has_value());
}

RC_GTEST_PROP(JsonFrom, DoublesReadBackBitForBit, ()) {
  const double value = *testing::FiniteDouble();
  const double read = JsonObject::From({{"v", value}})->ToJson().at("v").get<double>();
  RC_ASSERT(std::bit_cast<std::uint64_t>(read) == std::bit_cast<std::uint64_t>(value));
}

}  // namespace
}  // namespace aether
