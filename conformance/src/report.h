// The report of a run: what each rule came to, as data (report.json), as JUnit XML and as text.

#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "aether/adapter.h"
#include "aether/conformance/verdict.h"

namespace aether::conformance {

struct StoreReport {
  std::string store;
  Settings settings;
  Capabilities offered;
  double seconds = 0;
  std::vector<RuleResult> rules;
  std::string replay;  // the command up to its options, such as "./kit check memory"
};

// The command that tries one rule again with the same inputs.
std::string ReplayCommand(const StoreReport& report, const std::string& rule_id);

nlohmann::json ToJson(const RuleResult& result);
RuleResult RuleResultFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Capabilities& capabilities);
Capabilities CapabilitiesFromJson(const nlohmann::json& json);

// One element of report.json's `stores`; conformance/report.schema.json says what is in it.
nlohmann::json ToJson(const StoreReport& report);

// Writes report.json and junit.xml into `directory`, which is made when missing. `stores` holds what
// ToJson(StoreReport) gave. Throws std::runtime_error naming the file that could not be written.
void WriteReports(const std::string& directory, const nlohmann::json& stores);

// What a person needs to know of a rule that did not pass.
std::string Explain(const StoreReport& report, const RuleResult& result);

// 0: every MUST rule holds (with `strict` every SHOULD rule too); 1: one failed; 2: none failed, and a MUST
// rule is inconclusive or errored, or no rule of the selection is offered at all.
int ExitCode(const nlohmann::json& stores, bool strict);

// Rule areas down, stores across.
std::string Table(const nlohmann::json& stores);

}  // namespace aether::conformance
