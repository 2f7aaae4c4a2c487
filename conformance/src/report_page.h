// The report of a run as a page for people.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// index.html: one document that needs no other and no network, and can be read without its script. `report`
// is the content of report.json, `selftest` that of selftest.json, or null.
std::string ReportPage(const nlohmann::json& report, const nlohmann::json& selftest);

}  // namespace aether::conformance
