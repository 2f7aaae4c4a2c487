// index.html: the tables of areas, and tables of numbers, of which the script makes plots.

#include <algorithm>
#include <map>
#include <vector>

#include "aether/rules.h"
#include "report_sections.h"
#include "rule_prose.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

std::string Number(long n) { return std::to_string(n); }

// ---- areas

// "8/8", and what else there was in the area.
std::string AreaCell(const json& store, std::string_view area, bool strict) {
  Tally tally = Count(store, area, strict);
  if (tally.all == 0) return "<td></td>";
  std::string details;
  const auto add = [&](int n, const char* what) {
    if (n > 0) details += (details.empty() ? "" : ", ") + Number(n) + " " + what;
  };
  add(tally.of[Standing::kFails] - tally.stale, "failed");
  add(tally.stale, "wrongly listed");
  add(tally.of[Standing::kUnclear], "without verdict");
  add(tally.of[Standing::kKnown], "known");
  add(tally.of[Standing::kTolerated], "SHOULD not passed");
  if (tally.offered > 0) add(tally.all - tally.offered, "not offered");
  std::string style = StyleOf(OutcomeOf(tally));
  if (style == "good" && tally.of[Standing::kTolerated] > 0) style = "warn";
  return "<td class=\"" + style + "\">" +
         (tally.offered == 0 ? "not offered" : Number(tally.passed) + "/" + Number(tally.offered)) +
         (details.empty() ? "" : " <small>" + details + "</small>") + "</td>";
}

std::string AreaHead(std::string_view area) {
  return "<th scope=\"row\"><a href=\"#area-" + std::string(area) + "\">" + AreaName(area) +
         "</a> <small class=\"soft\">" + std::string(area) + "</small></th>";
}

std::string StoresByArea(const json& stores, bool strict) {
  std::string html =
      "<table class=\"areas\"><caption class=\"sr\">Rules that passed, of those that a store "
      "offers</caption>\n<thead><tr><th scope=\"col\">Area</th>";
  for (const auto& store : stores) html += "<th scope=\"col\">" + Text(store["store"]) + "</th>";
  html += "</tr></thead>\n<tbody>\n";
  const auto row = [&](const std::string& head, std::string_view area) {
    html += "<tr>" + head;
    for (const auto& store : stores) html += AreaCell(store, area, strict);
    html += "</tr>\n";
  };
  for (const std::string_view area : Areas(stores)) row(AreaHead(area), area);
  html += "</tbody>\n<tfoot>";
  row("<th scope=\"row\">All</th>", "");
  return html + "</tfoot></table>\n";
}

// ---- tables of numbers, of which the script makes plots

struct Column {
  const char* key;
  const char* title;
};
constexpr Column kVerdicts[] = {{"passed", "Passed"},
                                {"failed", "Failed"},
                                {"inconclusive", "Inconclusive"},
                                {"errored", "Errored"},
                                {"not_offered", "Not offered"}};

std::string VerdictCells(const json& store, std::string_view area) {
  std::map<std::string, int> count;
  for (const auto& rule : store["rules"]) {
    if (area.empty() || rule["area"] == area) ++count[rule["verdict"]];
  }
  std::string html;
  for (const Column& column : kVerdicts) {
    const int n = count[column.key];
    html += std::string("<td class=\"n") + (n == 0 ? " zero" : std::string(" v-") + column.key) + "\">" +
            Number(n) + "</td>";
  }
  return html;
}

std::string VerdictHeads() {
  std::string html;
  for (const Column& column : kVerdicts) {
    html += std::string("<th scope=\"col\" class=\"n\" data-colour=\"") + column.key + "\">" +
            column.title + "</th>";
  }
  return html;
}

// Areas by verdicts, of one store.
std::string VerdictsByArea(const json& store) {
  std::string html =
      "<table class=\"areas\"><caption class=\"sr\">Rules of each area by verdict</caption>\n"
      "<thead><tr><th scope=\"col\">Area</th>" +
      VerdictHeads() +
      "<th scope=\"col\" class=\"n\">Cases</th><th scope=\"col\" class=\"n\">Time</th></tr></thead>\n"
      "<tbody>\n";
  const auto row = [&](const std::string& head, std::string_view area) {
    const Tally tally = Count(store, area, false);
    html += "<tr>" + head + VerdictCells(store, area) + "<td class=\"n\">" + Number(tally.cases) +
            "</td><td class=\"n\">" + Duration(tally.seconds) + "</td></tr>\n";
  };
  for (const std::string_view area : Areas(json::array({store}))) row(AreaHead(area), area);
  html += "</tbody>\n<tfoot>";
  row("<th scope=\"row\">All</th>", "");
  return html + "</tfoot></table>\n";
}

std::string SecondsCell(double seconds) {
  return "<td class=\"n\" data-value=\"" + json(seconds).dump() + "\">" + Duration(seconds) + "</td>";
}

std::string StoreHeads(const json& stores) {
  std::string html;
  for (const auto& store : stores)
    html += "<th scope=\"col\" class=\"n\">" + Text(store["store"]) + "</th>";
  return html;
}

// `kind` is what report.js makes of the table.
std::string Plot(const std::string& kind, const std::string& title, const std::string& head,
                 const std::string& rows) {
  return "<figure class=\"plot\" data-plot=\"" + kind + "\"><figcaption>" + title +
         "</figcaption>\n<details open><summary>Numbers</summary><table><caption class=\"sr\">" + title +
         "</caption><thead><tr>" + head + "</tr></thead><tbody>\n" + rows +
         "</tbody></table></details></figure>\n";
}

std::string VerdictPlot(const json& stores) {
  std::string rows;
  if (stores.size() == 1) {
    for (const std::string_view area : Areas(stores)) {
      rows += "<tr><th scope=\"row\">" + std::string(area) + "</th>" + VerdictCells(stores[0], area) +
              "</tr>\n";
    }
  }
  for (const auto& store : stores) {
    if (stores.size() == 1) break;
    rows += "<tr><th scope=\"row\">" + Text(store["store"]) + "</th>" + VerdictCells(store, "") + "</tr>\n";
  }
  const bool one = stores.size() == 1;
  return Plot("stacked", one ? "Rules of each area by verdict" : "Rules of each store by verdict",
              std::string("<th scope=\"col\">") + (one ? "Area" : "Store") + "</th>" + VerdictHeads(),
              rows);
}

std::string AreaTimePlot(const json& stores) {
  std::string rows;
  for (const std::string_view area : Areas(stores)) {
    rows += "<tr><th scope=\"row\">" + std::string(area) + "</th>";
    for (const auto& store : stores) rows += SecondsCell(Count(store, area, false).seconds);
    rows += "</tr>\n";
  }
  return Plot("grouped", "Time by area, on a logarithmic scale",
              "<th scope=\"col\">Area</th>" + StoreHeads(stores), rows);
}

std::string SlowestRulesPlot(const json& stores) {
  constexpr std::size_t kShown = 12;
  std::map<std::string, std::vector<double>> seconds;
  for (std::size_t i = 0; i < stores.size(); ++i) {
    for (const auto& rule : stores[i]["rules"]) {
      auto& times = seconds[rule["id"]];
      times.resize(stores.size());
      times[i] = rule["seconds"];
    }
  }
  std::vector<std::pair<double, std::string>> order;
  for (const auto& [id, times] : seconds)
    order.push_back({-*std::max_element(times.begin(), times.end()), id});
  std::sort(order.begin(), order.end());
  if (order.size() > kShown) order.resize(kShown);
  std::string rows;
  for (const auto& [time, id] : order) {
    rows += "<tr><th scope=\"row\">" + MarkupEscaped(id) + "</th>";
    for (const double each : seconds[id]) rows += SecondsCell(each);
    rows += "</tr>\n";
  }
  return Plot("grouped", "Slowest rules, on a logarithmic scale",
              "<th scope=\"col\">Rule</th>" + StoreHeads(stores), rows);
}

}  // namespace

const char* StyleOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFails:
      return "bad";
    case Outcome::kUndecided:
      return "warn";
    case Outcome::kKnownFailures:
      return "known";
    case Outcome::kNothingTried:
      return "none";
    case Outcome::kPasses:
      return "good";
  }
  return "none";
}

// The areas of which at least one store was asked a rule.
std::vector<std::string_view> Areas(const json& stores) {
  std::vector<std::string_view> areas;
  for (const Rule& rule : AllRules()) {
    if (!areas.empty() && areas.back() == rule.area) continue;
    for (const auto& store : stores) {
      if (Count(store, rule.area, false).all == 0) continue;
      areas.push_back(rule.area);
      break;
    }
  }
  return areas;
}

std::string AreasSection(const json& report) {
  const json& stores = report["stores"];
  return "<section id=\"areas\" aria-labelledby=\"areas-title\">\n<h2 id=\"areas-title\">Areas</h2>\n" +
         (stores.size() == 1 ? VerdictsByArea(stores[0]) : StoresByArea(stores, report["run"]["strict"])) +
         "</section>\n";
}

std::string PlotsSection(const json& stores) {
  if (stores.empty()) return "";
  return "<section id=\"plots\" aria-labelledby=\"plots-title\">\n<h2 id=\"plots-title\">Plots</h2>\n<div "
         "class=\"plots\">\n" +
         VerdictPlot(stores) + SlowestRulesPlot(stores) + AreaTimePlot(stores) + "</div>\n</section>\n";
}

}  // namespace aether::conformance
