// report.html.

#include "report_page.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "aether/rules.h"
#include "markup.h"
#include "report.h"
#include "report_page_style.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

std::string Text(const json& value) { return MarkupEscaped(value.get<std::string>()); }

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f s", seconds);
  return text;
}

// "1 rule fails", "2 rules fail".
std::string Rules(int n, const std::string& one, const std::string& many) {
  return std::to_string(n) + (n == 1 ? " rule " + one : " rules " + many);
}

// How many rules of a store, or of one of its areas, stand how.
struct Tally {
  std::map<Standing, int> of;
  int stale = 0;   // of those that fail, how many only since they are listed
  int passed = 0;  // by their verdicts, listed or not
  int offered = 0;
  int all = 0;
};

Tally Count(const json& store, std::string_view area, bool strict) {
  Tally tally;
  for (const auto& rule : store["rules"]) {
    if (!area.empty() && rule["area"] != area) continue;
    ++tally.of[StandingOf(rule, strict)];
    ++tally.all;
    tally.passed += rule["verdict"] == "passed" ? 1 : 0;
    tally.offered += rule["verdict"] != "not_offered" ? 1 : 0;
    tally.stale += rule.contains("stale_entry") ? 1 : 0;
  }
  return tally;
}

const char* ClassOf(Tally tally) {
  if (tally.of[Standing::kFails] > 0) return "bad";
  if (tally.of[Standing::kUnclear] + tally.of[Standing::kTolerated] > 0) return "warn";
  if (tally.of[Standing::kKnown] > 0) return "known";
  return tally.offered == 0 ? "none" : "good";
}

// ---- what a store came to

std::string Headline(Tally tally) {
  const int fails = tally.of[Standing::kFails] - tally.stale;
  std::string text;
  const auto add = [&](int n, const char* one, const char* many) {
    if (n > 0) text += (text.empty() ? "" : "; ") + Rules(n, one, many);
  };
  add(fails, "fails", "fail");
  add(tally.stale, "listed as a known failure does not fail", "listed as known failures do not fail");
  add(tally.of[Standing::kUnclear], "has no verdict", "have no verdict");
  const bool holds = text.empty();
  if (holds && tally.offered == 0) return "Nothing was tried: the store offers none of the rules";
  add(tally.of[Standing::kKnown], "fails, as is known", "fail, as is known");
  add(tally.of[Standing::kTolerated], "of level SHOULD does not hold", "of level SHOULD do not hold");
  const bool whole = tally.all == static_cast<int>(AllRules().size());
  const bool conforms = holds && tally.of[Standing::kKnown] == 0;
  if (fails > 0) return (whole ? "Does not conform: " : "Fails: ") + text;
  if (!holds) return "Undecided: " + text;
  if (!conforms) return "No new failure: " + text;
  const std::string passed = Rules(tally.of[Standing::kPasses], "holds", "hold");
  return (whole ? "Conforms: " : "Passes what was selected: ") + passed + (text.empty() ? "" : "; " + text);
}

std::string AreaCell(Tally tally) {
  if (tally.all == 0) return "<td></td>";
  std::string text = "not offered";
  if (tally.stale > 0) text += " <small>" + std::to_string(tally.stale) + " wrongly listed</small>";
  if (tally.offered > 0) {
    std::string details;
    const auto add = [&](int n, const char* what) {
      if (n > 0) details += (details.empty() ? "" : ", ") + std::to_string(n) + " " + what;
    };
    add(tally.of[Standing::kFails] - tally.stale, "failed");
    add(tally.stale, "wrongly listed");
    add(tally.of[Standing::kUnclear], "without verdict");
    add(tally.of[Standing::kKnown], "known");
    add(tally.of[Standing::kTolerated], "SHOULD not held");
    add(tally.all - tally.offered, "not offered");
    text = std::to_string(tally.passed) + "/" + std::to_string(tally.offered);
    if (!details.empty()) text += " <small>" + details + "</small>";
  }
  return std::string("<td class=\"") + ClassOf(tally) + "\">" + text + "</td>";
}

std::string AreaTable(const json& stores, bool strict) {
  std::string html = "<div class=\"scroll\"><table class=\"areas\">\n<tr><th>area</th>";
  for (std::size_t i = 0; i < stores.size(); ++i) {
    html += "<th><a href=\"#store-" + std::to_string(i) + "\">" + Text(stores[i]["store"]) + "</a></th>";
  }
  html += "</tr>\n";
  const auto row = [&](std::string_view area) {
    std::string cells;
    int rules = 0;
    for (const auto& store : stores) {
      const Tally tally = Count(store, area, strict);
      rules += tally.all;
      cells += AreaCell(tally);
    }
    if (rules == 0) return;
    html += std::string(area.empty() ? "<tr class=\"all\">" : "<tr>") + "<th>" +
            (area.empty() ? "all" : std::string(area)) + "</th>" + cells + "</tr>\n";
  };
  std::string_view last;
  for (const Rule& rule : AllRules()) {
    if (rule.area != last) row(rule.area);
    last = rule.area;
  }
  row("");
  return html + "</table></div>\n";
}

// ---- rules that did not pass

struct Look {
  const char* style;
  std::string badge;
};

Look LookOf(const json& rule, Standing standing) {
  std::string verdict = rule["verdict"];
  switch (standing) {
    case Standing::kKnown:
      return {"known", "known failure"};
    case Standing::kFails:
      return {"bad", rule.contains("stale_entry") ? "wrongly listed" : verdict};
    case Standing::kTolerated:
      return {"warn", verdict + ", not strict"};
    default:
      return {"warn", verdict};
  }
}

// An SVG document as an element of this one: without what may stand before its root.
std::string Picture(const std::string& svg) {
  const std::size_t root = svg.find("<svg");
  return root == std::string::npos ? "" : "<figure>" + svg.substr(root) + "</figure>\n";
}

std::string Timeline(const json& lines) {
  std::string text;
  for (const auto& line : lines) text += line.get<std::string>() + "\n";
  return MarkupEscaped(text);
}

// `others`: further rules that came to the same by the same message, told once for all.
std::string RuleArticle(const json& rule, Standing standing, const std::vector<std::string>& others) {
  const Look look = LookOf(rule, standing);
  std::string html = std::string("<article class=\"") + look.style + "\">\n<h3><span class=\"badge " +
                     look.style + "\">" + look.badge + "</span>" + Text(rule["id"]) +
                     " <span class=\"soft\">(" + Text(rule["level"]) + ")</span> " + Text(rule["title"]) +
                     "</h3>\n<dl>\n";
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) html += std::string("<dt>") + label + "</dt><dd>" + value + "</dd>\n";
  };
  line("list", MarkupEscaped(rule.value("stale_entry", "")));
  line("reason", MarkupEscaped(rule.value("known_failure", "")));
  line("what", Text(rule["message"]));
  line("expected", Text(rule["expected"]));
  line("actual", Text(rule["actual"]));
  if (rule["verdict"] == "failed") line("check", Text(rule["hint"]));
  std::string same;
  for (const std::string& id : others) same += (same.empty() ? "" : ", ") + id;
  line("the same of", same);
  line("replay", "<code>" + Text(rule["replay"]) + "</code>");
  if (!rule["counterexample"].empty()) {
    line("least case", "<pre>" + Timeline(rule["counterexample"]) + "</pre>");
  }
  return html + "</dl>\n" + Picture(rule.value("picture", "")) + "</article>\n";
}

// What decides first: failures, then what has no verdict, then what does not count.
std::string NotPassed(const json& store, bool strict) {
  std::string html;
  for (const Standing wanted :
       {Standing::kFails, Standing::kUnclear, Standing::kTolerated, Standing::kKnown}) {
    std::vector<const json*> rules;
    for (const auto& rule : store["rules"]) {
      if (StandingOf(rule, strict) == wanted) rules.push_back(&rule);
    }
    for (std::size_t i = 0; i < rules.size(); ++i) {
      if (rules[i] == nullptr) continue;
      const json& rule = *rules[i];
      std::vector<std::string> others;
      // A broken adapter makes every rule errored with one message.
      for (std::size_t j = i + 1; rule["verdict"] == "errored" && j < rules.size(); ++j) {
        if (rules[j] == nullptr || (*rules[j])["verdict"] != "errored") continue;
        if ((*rules[j])["message"] != rule["message"]) continue;
        others.push_back(Text((*rules[j])["id"]));
        rules[j] = nullptr;
      }
      html += RuleArticle(rule, wanted, others);
    }
  }
  return html;
}

// ---- rules of which there is little to say

std::string NotOffered(const json& store) {
  std::vector<std::string> reasons;  // in the order of the rules
  std::map<std::string, std::string> ids;
  int n = 0;
  for (const auto& rule : store["rules"]) {
    if (rule["verdict"] != "not_offered") continue;
    ++n;
    const std::string reason = rule["message"];
    if (!ids.contains(reason)) reasons.push_back(reason);
    std::string& list = ids[reason];
    list += (list.empty() ? "" : ", ") + Text(rule["id"]);
  }
  if (n == 0) return "";
  std::string html = "<details class=\"rules\" open><summary>" + Rules(n, "is", "are") +
                     " not offered, and not counted as passed</summary>\n<ul>\n";
  for (const std::string& reason : reasons) {
    html += "<li>" + ids[reason] + ": <span class=\"soft\">" + MarkupEscaped(reason) + "</span></li>\n";
  }
  return html + "</ul></details>\n";
}

std::string Passed(const json& store) {
  std::string items;
  int n = 0;
  for (const auto& rule : store["rules"]) {
    if (rule["verdict"] != "passed" || rule.contains("stale_entry")) continue;
    ++n;
    items += "<li>" + Text(rule["id"]) + " " + Text(rule["title"]) + " <span class=\"soft\">" +
             rule["cases"].dump() + (rule["cases"] == 1 ? " case" : " cases");
    if (rule["message"] != "") items += "; " + Text(rule["message"]);
    items += "</span></li>\n";
  }
  if (n == 0) return "";
  return "<details class=\"rules\"><summary>" + Rules(n, "passed", "passed") + "</summary>\n<ul>\n" +
         items + "</ul></details>\n";
}

std::string StoreSection(const json& store, std::size_t number, bool strict) {
  const Tally tally = Count(store, "", strict);
  return "<section id=\"store-" + std::to_string(number) + "\">\n<h2>" + Text(store["store"]) +
         "</h2>\n<p class=\"headline " + ClassOf(tally) + "\">" + Headline(tally) +
         "</p>\n<p class=\"soft\">" + std::to_string(tally.all) + " of " +
         std::to_string(AllRules().size()) + " rules, in " + Seconds(store["seconds"]) + "; seed " +
         store["seed"].dump() + ", profile " + Text(store["profile"]) + (strict ? ", strict" : "") +
         "</p>\n" + NotPassed(store, strict) + NotOffered(store) + Passed(store) + "</section>\n";
}

}  // namespace

std::string ReportPage(const json& stores, bool strict) {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Conformance report</title>\n<style>";
  html += kReportPageStyle;
  html +=
      "</style>\n</head>\n<body>\n<h1>Conformance report</h1>\n<p class=\"soft\">Aether Conformance Kit ";
  html += AETHER_KIT_VERSION;
  html += ", specification " + std::string(SpecVersion()) + "</p>\n" + AreaTable(stores, strict);
  for (std::size_t i = 0; i < stores.size(); ++i) html += StoreSection(stores[i], i, strict);
  return html + "</body>\n</html>\n";
}

}  // namespace aether::conformance
