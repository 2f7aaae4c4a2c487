// The rules of the specification, from the text of rules.json.

#include "aether/rules.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace aether {
namespace internal {

extern const std::string_view kRulesJson;

}  // namespace internal

namespace {

// Never destroyed: rules hold views of its text, and are used until the program ends.
const nlohmann::json& Document() {
  static const auto* const document = new nlohmann::json(nlohmann::json::parse(internal::kRulesJson));
  return *document;
}

std::string_view Text(const nlohmann::json& value) { return value.get_ref<const std::string&>(); }

std::vector<Rule> ReadRules() {
  std::vector<Rule> rules;
  for (const auto& entry : Document().at("rules")) {
    Rule rule{.id = Text(entry.at("id")),
              .level = Text(entry.at("level")),
              .area = Text(entry.at("area")),
              .capabilities = {},
              .title = Text(entry.at("title")),
              .hint = Text(entry.at("hint"))};
    for (const auto& capability : entry.at("capability")) rule.capabilities.push_back(Text(capability));
    rules.push_back(std::move(rule));
  }
  return rules;
}

}  // namespace

const std::vector<Rule>& AllRules() {
  static const auto* const rules = new std::vector<Rule>(ReadRules());
  return *rules;
}

const Rule* FindRule(std::string_view id) {
  const auto& rules = AllRules();
  const auto found = std::ranges::find(rules, id, &Rule::id);
  return found == rules.end() ? nullptr : &*found;
}

std::string_view SpecVersion() { return Text(Document().at("version")); }

}  // namespace aether
