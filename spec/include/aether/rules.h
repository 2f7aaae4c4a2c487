// The rules of the specification as data: rules.json, compiled in.

#pragma once

#include <string_view>
#include <vector>

namespace aether {

// One numbered rule. All text lives as long as the program.
struct Rule {
  std::string_view id;     // "VER-03": stable, never used again for another rule
  std::string_view level;  // "MUST" or "SHOULD"
  std::string_view area;   // "VER"
  // What a store has to offer for the rule to apply, by the names of aether::Capabilities; all of them.
  std::vector<std::string_view> capabilities;
  std::string_view title;  // what has to hold, as one sentence
  std::string_view hint;   // what to look at in a store that fails the rule
};

// Every rule, in the order of rules.json. Safe to call from any thread.
const std::vector<Rule>& AllRules();

// The rule with this id, or null. Lives as long as the program.
const Rule* FindRule(std::string_view id);

// The version of the specification, such as "1.0.0".
std::string_view SpecVersion();

}  // namespace aether
