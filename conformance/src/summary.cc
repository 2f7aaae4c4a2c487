// The report of a run in Markdown.

#include "summary.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "aether/rules.h"
#include "rule_prose.h"
#include "tally.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// What did not pass in full for the first of these, so that the summary stays within what servers take.
constexpr std::size_t kInFull = 20;

std::string AreaTable(const json& stores) {
  std::string head = "| Area |";
  std::string line = "|---|";
  for (const auto& store : stores) {
    head += " " + MarkdownEscaped(store["store"]) + " |";
    line += "---|";
  }
  std::string text = head + "\n" + line + "\n";
  const auto row = [&](const std::string& name, std::string_view area) {
    std::string cells;
    bool tried = false;
    for (const auto& store : stores) {
      const std::string cell = TableCell(store, area);
      tried = tried || cell != "-";
      cells += " " + cell + " |";
    }
    if (tried) text += "| " + name + " |" + cells + "\n";
  };
  std::string_view last;
  for (const Rule& rule : AllRules()) {
    if (rule.area != last) row(std::string(rule.area) + " " + AreaName(rule.area), rule.area);
    last = rule.area;
  }
  row("**all**", "");
  text += "| time |";
  for (const auto& store : stores) text += " " + Duration(store["seconds"]) + " |";
  return text + "\n";
}

// `text` in a block of code, whatever it holds.
std::string Fenced(const std::string& text) {
  std::size_t longest = 2;
  std::size_t ticks = 0;
  for (const char c : text) {
    ticks = c == '`' ? ticks + 1 : 0;
    longest = std::max(longest, ticks);
  }
  const std::string fence(longest + 1, '`');
  return fence + "text\n" + text + (text.ends_with('\n') ? "" : "\n") + fence + "\n";
}

std::string Told(const json& rule) {
  std::string text;
  for (const char* part : {"message", "expected", "actual"}) {
    const std::string value = rule[part];
    if (!value.empty()) text += std::string(part) + ": " + value + "\n";
  }
  for (const auto& line : rule["counterexample"]) text += line.get<std::string>() + "\n";
  return text;
}

struct NotPassed {
  const json* store;
  const json* rule;
  Standing standing;
};

std::string WordsFor(const NotPassed& item) {
  std::string verdict = (*item.rule)["verdict"];
  switch (item.standing) {
    case Standing::kKnown:
      return "known failure";
    case Standing::kTolerated:
      return verdict + ", not strict";
    default:
      return item.rule->contains("stale_entry") ? "wrongly listed" : verdict;
  }
}

std::string Item(const NotPassed& item) {
  const json& rule = *item.rule;
  std::string text = "<details><summary><b>" + WordsFor(item) + "</b> " + rule["id"].get<std::string>() +
                     " (" + rule["level"].get<std::string>() + ") of " +
                     MarkdownEscaped((*item.store)["store"]) + ": " + MarkdownEscaped(rule["title"]) +
                     "</summary>\n\n";
  if (rule.contains("stale_entry")) text += MarkdownEscaped(rule["stale_entry"]) + "\n\n";
  if (rule.contains("known_failure"))
    text += "Listed as a known failure: " + MarkdownEscaped(rule["known_failure"]) + "\n\n";
  text += Fenced(Told(rule));
  if (rule["verdict"] == "failed") text += "\nCheck " + MarkdownEscaped(rule["hint"]) + ".\n";
  return text + "\nReplay:\n" + Fenced(rule["replay"]) + "\n</details>\n";
}

// What decides first.
std::vector<NotPassed> AllNotPassed(const json& report) {
  std::vector<NotPassed> items;
  for (const Standing wanted :
       {Standing::kFails, Standing::kUnclear, Standing::kTolerated, Standing::kKnown}) {
    for (const auto& store : report["stores"]) {
      for (const auto& rule : store["rules"]) {
        const Standing standing = StandingOf(rule, report["run"]["strict"]);
        if (standing == wanted) items.push_back({&store, &rule, standing});
      }
    }
  }
  return items;
}

std::string NotOffered(const json& stores) {
  std::string text;
  for (const auto& store : stores) {
    std::map<std::string, std::string> ids;  // by what is missing
    int n = 0;
    for (const auto& rule : store["rules"]) {
      if (rule["verdict"] != "not_offered") continue;
      std::string& list = ids[rule["message"]];
      list += (list.empty() ? "" : ", ") + rule["id"].get<std::string>();
      ++n;
    }
    if (n == 0) continue;
    text += "\n" + MarkdownEscaped(store["store"]) + ": " +
            Rules(n, "is not offered, and not counted as passed.",
                  "are not offered, and not counted as passed.");
    for (const auto& [what, list] : ids) text += " " + list + " " + MarkdownEscaped(what) + ".";
    text += "\n";
  }
  return text;
}

}  // namespace

std::string MarkdownEscaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\n':
      case '\r':
        out += ' ';
        break;
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        if (std::string_view("\\`*_[]|#~!@").find(c) != std::string_view::npos) out += '\\';
        out += c;
    }
  }
  return out;
}

std::string Summary(const json& report) {
  const auto& stores = report["stores"];
  const json& run = report["run"];
  std::string text = "## Conformance: " + OverallOf(report).headline + "\n\n";
  for (const auto& name : run["without_report"]) {
    text += "**" + MarkdownEscaped(name) + " gave no report.**\n\n";
  }
  text += AreaTable(stores);
  const std::vector<NotPassed> items = AllNotPassed(report);
  if (!items.empty()) text += "\n### Not passed\n\n";
  for (std::size_t i = 0; i < std::min(items.size(), kInFull); ++i) text += Item(items[i]);
  for (std::size_t i = kInFull; i < items.size(); ++i) {
    text += (i == kInFull ? "\nAlso, as the report tells: " : ", ") +
            (*items[i].rule)["id"].get<std::string>() + " of " +
            MarkdownEscaped((*items[i].store)["store"]) + " (" + WordsFor(items[i]) + ")";
  }
  text += (items.size() > kInFull ? "\n" : "") + NotOffered(stores);
  if (!stores.empty()) {
    text += "\nSeed " + stores[0]["seed"].dump() + ", profile " + stores[0]["profile"].get<std::string>() +
            ", kit " + run["kit_version"].get<std::string>() + ", specification " +
            run["spec_version"].get<std::string>() + ".\n";
  }
  return text;
}

}  // namespace aether::conformance
