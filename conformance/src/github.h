// What GitHub Actions makes of a run beside its files.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// Workflow commands, a line each: ::error for what fails the run, ::warning for the rest of what did not
// pass, rules that are not offered left out. `report` as in report.h.
std::string Annotations(const nlohmann::json& report);

// Appends the summary to the file that the environment variable GITHUB_STEP_SUMMARY names, if it is set.
// Throws std::runtime_error naming the file that could not be written.
void AppendStepSummary(const nlohmann::json& report);

}  // namespace aether::conformance
