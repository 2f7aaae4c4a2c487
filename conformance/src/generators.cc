// Generators for this domain.

#include "generators.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>

namespace aether::conformance::gen {

namespace {

void AppendUtf8(char32_t c, std::string* out) {
  if (c < 0x80) {
    *out += static_cast<char>(c);
  } else if (c < 0x800) {
    *out += static_cast<char>(0xC0 | (c >> 6));
    *out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out += static_cast<char>(0xE0 | (c >> 12));
    *out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | (c >> 18));
    *out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

// Shrinks towards 'a'.
rc::Gen<char32_t> Scalar() {
  static const std::vector<char32_t> kAwkward = {
      U'\0',   U'\x01', U'\t',    U'\n',  U'\r',  U'\x1b', U'"',   U'\\',  U'/',   U'<',
      U'&',    U'\x7f', 0x80,     0xA0,   0xAD,   U'é',    U'ß',   0x130,  0x301,  0x200B,
      0x202E,  0x2028,  0x2029,   0xD7FF, 0xE000, 0xFEFF,  0xFFFD, 0xFFFE, 0xFFFF, 0x10000,
      0x1F600, 0x1FFFE, 0x10FFFF, U'.',   U'*',   U'>',    U'$',   U'%',   U'_',   U' '};
  const auto plain =
      rc::gen::map(rc::gen::inRange<int>(0, 26), [](int i) { return static_cast<char32_t>(U'a' + i); });
  const auto any = rc::gen::map(rc::gen::inRange<int>(0, 0x10FFFF - 0x800 + 1), [](int i) {
    return static_cast<char32_t>(i < 0xD800 ? i : i + 0x800);  // leaves out the surrogates
  });
  return rc::gen::weightedOneOf<char32_t>({{4, plain}, {3, rc::gen::elementOf(kAwkward)}, {2, any}});
}

std::string Encode(const std::vector<char32_t>& scalars) {
  std::string text;
  for (char32_t c : scalars) AppendUtf8(c, &text);
  return text;
}

std::string Quoted(const std::string& text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

// Texts, numbers and the three words.
rc::Gen<std::string> Scalars() {
  // Plain numbers only: those that a double cannot hold have rules of their own.
  return rc::gen::oneOf(rc::gen::elementOf(std::vector<std::string>{"0", "1", "-1", "0.5", "-2.25",
                                                                    "1000000", "true", "false", "null"}),
                        rc::gen::map(Text(), Quoted));
}

rc::Gen<std::string> Value(int depth);

rc::Gen<std::string> Array(int depth) {
  return rc::gen::map(rc::gen::scale(0.2, rc::gen::container<std::vector<std::string>>(Value(depth - 1))),
                      [](const std::vector<std::string>& values) {
                        std::string text = "[";
                        for (const std::string& value : values)
                          text += (text.size() > 1 ? "," : "") + value;
                        return text + "]";
                      });
}

rc::Gen<std::string> Object(int depth) {
  using Members = std::vector<std::pair<std::string, std::string>>;
  const auto member = rc::gen::pair(rc::gen::scale(0.5, Text()), Value(depth - 1));
  // Names are unique: what a repeated one means is nobody's contract.
  const auto members = rc::gen::scale(
      0.2, rc::gen::uniqueBy<Members>(member, [](const Members::value_type& m) { return m.first; }));
  return rc::gen::map(members, [](const Members& pairs) {
    std::string text = "{";
    for (const auto& [name, value] : pairs)
      text += (text.size() > 1 ? "," : "") + Quoted(name) + ":" + value;
    return text + "}";
  });
}

rc::Gen<std::string> Value(int depth) {
  if (depth <= 0) return Scalars();
  return rc::gen::weightedOneOf<std::string>({{4, Scalars()},
                                              {1, rc::gen::lazy([depth] { return Array(depth); })},
                                              {1, rc::gen::lazy([depth] { return Object(depth); })}});
}

constexpr int kDepth = 4;

}  // namespace

rc::Gen<std::string> Text() {
  return rc::gen::map(rc::gen::scale(0.3, rc::gen::container<std::vector<char32_t>>(Scalar())), Encode);
}

rc::Gen<std::string> NonEmptyText() {
  return rc::gen::map(
      rc::gen::pair(Scalar(), rc::gen::scale(0.3, rc::gen::container<std::vector<char32_t>>(Scalar()))),
      [](const std::pair<char32_t, std::vector<char32_t>>& parts) {
        return Encode({parts.first}) + Encode(parts.second);
      });
}

rc::Gen<std::string> JsonText() { return Value(kDepth); }

rc::Gen<JsonObject> Payload() { return rc::gen::map(Object(kDepth), JsonObject::Trusted); }

std::string DoubleText(double value) {
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

rc::Gen<double> FiniteDouble() {
  using Limits = std::numeric_limits<double>;
  static const std::vector<double> kAwkward = {0.0,           0.1,
                                               1e-7,          1e20,
                                               1e21,          1e-308,
                                               5e-324,        9007199254740993.0,
                                               Limits::max(), Limits::lowest(),
                                               Limits::min(), Limits::epsilon(),
                                               1.0 / 3.0,     123456789.123456789};
  const auto bits = rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t pattern) {
    double value;
    std::memcpy(&value, &pattern, sizeof value);
    return std::isfinite(value) ? value : 0.5;
  });
  // rapidcheck's full-width integers: arbitrary<> alone stays small at small sizes.
  const auto any = rc::gen::resize(rc::kNominalSize, bits);
  return rc::gen::oneOf(rc::gen::elementOf(kAwkward), any);
}

rc::Gen<std::string> Integer64Text() {
  static const std::vector<std::string> kAwkward = {
      "9223372036854775807", "-9223372036854775808", "18446744073709551615", "9007199254740993",
      "-9007199254740993",   "9007199254740992",     "9223372036854775808",  "4294967296",
      "2147483648",          "-2147483649",          "18446744073709551614", "9223372036854775806"};
  const auto wide = rc::gen::resize(
      rc::kNominalSize,
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t n) { return std::to_string(n); }));
  return rc::gen::oneOf(rc::gen::elementOf(kAwkward), wide);
}

rc::Gen<Timestamp> Instant() {
  static const std::vector<std::int64_t> kAwkward = {0,
                                                     -1,
                                                     1,
                                                     Timestamp::kMinSeconds,
                                                     Timestamp::kMaxSeconds,
                                                     -9223372037,
                                                     9223372036,
                                                     9223372037,
                                                     2147483647,
                                                     2147483648,
                                                     4294967296,
                                                     -2208988800,
                                                     951782400,
                                                     253370764800,
                                                     -62135596799};
  const auto seconds = rc::gen::oneOf(
      rc::gen::elementOf(kAwkward),
      rc::gen::resize(rc::kNominalSize,
                      rc::gen::inRange<std::int64_t>(Timestamp::kMinSeconds, Timestamp::kMaxSeconds + 1)));
  const auto nanoseconds =
      rc::gen::oneOf(rc::gen::elementOf(std::vector<std::uint32_t>{0, 1, 999'999'999, 100'000'000, 1'000,
                                                                   1'000'000, 120'000'000}),
                     rc::gen::inRange<std::uint32_t>(0, 1'000'000'000));
  return rc::gen::construct<Timestamp>(seconds, nanoseconds);
}

rc::Gen<Timestamp> FineInstant() {
  return rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 1'000'000'000), [](std::uint32_t nanoseconds) {
    return Timestamp{1768339576, nanoseconds};
  });
}

rc::Gen<Metadata> Pairs() {
  const auto pair = rc::gen::pair(rc::gen::scale(0.5, Text()), rc::gen::scale(0.5, Text()));
  return rc::gen::map(
      rc::gen::scale(0.3, rc::gen::container<std::vector<std::pair<std::string, std::string>>>(pair)),
      [](const std::vector<std::pair<std::string, std::string>>& pairs) {
        Metadata metadata;
        for (const auto& [key, value] : pairs) metadata.Set(key, value);
        return metadata;
      });
}

rc::Gen<std::vector<std::int64_t>> RisingVersions(int most) {
  const auto step =
      rc::gen::weightedOneOf<std::int64_t>({{3, rc::gen::just<std::int64_t>(1)},
                                            {1, rc::gen::inRange<std::int64_t>(1, 5)},
                                            {1, rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000)}});
  const auto steps = rc::gen::mapcat(rc::gen::inRange<int>(1, most + 1), [step](int n) {
    return rc::gen::container<std::vector<std::int64_t>>(static_cast<std::size_t>(n), step);
  });
  return rc::gen::map(steps, [](std::vector<std::int64_t> versions) {
    for (std::size_t i = 1; i < versions.size(); ++i) versions[i] += versions[i - 1];
    return versions;
  });
}

rc::Gen<Event> AnyEvent() {
  return rc::gen::build<Event>(
      rc::gen::set(&Event::id, NonEmptyText()), rc::gen::set(&Event::event_type, NonEmptyText()),
      rc::gen::set(&Event::command_id, Text()), rc::gen::set(&Event::data, Payload()),
      rc::gen::set(&Event::metadata, Pairs()), rc::gen::set(&Event::timestamp, Instant()));
}

}  // namespace aether::conformance::gen
