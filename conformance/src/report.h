// The report of a run: what each rule came to, as data (report.json), as JUnit XML and as text.

#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "aether/adapter.h"
#include "aether/conformance/verdict.h"
#include "known_failures.h"

namespace aether::conformance {

struct StoreReport {
  std::string store;
  std::string about;  // what there is to know of it beside its name; may be empty
  Settings settings;
  Capabilities offered;
  double seconds = 0;
  std::vector<RuleResult> rules;
  std::string replay;  // the command up to its options, such as "./kit check memory", ready for a shell
  std::chrono::seconds call_limit = kDefaultCallLimit;
  KnownFailures known_failures;
};

// `text` as valid UTF-8: a store's message may hold any bytes. U+FFFD stands for each that is wrong.
std::string Printable(const std::string& text);

// The command that tries one rule again with the same inputs.
std::string ReplayCommand(const StoreReport& report, const std::string& rule_id);

nlohmann::json ToJson(const RuleResult& result);
RuleResult RuleResultFromJson(const nlohmann::json& json);
nlohmann::json ToJson(const Capabilities& capabilities);
Capabilities CapabilitiesFromJson(const nlohmann::json& json);

// One element of report.json's `stores`; conformance/report.schema.json says what is in it.
nlohmann::json ToJson(const StoreReport& report);

// What a rule of report.json means for the run. With `strict` a SHOULD rule counts as a MUST rule does.
enum class Standing {
  kPasses,
  kNotOffered,
  kKnown,      // failed, and is listed as a known failure
  kTolerated,  // a SHOULD rule that failed or has no verdict, and does not count
  kFails,      // failed; or it is listed as a known failure and did not fail
  kUnclear,    // no verdict, and it counts
};

Standing StandingOf(const nlohmann::json& rule, bool strict);

// Writes a file; one that is there is replaced. Throws std::runtime_error naming what could not be written.
void WriteFile(const std::filesystem::path& path, const std::string& text);

// The whole text of a file. Throws std::runtime_error naming what could not be read.
std::string ReadFile(const std::filesystem::path& path);

// Writes report.json, junit.xml, summary.md, badge.svg and index.html into `directory`, which is made when
// missing. `report` is the content of report.json: {"run": RunInfo's ToJson(), "stores":
// [ToJson(StoreReport),
// ...]}. Throws std::runtime_error naming the file that could not be written.
void WriteReports(const std::string& directory, const nlohmann::json& report);

// Writes index.html into `directory` from the report.json there and, if there is one, from selftest.json.
// Throws std::runtime_error naming the file that could not be read or written.
void WriteIndex(const std::string& directory);

// What a person needs to know of a rule that did not pass; of a known failure less.
std::string Explain(const StoreReport& report, const RuleResult& result);

// A line for each rule that is listed as a known failure and did not fail.
std::string StaleEntries(const nlohmann::json& stores);

// 0: every MUST rule holds or is known to fail (with `strict` every SHOULD rule too); 1: one failed, or a
// known failure did not; 2: none failed, and a rule that counts is inconclusive or errored, or no rule of
// the selection is offered at all.
int ExitCode(const nlohmann::json& stores, bool strict);

// How many rules of the area passed, of those offered, and what else there was; "-" when none was selected.
// No area: all rules. `store` as above.
std::string TableCell(const nlohmann::json& store, std::string_view area);

// What was counted and measured, a line for each rule of which there is something.
std::string TriedLines(const nlohmann::json& stores);

// Rule areas down, stores across.
std::string Table(const nlohmann::json& stores);

}  // namespace aether::conformance
