// Files that the page holds, compiled in: a report needs nothing beside it, and neither does the program
// that writes it.

#pragma once

#include <string_view>

namespace aether::bench::compare {

extern const std::string_view kBaseStyle;    // of every page of the kit
extern const std::string_view kBenchStyle;   // page/bench.css
extern const std::string_view kBenchScript;  // page/bench.js
extern const std::string_view kChartScript;  // Chart.js, https://www.chartjs.org, MIT license

}  // namespace aether::bench::compare
