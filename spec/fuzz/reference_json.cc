// The tree that nlohmann's parser tells of, and exact comparison of numbers.

#include "reference_json.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

namespace aether::fuzz {
namespace {

using Kind = JsonNode::Kind;

// Builds the tree from what the parser tells.
class TreeBuilder : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return Add(Kind::kLiteral, "null"); }
  bool boolean(bool value) override { return Add(Kind::kLiteral, value ? "true" : "false"); }
  bool number_integer(number_integer_t value) override {
    return Add(Kind::kInteger, std::to_string(value));
  }
  bool number_unsigned(number_unsigned_t value) override {
    return Add(Kind::kInteger, std::to_string(value));
  }
  bool number_float(number_float_t, const std::string& text) override { return Add(Kind::kDecimal, text); }
  bool string(std::string& text) override { return Add(Kind::kString, text); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(Kind::kObject); }
  bool end_object() override { return Close(); }
  bool start_array(std::size_t) override { return Open(Kind::kArray); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    open_.back().names.push_back(name);
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    constexpr int kNumberOverflow = 406;
    overflow_ = error.id == kNumberOverflow;
    return false;
  }

  ReferenceJson Take(bool parsed) {
    if (!parsed) return {std::nullopt, overflow_};
    return {std::move(root_), false};
  }

 private:
  bool Open(Kind kind) {
    open_.emplace_back().kind = kind;
    return true;
  }

  bool Close() {
    JsonNode node = std::move(open_.back());
    open_.pop_back();
    return Put(std::move(node));
  }

  bool Add(Kind kind, std::string text) {
    JsonNode node;
    node.kind = kind;
    node.text = std::move(text);
    return Put(std::move(node));
  }

  bool Put(JsonNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back().values.push_back(std::move(node));
    }
    return true;
  }

  std::vector<JsonNode> open_;
  std::optional<JsonNode> root_;
  bool overflow_ = false;
};

// A number as sign, digits without zeros at either end, and power of ten. Zero has no digits.
struct Decimal {
  bool negative = false;
  std::string digits;
  std::int64_t power = 0;

  friend bool operator==(const Decimal&, const Decimal&) = default;
};

std::optional<Decimal> ToDecimal(std::string_view text) {
  Decimal number;
  const std::size_t e = std::min(text.find_first_of("eE"), text.size());
  std::int64_t power = 0;
  if (e != text.size()) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const char* const end = exponent.data() + exponent.size();
    if (std::from_chars(exponent.data(), end, power).ec != std::errc()) return std::nullopt;
    if (std::abs(power / 2) > INT64_MAX / 4) return std::nullopt;
  }
  bool fraction = false;
  for (const char c : text.substr(0, e)) {
    if (c == '-') number.negative = true;
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    if (fraction) --power;
    if (c != '0' || !number.digits.empty()) number.digits += c;
  }
  while (number.digits.ends_with('0')) {
    number.digits.pop_back();
    ++power;
  }
  if (number.digits.empty()) return Decimal();
  number.power = power;
  return number;
}

bool IsNumber(const JsonNode& node) { return node.kind == Kind::kInteger || node.kind == Kind::kDecimal; }

std::map<std::string_view, const JsonNode*> MembersOf(const JsonNode& object) {
  std::map<std::string_view, const JsonNode*> members;
  for (std::size_t i = 0; i < object.names.size(); ++i) members[object.names[i]] = &object.values[i];
  return members;
}

std::optional<bool> SameList(const std::vector<std::pair<const JsonNode*, const JsonNode*>>& pairs) {
  bool unknown = false;
  for (const auto& [a, b] : pairs) {
    const auto same = SameValue(*a, *b);
    if (same == false) return false;
    if (!same) unknown = true;
  }
  if (unknown) return std::nullopt;
  return true;
}

std::optional<bool> SameObject(const JsonNode& a, const JsonNode& b) {
  const auto of_a = MembersOf(a);
  const auto of_b = MembersOf(b);
  if (of_a.size() != of_b.size()) return false;
  std::vector<std::pair<const JsonNode*, const JsonNode*>> pairs;
  for (const auto& [name, value] : of_a) {
    const auto found = of_b.find(name);
    if (found == of_b.end()) return false;
    pairs.emplace_back(value, found->second);
  }
  return SameList(pairs);
}

}  // namespace

int JsonNode::Depth() const {
  if (kind != Kind::kObject && kind != Kind::kArray) return 0;
  int deepest = 0;
  for (const JsonNode& value : values) deepest = std::max(deepest, value.Depth());
  return deepest + 1;
}

const JsonNode* JsonNode::Find(std::string_view name) const {
  for (std::size_t i = names.size(); i-- != 0;) {
    if (names[i] == name) return &values[i];
  }
  return nullptr;
}

int JsonNode::Count(std::string_view name) const {
  return static_cast<int>(std::count(names.begin(), names.end(), name));
}

ReferenceJson ReadReference(std::string_view text) {
  TreeBuilder builder;
  const bool parsed = nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  return builder.Take(parsed);
}

std::optional<bool> SameValue(const JsonNode& a, const JsonNode& b) {
  if (IsNumber(a) && IsNumber(b)) {
    const auto of_a = ToDecimal(a.text);
    const auto of_b = ToDecimal(b.text);
    if (!of_a || !of_b) return std::nullopt;
    return *of_a == *of_b;
  }
  if (a.kind != b.kind) return false;
  if (a.kind == Kind::kObject) return SameObject(a, b);
  if (a.kind != Kind::kArray) return a.text == b.text;
  if (a.values.size() != b.values.size()) return false;
  std::vector<std::pair<const JsonNode*, const JsonNode*>> pairs;
  for (std::size_t i = 0; i < a.values.size(); ++i) pairs.emplace_back(&a.values[i], &b.values[i]);
  return SameList(pairs);
}

}  // namespace aether::fuzz
