// index.html: its frame, the verdict, and the run.

#include "report_page.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "aether/rules.h"
#include "page_parts.h"
#include "report_sections.h"
#include "rule_prose.h"
#include "tally.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

std::string Number(long n) { return std::to_string(n); }

// ---- the verdict

std::string Facts(const json& store, const Tally& tally) {
  const int not_offered = tally.all - tally.offered;
  return (not_offered > 0 ? Number(not_offered) + " not offered; " : "") + Number(tally.cases) +
         " cases in " + Duration(store["seconds"]);
}

std::string StoreCard(const json& store, bool strict) {
  const Tally tally = Count(store, "", strict);
  return std::string("<li class=\"") + StyleOf(OutcomeOf(tally)) + "\"><b>" + Text(store["store"]) +
         "</b> <span>" + Headline(tally) + "</span> <span class=\"soft\">" + Facts(store, tally) +
         "</span></li>\n";
}

// One store is told in the verdict itself, several side by side below it.
std::string Verdict(const json& report) {
  const json& run = report["run"];
  const json& stores = report["stores"];
  const Overall overall = OverallOf(report);
  const bool one = stores.size() == 1 && run["without_report"].empty();
  std::string html =
      std::string("<p class=\"verdict ") + StyleOf(overall.outcome) + "\">" +
      (one ? "<small>" + Text(stores[0]["store"]) + "</small> " : "") + overall.headline +
      (one ? " <small>" + Facts(stores[0], Count(stores[0], "", run["strict"])) + "</small>" : "") +
      "</p>\n";
  if (one) return html;
  html += "<ul class=\"stores\">\n";
  for (const auto& store : stores) html += StoreCard(store, run["strict"]);
  for (const auto& name : run["without_report"]) {
    html += "<li class=\"warn\"><b>" + Text(name) + "</b> <span>gave no report: see the log</span></li>\n";
  }
  return html + "</ul>\n";
}

std::string Header(const json& report) {
  const json& run = report["run"];
  const json& stores = report["stores"];
  std::string html =
      "<header>\n<p class=\"soft\">Aether Conformance Kit</p>\n<h1>Conformance report</h1>\n" +
      Verdict(report) + "<p class=\"soft facts\">";
  if (!stores.empty()) {
    html += "<span>Seed " + stores[0]["seed"].dump() + "</span> <span>profile " +
            Text(stores[0]["profile"]) + (run["strict"] ? ", strict" : "") + "</span> <span>" +
            Number(stores[0]["rules"].size()) + " of " + Number(static_cast<long>(AllRules().size())) +
            " rules</span> ";
  }
  return html + "<span>kit " + Text(run["kit_version"]) + "</span> <span>specification " +
         Text(run["spec_version"]) + "</span> <span>" + Text(run["started"]) + "</span></p>\n</header>\n";
}

// ---- what is not offered

std::string NotOfferedOf(const json& store) {
  std::vector<std::string> reasons;  // in the order of the rules
  std::map<std::string, std::string> ids;
  int n = 0;
  for (const auto& rule : store["rules"]) {
    if (rule["verdict"] != "not_offered") continue;
    ++n;
    const std::string reason = Text(rule["message"]);
    if (!ids.contains(reason)) reasons.push_back(reason);
    std::string& list = ids[reason];
    list += (list.empty() ? "" : ", ") + Text(rule["id"]);
  }
  if (n == 0) return "";
  std::string html =
      "<h3>" + Text(store["store"]) + ": " + Rules(n, "is", "are") + " not offered</h3>\n<ul>\n";
  for (const std::string& reason : reasons) {
    html += "<li>" + ids[reason] + ": <span class=\"soft\">" + reason + "</span></li>\n";
  }
  return html + "</ul>\n";
}

std::string NotOfferedSection(const json& stores) {
  std::string html;
  for (const auto& store : stores) html += NotOfferedOf(store);
  if (html.empty()) return "";
  return "<section id=\"not-offered\" aria-labelledby=\"not-offered-title\">\n<h2 "
         "id=\"not-offered-title\">Not "
         "offered</h2>\n<p class=\"soft\">The store or its adapter lacks what these rules need. They were "
         "not "
         "tried, and are not counted as passed. A rule that was tried and came to no verdict is "
         "inconclusive "
         "or errored, and stands under Not passed.</p>\n" +
         html + "</section>\n";
}

// ---- the run

std::string RunSection(const json& report) {
  const json& run = report["run"];
  const json& environment = run["environment"];
  std::string rows;
  const auto row = [&](const std::string& label, const std::string& value) {
    rows += "<tr><th scope=\"row\">" + label + "</th><td>" + value + "</td></tr>\n";
  };
  row("Command", "<code>" + Text(run["command"]) + "</code>");
  row("Started", Text(run["started"]));
  row("Duration", Duration(run["seconds"]));
  for (const auto& store : report["stores"]) {
    if (store.contains("about")) row("About " + Text(store["store"]), Text(store["about"]));
    row("Inputs of " + Text(store["store"]),
        "seed " + store["seed"].dump() + ", profile " + Text(store["profile"]));
  }
  row("SHOULD rules", run["strict"] ? "fail the run (--strict)" : "are shown, and do not fail the run");
  row("Kit", Text(run["kit_version"]));
  row("Specification", Text(run["spec_version"]));
  row("Compiler of the kit", Text(environment["compiler"]));
  row("System", Text(environment["os"]) + ", " + Text(environment["kernel"]));
  row("Processor", Text(environment["cpu"]) + ", " + environment["cores"].dump() +
                       (environment["cores"] == 1 ? " core" : " cores"));
  return "<section id=\"run\" aria-labelledby=\"run-title\">\n<h2 id=\"run-title\">Run</h2>\n<table "
         "class=\"facts\"><caption class=\"sr\">Seed, versions and environment</caption><tbody>\n" +
         rows + "</tbody></table>\n</section>\n";
}

// ---- the filter, which needs the script and is hidden without it

std::string Options(const std::vector<std::pair<std::string, std::string>>& options) {
  std::string html;
  for (const auto& [value, text] : options) {
    html += "<option value=\"" + value + "\">" + text + "</option>";
  }
  return html;
}

std::string Filter(const json& stores) {
  const std::vector<std::pair<std::string, std::string>> verdicts = {{"", "any verdict"},
                                                                     {"!", "not passed"},
                                                                     {"passed", "passed"},
                                                                     {"failed", "failed"},
                                                                     {"inconclusive", "inconclusive"},
                                                                     {"errored", "errored"},
                                                                     {"not_offered", "not offered"}};
  std::vector<std::pair<std::string, std::string>> areas = {{"", "any area"}};
  for (const std::string_view area : Areas(stores)) {
    areas.push_back({std::string(area), std::string(area) + " " + AreaName(area)});
  }
  std::vector<std::pair<std::string, std::string>> names = {{"", "any store"}};
  for (const auto& store : stores) names.push_back({Text(store["store"]), Text(store["store"])});
  std::string html =
      "<form id=\"filter\" role=\"search\" aria-label=\"Filter rules\" hidden>\n<label><span>Verdict</span>"
      "<select name=\"verdict\">" +
      Options(verdicts) + "</select></label>\n<label><span>Area</span><select name=\"area\">" +
      Options(areas) + "</select></label>\n";
  if (stores.size() > 1) {
    html += "<label><span>Store</span><select name=\"store\">" + Options(names) + "</select></label>\n";
  }
  return html +
         "<label class=\"wide\"><span>Text</span><input type=\"search\" name=\"text\" placeholder=\"id, "
         "word, "
         "message\"></label>\n<button type=\"button\" name=\"open\">Open all</button>\n<button "
         "type=\"button\" "
         "name=\"close\">Close all</button>\n<p role=\"status\"></p>\n</form>\n";
}

std::string Navigation(const std::vector<std::pair<std::string, std::string>>& sections) {
  std::string html = "<nav aria-label=\"Sections\"><ul>\n";
  for (const auto& [id, title] : sections) html += "<li><a href=\"#" + id + "\">" + title + "</a></li>\n";
  return html + "</ul></nav>\n";
}

std::string Head(const std::string& title) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      // Says to the browser too that nothing is loaded.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n<title>" +
      title + "</title>\n<style>\n";
  html += kBaseStyle;
  html += kReportStyle;
  return html + "</style>\n</head>\n";
}

}  // namespace

std::string ReportPage(const json& report, const json& selftest) {
  const json& stores = report["stores"];
  const std::string not_passed = NotPassedSection(report);
  const std::string not_offered = NotOfferedSection(stores);
  const std::string plots = PlotsSection(stores);
  const std::string kills = SelftestSection(selftest);
  std::vector<std::pair<std::string, std::string>> sections = {{"areas", "Areas"}};
  if (!not_passed.empty()) sections.push_back({"not-passed", "Not passed"});
  sections.push_back({"rules", "Rules"});
  if (!not_offered.empty()) sections.push_back({"not-offered", "Not offered"});
  if (!plots.empty()) sections.push_back({"plots", "Plots"});
  if (!kills.empty()) sections.push_back({"selftest", "Kill matrix"});
  sections.push_back({"run", "Run"});

  std::string html = Head("Conformance: " + OverallOf(report).headline);
  html += "<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n" + Header(report) +
          Navigation(sections) + "<main id=\"main\" tabindex=\"-1\">\n" + AreasSection(report) +
          "<div class=\"filtered\">\n" + Filter(stores) + not_passed + RulesSection(report) + "</div>\n" +
          not_offered + plots + kills + RunSection(report) + "</main>\n<script>\n";
  html += kChartScript;
  html += "</script>\n<script>\n";
  html += kReportScript;
  return html + "</script>\n</body>\n</html>\n";
}

}  // namespace aether::conformance
