// Names that nearly collide, by the kind of folding.

#include "near_ids.h"

#include <cstdint>

namespace aether::conformance {

namespace {

// `count` characters of four bytes each, in which nothing repeats itself: no compression makes a key of
// them fit.
std::string WideName(std::size_t count) {
  std::string name;
  std::uint32_t state = 1;
  for (std::size_t i = 0; i < count; ++i) {
    state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
    const std::uint32_t point = 0x10000 + (state >> 16);
    for (const std::uint32_t byte : {0xf0 | point >> 18, 0x80 | (point >> 12 & 0x3f),
                                     0x80 | (point >> 6 & 0x3f), 0x80 | (point & 0x3f)}) {
      name.push_back(static_cast<char>(byte));
    }
  }
  return name;
}

std::vector<std::string> LongNames() {
  std::vector<std::string> names;
  // Just over the usual limits of keys, file names and columns, and differing in the last character.
  for (const std::size_t size : {63, 127, 200, 255, 511, 999}) {
    for (const char last : {'a', 'b'}) names.push_back(std::string(size, 'k') + last);
  }
  // 1,000 characters may be 4,000 bytes: over what some databases take as a key.
  for (const char* last : {"a", "b", "\U00010000"}) names.push_back(WideName(999) + last);
  names.push_back(std::string(255, 'k'));
  names.push_back(std::string(256, 'k'));
  // Pairs with one 32-bit hash: String.hashCode() of Java, CRC-32, FNV-1a, FNV-1, DJB2, MurmurHash2, and a
  // sum.
  for (const char* name :
       {"Aa", "BB", "AaAa", "BBBB", "plumless", "buckeroo", "costarring", "liquid", "creamwove", "quists",
        "hetairas", "mentioner", "roquette", "skivie", "listen", "silent"}) {
    names.emplace_back(name);
  }
  return names;
}

}  // namespace

std::vector<std::string> NearNames(Family family) {
  using namespace std::string_literals;
  switch (family) {
    case Family::kSeparators:
      return {"a.b", "a b", "a_b",  "a-b",  "a/b", "a\\b", "a:b", "a+b",   "a,b",   "a;b", "a|b", "a#b",
              "a@b", "ab",  "a..b", "a__b", "a'b", "a\"b", "a=b", "a=2Eb", "a=20b", "a~b", "a&b", "a?b"};
    case Family::kCase:
      return {"abc",    "ABC", "Abc", "aBC",    "stra\u00dfe", "STRASSE", "strasse", "\u0131",
              "\u0130", "i",   "I",   "\u00e9", "\u00c9",      "\u03c3",  "\u03c2",  "\u03a3"};
    case Family::kNormalisation:
      return {"\u00e9",        "e\u0301",  "\u212b", "\u00c5", "A\u030a",      "\ufb01", "fi",
              "\u00b2",        "2",        "\uff21", "A",      "\u1e9b\u0323", "\u1e69", "o\u0308\u0323",
              "o\u0323\u0308", "a\u200bb", "ab"};
    case Family::kPatterns:
      return {"*",   ">",     "a.*",  "a.>",   "a.b",  "..", ".",  "../a", "a/../b", "b",  "/a",
              "a",   "%2e",   "%2E",  "a%2eb", "%",    "%%", "$",  "$a",   "$SYS",   "_",  "a%",
              "a_",  "?",     "[a]",  "{a}",   "~",    "-",  "--", "con",  "nul",    "\\", "\\x2e",
              "=2E", "&#46;", "${a}", "'; --", "null", "0",  "00", "-0",   "true"};
    case Family::kPrefixes:
      return {"a",  "aa", "aaa", "a ", " a", " a ",     "a\t", "a\n", "  ",     " ",
              "a0", "a1", "a10", "a/", "a.", "a\u00a0", "a:",  "a-",  "a\u3000"};
    case Family::kLong:
      return LongNames();
    case Family::kControls:
      return {"a\0b"s,
              "a"s,
              "a\0"s,
              "\0a"s,
              "\0"s,
              "\0\0"s,
              "a\0c"s,
              "a\x01"
              "b"s,
              "a\x7f"
              "b"s,
              "a\x1b[0m"s,
              "a\r\nPUB x 1"s,
              "a\nb"s,
              "a\rb"s,
              "a\tb"s,
              "a\x08"s,
              "ab"s,
              "a\u0085b"s,
              "a\u2028b"s};
  }
  return {};
}

}  // namespace aether::conformance
