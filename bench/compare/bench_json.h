// bench.json; bench/bench.schema.json says what is in it.

#pragma once

#include <nlohmann/json.hpp>

#include "results.h"

namespace aether::bench::compare {

inline constexpr const char* kFormat = "aether-bench/1";

nlohmann::json ToJson(const Results& results);

}  // namespace aether::bench::compare
