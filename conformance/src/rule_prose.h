// The rules in words, from the specification's pages, compiled in.

#pragma once

#include <string>
#include <string_view>

namespace aether::conformance {

struct RuleProse {
  std::string file;   // where it stands: "spec/versions.md"
  std::string words;  // what the rule says, in Markdown, paragraphs apart by an empty line
  std::string why;    // why it is there; without the word "Why"
};

// Of a rule that there is none: empty texts. Lives as long as the program. Safe to call from any thread.
const RuleProse& ProseOf(std::string_view rule_id);

// "Immutability" for "IMM"; the area itself for one that there is none.
std::string AreaName(std::string_view area);

}  // namespace aether::conformance
