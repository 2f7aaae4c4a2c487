// A run as a page for people.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "results.h"

namespace aether::bench::compare {

// index.html: one document that needs no other and no network, and can be read without its script, which
// draws plots of what the tables hold. `report` is the content of bench.json.
std::string Page(const Results& results, const nlohmann::json& report);

}  // namespace aether::bench::compare
