// DATA: every JSON value round-trips.

#include <rapidcheck.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

JsonObject RoundTrip(Trial& t, const JsonObject& data) {
  Event event = t.NewEvent(t.NewActor(), 1);
  event.data = data;
  t.store().MustSave(event);
  const auto events = t.store().MustRead(event.actor_id);
  if (events.size() != 1) {
    throw Failure("a stream of one event reads otherwise", "1 event", DescribeVersions(events));
  }
  return events[0]->data;
}

// JSON is shown as it is, as long as nothing of it is invisible.
std::string Show(const JsonObject& data) {
  const std::string& text = data.text();
  const bool plain = text.size() < 200 &&
                     std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  return plain ? text : Quote(text, 200);
}

void RequireRoundTrip(Trial& t, const JsonObject& data) {
  const JsonObject back = RoundTrip(t, data);
  if (!(back == data)) throw Failure("data does not round-trip", Show(data), Show(back));
}

JsonObject Wrap(const std::string& value) { return JsonObject::Trusted(R"({"value":)" + value + "}"); }

// DATA-01
void EveryKindRoundTrips(RuleRun& run) {
  run.ForAll(150, [](Trial& t) { RequireRoundTrip(t, *gen::Payload()); });
  run.Once([](Trial& t) {
    for (const char* value :
         {"null", "true", "false", "0", "-1", "0.5", R"("text")", "[1,null,[]]", R"({"a":{"b":1}})"}) {
      RequireRoundTrip(t, Wrap(value));
    }
  });
}

// DATA-02
void IntegersRoundTripExactly(RuleRun& run) {
  run.ForAll(60, [](Trial& t) { RequireRoundTrip(t, Wrap(*gen::Integer64Text())); });
  run.Once([](Trial& t) {
    for (const char* value : {"9223372036854775807", "-9223372036854775808", "18446744073709551615",
                              "9007199254740993", "-9007199254740993"}) {
      RequireRoundTrip(t, Wrap(value));
    }
  });
}

void RequireSameDouble(Trial& t, double value) {
  const JsonObject back = RoundTrip(t, Wrap(gen::DoubleText(value)));
  const nlohmann::json tree = back.ToJson();
  const auto found = tree.find("value");
  if (found != tree.end() && found->is_number() && found->get<double>() == value) return;
  throw Failure("a double does not round-trip", gen::DoubleText(value), Show(back));
}

// DATA-03: the sign of zero is DATA-04's affair.
void DoublesRoundTripExactly(RuleRun& run) {
  run.ForAll(100, [](Trial& t) { RequireSameDouble(t, *gen::FiniteDouble()); });
  run.Once([](Trial& t) {
    for (const double value : {5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 0.1, 1e21, 1e-7}) {
      RequireSameDouble(t, value);
    }
  });
}

// DATA-04
void DecimalsKeepTheirDigits(RuleRun& run) {
  run.Once([](Trial& t) {
    for (const char* value :
         {"-0.0", "-0", "0.1000000000000000055511151231257827", "123456789012345678901234567890",
          "3.14159265358979323846264338327950288419716939937510", "-1e-400", "1e400"}) {
      const JsonObject data = Wrap(value);
      const JsonObject back = RoundTrip(t, data);
      if (CanonicalJson(data.text(), true) != CanonicalJson(back.text(), true)) {
        throw Failure("a number changes", value, Show(back));
      }
    }
  });
}

// DATA-05
void DeepNestingRoundTrips(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const int depth = *rc::gen::inRange(1, 100);
    std::string open, close;
    for (int i = 1; i < depth; ++i) {
      const bool array = *rc::gen::arbitrary<bool>();
      open += array ? "[" : R"({"n":)";
      close.insert(close.begin(), array ? ']' : '}');
    }
    RequireRoundTrip(t, Wrap(open + "1" + close));
  });
  run.Once([](Trial& t) {
    RequireRoundTrip(t, Wrap(std::string(99, '[') + std::string(99, ']')));
    std::string objects = "1";
    for (int i = 0; i < 99; ++i) objects = R"({"n":)" + objects + "}";
    RequireRoundTrip(t, Wrap(objects));
  });
}

// DATA-06
void EmptyValuesRoundTrip(RuleRun& run) {
  run.Once([](Trial& t) {
    RequireRoundTrip(t, JsonObject());
    for (const char* value :
         {"{}", "[]", R"("")", R"({"":1})", R"({"":{"":[]}})", "[[],{},\"\",null]", "[[[]]]"}) {
      RequireRoundTrip(t, Wrap(value));
    }
    RequireRoundTrip(t, JsonObject::Trusted(R"({"":"","a":null,"b":[],"c":{}})"));
  });
}

std::string Utf8(std::uint32_t c) {
  if (c < 0x80) return {char(c)};
  if (c < 0x800) return {char(0xC0 | c >> 6), char(0x80 | (c & 0x3F))};
  if (c < 0x10000) return {char(0xE0 | c >> 12), char(0x80 | (c >> 6 & 0x3F)), char(0x80 | (c & 0x3F))};
  return {char(0xF0 | c >> 18), char(0x80 | (c >> 12 & 0x3F)), char(0x80 | (c >> 6 & 0x3F)),
          char(0x80 | (c & 0x3F))};
}

std::string Quoted(const std::string& text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

// DATA-07: every scalar value in a text, 4,096 to an event; every awkward one in a name.
void EveryScalarRoundTrips(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    const std::string text = *gen::Text();
    RequireRoundTrip(t, JsonObject::Trusted("{" + Quoted(text) + ":" + Quoted(text) + "}"));
  });
  run.Once([](Trial& t) {
    for (std::uint32_t block = 0; block < 0x110000; block += 4096) {
      std::string text;
      for (std::uint32_t c = block; c < block + 4096; ++c) {
        if (c < 0xD800 || c > 0xDFFF) text += Utf8(c);
      }
      if (!text.empty()) RequireRoundTrip(t, Wrap(Quoted(text)));
    }
    for (const std::uint32_t c : {0x0u, 0x1u, 0x1Fu, 0x22u, 0x5Cu, 0x7Fu, 0x80u, 0x2028u, 0xD7FFu, 0xE000u,
                                  0xFFFDu, 0xFFFEu, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
      RequireRoundTrip(t, JsonObject::Trusted("{" + Quoted(Utf8(c)) + ":1}"));
    }
  });
}

constexpr Property kProperties[] = {
    {"DATA-01", EveryKindRoundTrips},     {"DATA-02", IntegersRoundTripExactly},
    {"DATA-03", DoublesRoundTripExactly}, {"DATA-04", DecimalsKeepTheirDigits},
    {"DATA-05", DeepNestingRoundTrips},   {"DATA-06", EmptyValuesRoundTrip},
    {"DATA-07", EveryScalarRoundTrips},
};

}  // namespace

std::span<const Property> DataProperties() { return kProperties; }

}  // namespace aether::conformance
