// Random values for the tests of the contract: texts, JSON trees, events.

#pragma once

#include <rapidcheck.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "aether/event.h"

namespace aether::testing {

inline void AppendUtf8(char32_t scalar, std::string* out) {
  const auto put = [out](char32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (scalar < 0x80) return put(scalar);
  if (scalar < 0x800) {
    put(0xC0 | scalar >> 6);
  } else {
    if (scalar < 0x10000) {
      put(0xE0 | scalar >> 12);
    } else {
      put(0xF0 | scalar >> 18);
      put(0x80 | (scalar >> 12 & 0x3F));
    }
    put(0x80 | (scalar >> 6 & 0x3F));
  }
  put(0x80 | (scalar & 0x3F));
}

// Any Unicode scalar value, the awkward ones often.
inline rc::Gen<char32_t> Scalar() {
  return rc::gen::weightedOneOf<char32_t>(
      {{4, rc::gen::inRange<char32_t>(0x20, 0x7F)},
       {2, rc::gen::element<char32_t>(0, '\n', '\r', 0x1F, '"', '\\', '/', 0x7F, 0x80, 0x7FF, 0x800, 0x2028,
                                      0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0x1F600, 0x10FFFF)},
       {1, rc::gen::inRange<char32_t>(0, 0xD800)},
       {1, rc::gen::inRange<char32_t>(0xE000, 0x110000)}});
}

// Any UTF-8 text, the empty one included.
inline rc::Gen<std::string> Text() {
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(Scalar()),
                      [](const std::vector<char32_t>& scalars) {
                        std::string text;
                        for (const char32_t scalar : scalars) AppendUtf8(scalar, &text);
                        return text;
                      });
}

inline rc::Gen<std::string> NonEmptyText() {
  return rc::gen::suchThat(Text(), [](const std::string& text) { return !text.empty(); });
}

// Any finite double, by its bits.
inline rc::Gen<double> FiniteDouble() {
  return rc::gen::suchThat(rc::gen::map(rc::gen::arbitrary<std::uint64_t>(),
                                        [](std::uint64_t bits) { return std::bit_cast<double>(bits); }),
                           [](double value) { return std::isfinite(value); });
}

inline rc::Gen<std::int64_t> AnyInt64() {
  return rc::gen::weightedOneOf<std::int64_t>(
      {{3, rc::gen::arbitrary<std::int64_t>()},
       {1, rc::gen::element<std::int64_t>(0, -1, std::numeric_limits<std::int64_t>::min(),
                                          std::numeric_limits<std::int64_t>::max(),
                                          (std::int64_t{1} << 53) + 1)}});
}

inline nlohmann::json PickTree(int depth) {
  const int kind = *rc::gen::inRange(0, depth == 0 ? 6 : 8);
  switch (kind) {
    case 0:
      return nullptr;
    case 1:
      return *rc::gen::arbitrary<bool>();
    case 2:
      return *AnyInt64();
    case 3:
      return *rc::gen::arbitrary<std::uint64_t>();
    case 4:
      return *FiniteDouble();
    case 5:
      return *Text();
    default:
      break;
  }
  nlohmann::json tree = kind == 6 ? nlohmann::json::array() : nlohmann::json::object();
  const int size = *rc::gen::inRange(0, 4);
  for (int i = 0; i < size; ++i) {
    if (kind == 6) {
      tree.push_back(PickTree(depth - 1));
    } else {
      tree[*Text()] = PickTree(depth - 1);
    }
  }
  return tree;
}

// A JSON object of values of every kind.
inline nlohmann::json PickObject() {
  nlohmann::json object = nlohmann::json::object();
  const int size = *rc::gen::inRange(0, 5);
  for (int i = 0; i < size; ++i) object[*Text()] = PickTree(3);
  return object;
}

inline Timestamp PickTimestamp() {
  return {*rc::gen::inRange<std::int64_t>(Timestamp::kMinSeconds, Timestamp::kMaxSeconds + 1),
          *rc::gen::inRange<std::uint32_t>(0, 1'000'000'000)};
}

// An event that passes Validate().
inline Event PickEvent() {
  Event event;
  event.id = *NonEmptyText();
  event.event_type = *NonEmptyText();
  event.actor_id = *NonEmptyText();
  event.command_id = *Text();
  event.version = *AnyInt64();
  event.data = *JsonObject::From(PickObject());
  const int pairs = *rc::gen::inRange(0, 4);
  for (int i = 0; i < pairs; ++i) event.metadata.Set(*Text(), *Text());
  event.timestamp = PickTimestamp();
  return event;
}

}  // namespace aether::testing
