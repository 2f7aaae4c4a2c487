// Reports for the tests of what is made of them.

#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report.h"
#include "run_info.h"

namespace aether::conformance {

inline RuleResult Came(const std::string& id, Verdict verdict, const std::string& message = "") {
  RuleResult result;
  result.id = id;
  result.verdict = verdict;
  result.message = message;
  result.cases = 10;
  return result;
}

inline nlohmann::json StoreWith(const std::string& name, const std::vector<RuleResult>& results) {
  StoreReport report;
  report.store = name;
  report.replay = "./kit check " + name;
  report.rules = results;
  return ToJson(report);
}

inline nlohmann::json ReportOf(const std::vector<nlohmann::json>& stores) {
  return {{"run", RunInfo("./kit check", false).ToJson()}, {"stores", stores}};
}

}  // namespace aether::conformance
