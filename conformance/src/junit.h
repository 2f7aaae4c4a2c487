// The report of a run as JUnit XML, for CI servers.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// One testsuite a store, one testcase a rule. A failure or an error stands for what fails the run, and for
// nothing else: what does not count is skipped, with the reason as its message. `stores` as in report.h.
std::string JUnit(const nlohmann::json& stores, bool strict);

}  // namespace aether::conformance
