// What changed between two runs, from their report.json.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

struct Comparison {
  bool worse = false;  // a rule that passed does not pass any more, or one fails that did not fail
  std::string text;
};

// Stores are matched by name, rules by id. What is worse: a rule that passed and now fails, has no verdict,
// is not offered, or is not in the report although both are of one specification; one that was known to do
// something else than fail and now fails; a store that is gone. A failure that the new run lists as known
// is told, and not worse. Cases, seeds and times are told only.
Comparison Compare(const nlohmann::json& before, const nlohmann::json& after);

// A report.json of which all that is compared is there. Throws std::runtime_error that names the file and
// the place in it that is wrong.
nlohmann::json ReadReport(const std::string& file);

}  // namespace aether::conformance
