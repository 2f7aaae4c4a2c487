// The report of a run as text: what a terminal shows.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "report.h"
#include "tally.h"

namespace aether::conformance {

namespace {

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

}  // namespace

std::string TableCell(const nlohmann::json& store, std::string_view area) {
  std::map<std::string, int> count;
  int all = 0;
  int known = 0;
  int stale = 0;
  for (const auto& rule : store["rules"]) {
    if (!area.empty() && rule["area"] != area) continue;
    ++count[rule["verdict"]];
    ++all;
    stale += rule.contains("stale_entry") ? 1 : 0;
    if (rule["verdict"] != "failed" || !rule.contains("known_failure")) continue;
    --count["failed"];
    ++known;
  }
  if (all == 0) return std::string("-");
  const int offered = all - count["not_offered"];
  std::string text =
      offered == 0 ? "not offered" : std::to_string(count["passed"]) + "/" + std::to_string(offered);
  if (count["failed"] > 0) text += " " + std::to_string(count["failed"]) + " FAILED";
  if (known > 0) text += " " + std::to_string(known) + (known == 1 ? " known failure" : " known failures");
  if (stale > 0) text += " " + std::to_string(stale) + " WRONGLY LISTED";
  if (count["errored"] > 0) text += " " + std::to_string(count["errored"]) + " ERRORED";
  if (count["inconclusive"] > 0) text += " " + std::to_string(count["inconclusive"]) + " UNCLEAR";
  if (offered > 0 && count["not_offered"] > 0)
    text += " (" + std::to_string(count["not_offered"]) + " not offered)";
  return text;
}

std::string Explain(const StoreReport& report, const RuleResult& result) {
  const Rule* rule = FindRule(result.id);
  std::string verdict(VerdictName(result.verdict));
  std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                 [](char c) { return c == '_' ? ' ' : std::toupper(c); });
  const KnownFailure* known = nullptr;
  if (result.verdict == Verdict::kFailed) known = report.known_failures.Find(report.store, result.id);
  if (known != nullptr) verdict = "KNOWN FAILURE";
  std::string text = verdict + "  " + result.id + " (" + std::string(rule->level) + ")  " +
                     std::string(rule->title) + "\n";
  const auto line = [&](const char* label, const std::string& value) {
    if (value.empty()) return;
    std::string indented = value;
    for (std::size_t at = 0; (at = indented.find('\n', at)) != std::string::npos; ++at) {
      indented.insert(at + 1, "             ");
    }
    char padded[16];
    std::snprintf(padded, sizeof padded, "  %-10s ", label);
    text += padded + indented + "\n";
  };
  line("store", report.store);
  if (known != nullptr) {
    // Whoever listed it knows the rest, and the reports have it.
    line("reason", known->reason);
    line("what", result.message);
    line("replay", ReplayCommand(report, result.id));
    return text;
  }
  line("what", result.message);
  line("expected", result.expected);
  line("actual", result.actual);
  if (!result.counterexample.empty()) {
    text += "  least case:\n";
    for (const std::string& call : result.counterexample) text += "    " + call + "\n";
  }
  if (result.verdict == Verdict::kFailed) line("check", std::string(rule->hint));
  line("replay", ReplayCommand(report, result.id));
  return text;
}

std::string StaleEntries(const nlohmann::json& stores) {
  std::string text;
  for (const auto& store : stores) {
    for (const auto& rule : store["rules"]) {
      if (!rule.contains("stale_entry")) continue;
      text += store["store"].get<std::string>() + ": " + rule["stale_entry"].get<std::string>() + "\n";
    }
  }
  return text;
}

std::string TriedLines(const nlohmann::json& stores) {
  std::string text;
  for (const auto& store : stores) {
    for (const auto& rule : store["rules"]) {
      const std::string figures = FiguresOf(rule);
      if (figures.empty()) continue;
      text += store["store"].get<std::string>() + " " + rule["id"].get<std::string>() + "  " + figures + "\n";
    }
  }
  return text.empty() ? "" : text + "\n";
}

std::string Table(const nlohmann::json& stores) {
  std::vector<std::vector<std::string>> rows = {{"area"}};
  for (const auto& store : stores) rows[0].push_back(store["store"]);
  std::vector<std::string_view> areas;
  for (const Rule& rule : AllRules()) {
    if (areas.empty() || areas.back() != rule.area) areas.push_back(rule.area);
  }
  for (const std::string_view area : areas) {
    std::vector<std::string> row = {std::string(area)};
    for (const auto& store : stores) row.push_back(TableCell(store, area));
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& text) { return text != "-"; }))
      rows.push_back(row);
  }
  rows.push_back({"all"});
  for (const auto& store : stores) rows.back().push_back(TableCell(store, ""));
  rows.push_back({"seconds"});
  for (const auto& store : stores) rows.back().push_back(Seconds(store["seconds"]));
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace aether::conformance
