// The parts of index.html.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "common/markup.h"
#include "report.h"
#include "tally.h"

namespace aether::conformance {

// A text of the report, for an element or an attribute.
inline std::string Text(const nlohmann::json& value) { return MarkupEscaped(value.get<std::string>()); }

// How a rule's verdict looks: a class of report.css, and its words.
struct Look {
  const char* style;
  std::string words;
};
Look LookOf(const nlohmann::json& rule, Standing standing);

const char* StyleOf(Outcome outcome);

// The areas of which at least one store was asked a rule, in the order of the rules.
std::vector<std::string_view> Areas(const nlohmann::json& stores);

// The id of the element that tells why the rule did not pass; `store` is the store's place in the report.
std::string FailureId(std::size_t store, const nlohmann::json& rule);

// What the script filters by: area, store and verdict.
std::string FilterAttributes(const nlohmann::json& rule, const std::string& stores_and_verdicts);

// Areas by stores, or of one store by verdicts. `report` as in report.h.
std::string AreasSection(const nlohmann::json& report);

// Verdicts and times: each plot beside its table.
std::string PlotsSection(const nlohmann::json& stores);

// Rules that did not pass, those that decide first; empty when all did.
std::string NotPassedSection(const nlohmann::json& report);

// Every rule in words, with what each store came to.
std::string RulesSection(const nlohmann::json& report);

// Which broken stores each rule catches. `selftest` is the content of selftest.json.
std::string SelftestSection(const nlohmann::json& selftest);

}  // namespace aether::conformance
