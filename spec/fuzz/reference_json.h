// JSON as nlohmann's parser reads it, kept so that nothing is lost: what the scanner of the wire form is
// compared with.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aether::fuzz {

struct JsonNode {
  enum class Kind { kObject, kArray, kString, kInteger, kDecimal, kLiteral };

  Kind kind = Kind::kLiteral;
  std::string text;  // of a string without its escapes; of a number or literal as it is spelled
  std::vector<std::string> names;  // of an object's members, repeated ones included
  std::vector<JsonNode> values;    // of the members, or the elements

  // How many containers lie in each other, this one counted.
  int Depth() const;

  // The last member of this name, or null; and how many there are.
  const JsonNode* Find(std::string_view name) const;
  int Count(std::string_view name) const;
};

struct ReferenceJson {
  std::optional<JsonNode> root;  // none if the text is not JSON
  bool unknown = false;          // the parser does not say: a number is larger than every double
};

// Reads `text`, which holds no zero byte and no byte order mark: nlohmann's parser takes one for the end,
// and skips the other.
ReferenceJson ReadReference(std::string_view text);

// Whether both are the same JSON value as spec/wire.md has it; none where an exponent is too large to tell.
std::optional<bool> SameValue(const JsonNode& a, const JsonNode& b);

}  // namespace aether::fuzz
