// Files that the pages hold, compiled in: a report needs nothing beside it, and neither does the program
// that writes it.

#pragma once

#include <string_view>

namespace aether::conformance {

extern const std::string_view kBaseStyle;      // page/base.css, of every page
extern const std::string_view kReportStyle;    // page/report.css, of index.html
extern const std::string_view kReportScript;   // page/report.js
extern const std::string_view kChartScript;    // Chart.js, https://www.chartjs.org, MIT license
extern const std::string_view kSpecification;  // spec/*.md, each after a line "<!-- spec/NAME.md -->"

}  // namespace aether::conformance
