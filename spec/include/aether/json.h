// JsonObject: a JSON object kept as validated text.
//
// Nothing re-encodes a payload on its way through a store, so no number is squeezed through a double and
// replay builds no trees that nobody reads.

#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "aether/result.h"

namespace aether {

// Immutable text of one JSON object (RFC 8259), `{}` by default. Copies share the text, so that keeping an
// event does not cost its payload a second time. Safe to share between threads.
class JsonObject {
 public:
  JsonObject();

  // Takes `text` as it is, spelling and white space included, if it is one JSON object: valid grammar,
  // valid UTF-8, no lone surrogate escapes, nested at most kMaxDepth deep. Numbers may have any length.
  // Otherwise kInvalidEvent, naming `field` and the byte at which the text goes wrong. Where a name
  // occurs twice in an object, the last one counts.
  static Result<JsonObject> Parse(std::string text, std::string_view field = "data");

  // The text of `value`. Refuses what JSON cannot carry, which nlohmann::json would write as null or
  // replace: NaN, infinity, invalid UTF-8; and anything but an object. Errors as for Parse().
  static Result<JsonObject> From(const nlohmann::json& value, std::string_view field = "data");

  // Takes `text` without looking at it: for text that has been a JsonObject before, such as a record
  // whose checksum was verified.
  static JsonObject Trusted(std::string text) { return JsonObject(std::move(text)); }

  // Lives as long as this object or a copy of it.
  const std::string& text() const { return text_ ? *text_ : MovedFrom(); }

  // The tree, parsed anew at each call. Numbers beyond 64 bits become doubles, as nlohmann::json has it;
  // text() keeps them exactly. Throws nlohmann::json::out_of_range for a number beyond the largest double.
  nlohmann::json ToJson() const;

  // Whether both are the same JSON value: order of names, white space and spelling do not matter,
  // numbers are equal when their exact decimal values are (1.0 equals 1 and 10e-1; 2^53 + 1 does not
  // equal 2^53). The sign of zero is not compared.
  friend bool operator==(const JsonObject& a, const JsonObject& b);

  static constexpr int kMaxDepth = 1000;

 private:
  explicit JsonObject(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}

  static const std::string& MovedFrom();

  std::shared_ptr<const std::string> text_;  // shared with all copies
};

// A text that is the same for equal JSON values and different for different ones: names sorted, no white
// space, strings unescaped as far as possible, numbers as digits and exponent. With
// `keep_zero_sign`, 0 and -0 differ. For comparing, not for storing. `json` is valid JSON.
std::string CanonicalJson(std::string_view json, bool keep_zero_sign = false);

// Whether `text` is valid UTF-8 (no surrogates, no overlong forms).
bool IsValidUtf8(std::string_view text);

// `text` as a JSON string with its quotes, appended to `out`. `text` is valid UTF-8.
void AppendJsonString(std::string_view text, std::string* out);

}  // namespace aether
