// index.html: every rule in words, with what each store came to.

#include <algorithm>

#include "aether/rules.h"
#include "report_sections.h"
#include "rule_prose.h"
#include "tally.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// The little Markdown that rules are written in: code, links (of which the words stay), emphasis.
std::string Inline(const std::string& text) {
  std::string html;
  bool code = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '`') {
      html += code ? "</code>" : "<code>";
      code = !code;
    } else if (!code && text[i] == '[' && text.find("](", i) != std::string::npos) {
      const std::size_t middle = text.find("](", i);
      html += Inline(text.substr(i + 1, middle - i - 1));
      i = std::min(text.find(')', middle), text.size());
    } else if (!code && text[i] == '*') {
      continue;
    } else if (text[i] == '\n') {
      html += ' ';
    } else {
      html += MarkupEscaped(std::string(1, text[i]));
    }
  }
  return html + (code ? "</code>" : "");
}

std::string Paragraphs(const std::string& markdown, const std::string& before) {
  std::string html;
  std::size_t from = 0;
  while (from < markdown.size()) {
    std::size_t to = markdown.find("\n\n", from);
    if (to == std::string::npos) to = markdown.size();
    html += "<p>" + (from == 0 ? before : "") + Inline(markdown.substr(from, to - from)) + "</p>\n";
    from = to + 2;
  }
  return html;
}

// What a store came to, or null where the rule was not selected.
const json* FindIn(const json& store, std::string_view id) {
  for (const auto& rule : store["rules"]) {
    if (rule["id"].get_ref<const std::string&>() == id) return &rule;
  }
  return nullptr;
}

std::string Mark(const std::string& store, const json* rule, bool strict) {
  if (rule == nullptr) return "<span class=\"mark\"></span>";
  const Look look = LookOf(*rule, StandingOf(*rule, strict));
  return std::string("<span class=\"mark ") + look.style + "\"><span class=\"who\">" + store + ": </span>" +
         look.words + "</span>";
}

// A line of the rule's table: what one store came to.
std::string Row(std::size_t number, const json& store, const json& rule, bool strict) {
  const Standing standing = StandingOf(rule, strict);
  std::string words = LookOf(rule, standing).words;
  std::string remark = MarkupEscaped(FiguresOf(rule));
  const std::string message = Text(rule["message"]);
  if (!message.empty()) remark += (remark.empty() ? "" : "; ") + message;
  if (standing != Standing::kPasses && standing != Standing::kNotOffered) {
    words = "<a href=\"#" + FailureId(number, rule) + "\">" + words + "</a>";
  }
  if (rule.contains("known_failure")) remark += " (listed: " + Text(rule["known_failure"]) + ")";
  return "<tr><th scope=\"row\">" + Text(store["store"]) + "</th><td>" + words + "</td><td class=\"n\">" +
         rule["cases"].dump() + "</td><td class=\"n\">" +
         (standing == Standing::kNotOffered ? "" : Duration(rule["seconds"])) + "</td><td>" + remark +
         "</td></tr>\n";
}

std::string Item(const json& report, const Rule& rule) {
  const bool strict = report["run"]["strict"];
  const auto& stores = report["stores"];
  std::string verdicts, marks, rows;
  double slowest = -1;
  const json* any = nullptr;
  for (std::size_t i = 0; i < stores.size(); ++i) {
    const json* const found = FindIn(stores[i], rule.id);
    marks += Mark(Text(stores[i]["store"]), found, strict);
    if (found == nullptr) continue;
    any = found;
    if ((*found)["verdict"] != "not_offered")
      slowest = std::max(slowest, (*found)["seconds"].get<double>());
    rows += Row(i, stores[i], *found, strict);
    verdicts += (verdicts.empty() ? "" : " ") + Text(stores[i]["store"]) + ":" + Text((*found)["verdict"]);
  }
  if (any == nullptr) return "";
  const std::string id(rule.id);
  const RuleProse& prose = ProseOf(id);
  return "<details class=\"item rule\" id=\"" + id + "\"" + FilterAttributes(*any, verdicts) +
         "><summary><span class=\"id\">" + id + "</span> <span class=\"title\">" +
         MarkupEscaped(std::string(rule.title)) + (rule.level == "SHOULD" ? " <small>SHOULD</small>" : "") +
         "</span> <span class=\"marks\">" + marks + "</span> <span class=\"time\">" +
         (slowest < 0 ? "" : Duration(slowest)) + "</span></summary>\n<div class=\"words\">" +
         Paragraphs(prose.words, "") + Paragraphs(prose.why, "<b>Why:</b> ") +
         "</div>\n<table class=\"tried\"><thead><tr><th scope=\"col\">" +
         "Store</th><th scope=\"col\">Verdict</th><th scope=\"col\" class=\"n\">Cases</th><th "
         "scope=\"col\" "
         "class=\"n\">Time</th><th scope=\"col\">Remark</th></tr></thead><tbody>\n" +
         rows + "</tbody></table>\n<p class=\"soft\">" + std::string(rule.level) + "; " + prose.file +
         "</p></details>\n";
}

// Beside the heading of each area: which store a column of marks is of.
std::string Columns(const json& stores) {
  if (stores.size() < 2) return "";
  std::string names;
  for (const auto& store : stores) names += "<span>" + Text(store["store"]) + "</span>";
  return "<p class=\"columns\" aria-hidden=\"true\"><span></span><span></span><span class=\"marks\">" +
         names + "</span><span class=\"time\">longest</span></p>\n";
}

}  // namespace

std::string RulesSection(const json& report) {
  std::string html;
  std::string items;
  std::string_view area;
  const auto end_area = [&] {
    if (!items.empty()) {
      html += "<section class=\"area\" aria-labelledby=\"area-" + std::string(area) +
              "\">\n<h3 id=\"area-" + std::string(area) + "\">" + AreaName(area) +
              " <span class=\"soft\">" + std::string(area) + "</span></h3>\n" + Columns(report["stores"]) +
              items + "</section>\n";
    }
    items.clear();
  };
  for (const Rule& rule : AllRules()) {
    if (rule.area != area) end_area();
    area = rule.area;
    items += Item(report, rule);
  }
  end_area();
  return "<section id=\"rules\" aria-labelledby=\"rules-title\" style=\"--stores:" +
         std::to_string(std::max<std::size_t>(1, report["stores"].size())) +
         "\">\n<h2 id=\"rules-title\">Rules</h2>\n<p class=\"soft\">Each opens to its words, why it is "
         "there, and "
         "what was tried.</p>\n" +
         html + "<p class=\"nothing\" hidden>No rule is selected.</p>\n</section>\n";
}

}  // namespace aether::conformance
