// The report of a run as a page for people.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// An HTML document that needs nothing else: no script, no font, no network. `stores` as in report.h.
std::string ReportPage(const nlohmann::json& stores, bool strict);

}  // namespace aether::conformance
