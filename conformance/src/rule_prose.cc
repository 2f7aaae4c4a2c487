// The rules in words, from the specification's pages.

#include "rule_prose.h"

#include <map>
#include <regex>
#include <sstream>

#include "page_parts.h"

namespace aether::conformance {

namespace {

struct Prose {
  std::map<std::string, RuleProse, std::less<>> rules;
  std::map<std::string, std::string, std::less<>> areas;
};

// Without the blank lines around it.
std::string Trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of('\n');
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of('\n') + 1 - first);
}

void SplitWhy(RuleProse* rule) {
  constexpr std::string_view kWhy = "*Why:* ";
  const std::size_t at = rule->words.find(kWhy);
  if (at != std::string::npos) {
    rule->why = Trimmed(rule->words.substr(at + kWhy.size()));
    rule->words.erase(at);
  }
  rule->words = Trimmed(rule->words);
}

Prose Read() {
  static const std::regex kFile("<!-- (spec/.*\\.md) -->");
  static const std::regex kArea("# (.*) \\(([A-Z]+)\\)");
  static const std::regex kRule("### ([A-Z]+-[0-9]{2}) .*");
  Prose prose;
  std::string file;
  RuleProse* rule = nullptr;
  std::istringstream lines{std::string(kSpecification)};
  for (std::string line; std::getline(lines, line);) {
    std::smatch found;
    if (std::regex_match(line, found, kFile)) {
      file = found[1];
      rule = nullptr;
    } else if (std::regex_match(line, found, kArea)) {
      prose.areas[found[2]] = found[1];
    } else if (std::regex_match(line, found, kRule)) {
      rule = &prose.rules[found[1]];
      rule->file = file;
    } else if (line.starts_with("#")) {
      rule = nullptr;
    } else if (rule != nullptr) {
      rule->words += line + "\n";
    }
  }
  for (auto& [id, each] : prose.rules) SplitWhy(&each);
  return prose;
}

const Prose& All() {
  static const auto* const prose = new Prose(Read());
  return *prose;
}

}  // namespace

const RuleProse& ProseOf(std::string_view rule_id) {
  static const auto* const none = new RuleProse();
  const auto found = All().rules.find(rule_id);
  return found == All().rules.end() ? *none : found->second;
}

std::string AreaName(std::string_view area) {
  const auto found = All().areas.find(area);
  return found == All().areas.end() ? std::string(area) : found->second;
}

}  // namespace aether::conformance
