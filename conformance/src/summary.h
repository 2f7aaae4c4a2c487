// The report of a run in Markdown, for the job summaries of CI servers.

#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace aether::conformance {

// summary.md. `report` as in report.h.
std::string Summary(const nlohmann::json& report);

// `text` as one line of Markdown, with nothing in it that Markdown or HTML would take for a sign.
std::string MarkdownEscaped(const std::string& text);

}  // namespace aether::conformance
