// selftest.html: the matrix of broken stores and rules, on one page that needs nothing else.

#include <algorithm>
#include <cstdio>

#include "aether/rules.h"
#include "common/markup.h"
#include "page_parts.h"
#include "selftest_report.h"

namespace aether::selftest {

namespace {

using conformance::MarkupEscaped;

// Besides page/base.css. Every kind of cell has a sign of its own, so that colours are not all that tells.
constexpr const char* kStyle = R"css(
body { padding: 1.5rem 1.25rem; }
p { margin: .3rem 0 1rem; color: var(--soft); max-width: 70rem; }
.figures { display: flex; flex-wrap: wrap; gap: .6rem; margin: 0 0 1rem; padding: 0; list-style: none; }
.figures li { border: 1px solid var(--line); border-radius: 6px; padding: .45rem .9rem; background: var(--card); }
.figures b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.figures .wrong b { color: var(--bad); }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; margin: 0 0 .7rem; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 16px; height: 16px; line-height: 16px; margin-right: .4rem;
            text-align: center; font-style: normal; font-weight: 700; font-size: 11px; border-radius: 2px;
            vertical-align: -2px; }
.frame { overflow: auto; max-height: 82vh; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; font-size: 12px; }
th, td { padding: 0; }
td { width: 15px; min-width: 15px; height: 17px; text-align: center; font-size: 10px; line-height: 17px;
     font-weight: 700; border-bottom: 1px solid var(--code); }
td.edge, thead th.edge { border-left: 1px solid var(--line); }
thead th { position: sticky; background: var(--card); z-index: 2; font-weight: 600; }
thead tr:first-child th { top: 0; height: 22px; text-align: left; padding-left: 3px; font-size: 11px; }
thead tr:last-child th { top: 22px; height: 20px; font-size: 9px; color: var(--soft); width: 15px;
                         border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
tbody th { position: sticky; left: 0; z-index: 1; background: var(--page); text-align: left; font-weight: 400;
           white-space: nowrap; padding: 0 .8rem 0 .6rem; border-right: 1px solid var(--line);
           border-bottom: 1px solid var(--code); font-family: ui-monospace, "DejaVu Sans Mono", monospace;
           font-size: 11px; }
tbody th span { color: var(--soft); }
thead th.corner { left: 0; z-index: 3; border-right: 1px solid var(--line); padding-left: .6rem !important; }
tr.area th { background: var(--card); font: 600 12px system-ui, sans-serif; padding: .15rem .6rem; z-index: 1; }
tr.area td { background: var(--card); }
tbody tr:hover th, tbody tr:hover td:not([class*=k]):not(.o) { background: var(--code); }
.k { background: var(--good); color: var(--page); }
.o { background: var(--plot-inconclusive); color: #1b1f24; }
.ks { background: var(--bad); color: var(--page); }
.kc { background: var(--known); color: var(--page); }
.kn { color: var(--soft); }
)css";

bool Has(const std::vector<std::string>& ids, std::string_view id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

bool BeginsArea(std::size_t i) { return i == 0 || AllRules()[i].area != AllRules()[i - 1].area; }

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, seconds < 0.0995 ? "%.1f ms" : "%.2f s",
                seconds < 0.0995 ? seconds * 1000 : seconds);
  return text;
}

std::string Figure(const std::string& value, const std::string& what, bool wrong = false) {
  return std::string("<li") + (wrong ? " class=\"wrong\"" : "") + "><b>" + value + "</b>" + what +
         "</li>\n";
}

std::string Figures(const Selftest& s) {
  const auto count = [&](Fate fate) { return s.Count(fate); };
  const std::size_t lost = s.outcomes.size() - count(Fate::kKilled);
  std::string html = "<ul class=\"figures\">\n";
  html += Figure(std::to_string(count(Fate::kKilled)) + " of " + std::to_string(s.outcomes.size()),
                 "killed by the rule they break", lost > 0);
  html += Figure(std::to_string(count(Fate::kSurvived)), "survived", count(Fate::kSurvived) > 0);
  html += Figure(std::to_string(count(Fate::kKilledByOther)), "killed by other rules only",
                 count(Fate::kKilledByOther) > 0);
  html += Figure(std::to_string(count(Fate::kCrashed)), "crashed", count(Fate::kCrashed) > 0);
  html += Figure(Seconds(s.MedianSeconds()), "median time to kill");
  html += Figure(Seconds(s.WorstSeconds()), "worst time to kill");
  if (s.all) {
    char median[16];
    std::snprintf(median, sizeof median, "%.1f", s.MedianCollateral());
    html += Figure(median, "other rules per store (median)");
    html += Figure(std::to_string(s.TotalCollateral()), "collateral kills in all");
  }
  return html + "</ul>\n";
}

constexpr const char* kLegend = R"html(<ul class="legend">
<li><i class="k">&#9679;</i>killed by the rule it breaks</li>
<li><i class="o">+</i>killed by another rule as well (collateral)</li>
<li><i class="ks">&#10005;</i>survived the rule it breaks</li>
<li><i class="kc">!</i>crashed or hung: no verdict</li>
</ul>
)html";

std::string Head() {
  std::string areas = "<tr><th class=\"corner\">broken store</th>";
  std::string numbers = "<tr><th class=\"corner\">rule</th>";
  const auto& rules = AllRules();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    if (BeginsArea(i)) {
      std::size_t end = i;
      while (end < rules.size() && rules[end].area == rules[i].area) ++end;
      // A name wider than its rules would move the columns apart.
      areas += "<th class=\"edge\" colspan=\"" + std::to_string(end - i) + "\" title=\"" +
               std::string(rules[i].area) + "\">" +
               std::string(end - i == 1 ? rules[i].area.substr(0, 2) : rules[i].area) + "</th>";
    }
    numbers += std::string("<th") + (BeginsArea(i) ? " class=\"edge\"" : "") + " title=\"" +
               MarkupEscaped(std::string(rules[i].id) + ": " + std::string(rules[i].title)) + "\">" +
               std::string(rules[i].id.substr(rules[i].id.find('-') + 1)) + "</th>";
  }
  return "<thead>\n" + areas + "</tr>\n" + numbers + "</tr>\n</thead>\n";
}

std::string Cell(const Outcome& outcome, std::size_t i) {
  const std::string id(AllRules()[i].id);
  const bool own = id == outcome.rule;
  const char* kind = "";
  const char* sign = "";
  std::string title;
  if (Has(outcome.killed_by, id)) {
    kind = own ? "k" : "o";
    sign = own ? "&#9679;" : "+";
    const auto message = outcome.messages.find(id);
    title =
        id + " kills " + outcome.name + (message == outcome.messages.end() ? "" : ": " + message->second);
  } else if (Has(outcome.crashed_in, id) || (own && outcome.fate == Fate::kCrashed)) {
    kind = "kc";
    sign = "!";
    title = outcome.name + " crashes or hangs in " + id;
  } else if (own) {
    kind = "ks";
    sign = "&#10005;";
    title = outcome.name + " survives " + id + ": " + outcome.fault;
  }
  std::string classes = kind;
  if (BeginsArea(i)) classes += classes.empty() ? "edge" : " edge";
  return "<td" + (classes.empty() ? "" : " class=\"" + classes + "\"") +
         (title.empty() ? "" : " title=\"" + MarkupEscaped(title) + "\"") + ">" + sign + "</td>";
}

std::string Rows(const Selftest& s) {
  std::string html = "<tbody>\n";
  std::string_view area;
  for (const Outcome& outcome : s.outcomes) {
    const Rule* rule = FindRule(outcome.rule);
    if (rule != nullptr && rule->area != area) {
      area = rule->area;
      html += "<tr class=\"area\"><th>" + std::string(area) + "</th><td colspan=\"" +
              std::to_string(AllRules().size()) + "\"></td></tr>\n";
    }
    html += "<tr><th title=\"" + MarkupEscaped(outcome.fault + "; judged in " + Seconds(outcome.seconds)) +
            "\"><span>" + outcome.rule + "</span> " + MarkupEscaped(outcome.name) + "</th>";
    for (std::size_t i = 0; i < AllRules().size(); ++i) html += Cell(outcome, i);
    html += "</tr>\n";
  }
  return html + "</tbody>\n";
}

}  // namespace

std::string Page(const Selftest& s) {
  std::string html =
      R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Broken stores and the rules that catch them</title>
<style>)" +
      std::string(conformance::kBaseStyle) + kStyle +
      "</style>\n</head>\n<body>\n<main>\n<h1>Broken stores and the rules that catch them</h1>\n";
  html += "<p>Each row is a store with one fault, each column a rule. " +
          std::string(s.all ? "Every rule was tried on every store"
                            : "Each store was tried against the rule that it breaks only") +
          ". Profile " + std::string(ProfileName(s.settings.profile)) + ", seed " +
          std::to_string(s.settings.seed) + ", kit " AETHER_KIT_VERSION ", rules " +
          std::string(SpecVersion()) + ", " + Seconds(s.seconds) + ".</p>\n";
  html += Figures(s) + kLegend +
          "<div class=\"frame\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix\"><table>\n" + Head() +
          Rows(s) + "</table></div>\n</main>\n";
  return html + "</body>\n</html>\n";
}

}  // namespace aether::selftest
