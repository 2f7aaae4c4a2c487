// What a run leaves behind, as its options say.

#pragma once

#include <iostream>
#include <nlohmann/json.hpp>

#include "github.h"
#include "options.h"
#include "report.h"

namespace aether::conformance {

// Prints annotations and writes the files that `options` ask for. `report` as in report.h. Throws
// std::runtime_error naming the file that could not be written.
inline void WriteOutputs(const Options& options, const nlohmann::json& report) {
  if (options.github) {
    std::cout << Annotations(report);
    AppendStepSummary(report);
  }
  if (!options.report.empty()) WriteReports(options.report, report);
}

}  // namespace aether::conformance
