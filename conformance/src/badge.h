// The badge of a run.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// badge.svg: one for the whole run, such as "aether: conforms 91/91" or "aether: 1 of 3 stores fails".
// `report` as in report.h.
std::string Badge(const nlohmann::json& report);

}  // namespace aether::conformance
