// What GitHub Actions makes of a run beside its files.

#include "github.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "report.h"
#include "summary.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// As the runner takes it: https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts
std::string Escaped(const std::string& text, bool property) {
  std::string out;
  for (const char c : text) {
    if (c == '%') {
      out += "%25";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else if (property && c == ':') {
      out += "%3A";
    } else if (property && c == ',') {
      out += "%2C";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Annotation(const char* kind, const std::string& title, const std::string& text) {
  return std::string("::") + kind + " title=" + Escaped(title, true) + "::" + Escaped(text, false) + "\n";
}

std::string Annotation(const std::string& store, const json& rule, Standing standing) {
  const bool counts = standing == Standing::kFails || standing == Standing::kUnclear;
  std::string verdict = rule["verdict"];
  if (standing == Standing::kKnown) verdict = "known failure";
  if (rule.contains("stale_entry")) verdict = "wrongly listed";
  const std::string title = rule["id"].get<std::string>() + " " + verdict + ": " + store;
  std::string text = rule["title"].get<std::string>() + "\n" +
                     rule.value("stale_entry", rule["message"].get<std::string>()) + "\n";
  if (standing == Standing::kKnown) text += "listed: " + rule["known_failure"].get<std::string>() + "\n";
  if (rule["verdict"] == "failed") text += "check " + rule["hint"].get<std::string>() + "\n";
  return Annotation(counts ? "error" : "warning", title,
                    text + "replay: " + rule["replay"].get<std::string>());
}

}  // namespace

std::string Annotations(const json& report) {
  std::string lines;
  for (const auto& name : report["run"]["without_report"]) {
    const std::string store = name;
    lines += Annotation("error", store + " gave no report",
                        "The conformance program of " + store + " ended without one: see the log.");
  }
  for (const auto& store : report["stores"]) {
    for (const auto& rule : store["rules"]) {
      const Standing standing = StandingOf(rule, report["run"]["strict"]);
      if (standing == Standing::kPasses || standing == Standing::kNotOffered) continue;
      lines += Annotation(store["store"], rule, standing);
    }
  }
  return lines;
}

void AppendStepSummary(const json& report) {
  const char* const path = std::getenv("GITHUB_STEP_SUMMARY");
  if (path == nullptr || *path == '\0') return;
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << Summary(report);
  file.close();
  if (!file)
    throw std::runtime_error(std::string("cannot write ") + path + ", which GITHUB_STEP_SUMMARY names");
}

}  // namespace aether::conformance
