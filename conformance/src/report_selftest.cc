// index.html: which of the stores that are broken on purpose each rule catches.

#include <algorithm>
#include <map>
#include <vector>

#include "aether/rules.h"
#include "report_sections.h"
#include "tally.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

struct Caught {
  std::vector<const json*> own;  // the stores that the rule has to catch
  int others = 0;                // stores that another rule has to catch, and this one does too
};

std::map<std::string, Caught> ByRule(const json& selftest) {
  std::map<std::string, Caught> rules;
  for (const auto& store : selftest.at("stores")) {
    rules[store.at("rule")].own.push_back(&store);
    for (const auto& id : store.at("killed_by")) {
      if (id != store.at("rule")) ++rules[id].others;
    }
  }
  return rules;
}

std::string Store(const json& store) {
  const std::string verdict = store.at("verdict");
  std::string html = "<li><code>" + Text(store.at("name")) + "</code> ";
  if (verdict != "killed") {
    html += std::string("<span class=\"mark bad\">") +
            (verdict == "crashed"    ? "crashed"
             : verdict == "survived" ? "survived"
                                     : "caught by others only") +
            "</span> ";
  }
  return html + "<span class=\"soft\">" + Text(store.at("fault")) + "</span></li>";
}

std::string Row(const Rule& rule, const Caught& caught, bool all) {
  const auto killed = std::count_if(caught.own.begin(), caught.own.end(),
                                    [](const json* store) { return store->at("verdict") == "killed"; });
  std::string stores;
  for (const json* store : caught.own) stores += Store(*store);
  return "<tr><th scope=\"row\"><a href=\"#" + std::string(rule.id) + "\">" + std::string(rule.id) +
         "</a></th><td class=\"n\">" + std::to_string(killed) + "/" + std::to_string(caught.own.size()) +
         "</td>" + (all ? "<td class=\"n\">" + std::to_string(caught.others) + "</td>" : "") +
         "<td><ul class=\"broken\">" + stores + "</ul></td></tr>\n";
}

}  // namespace

std::string SelftestSection(const json& selftest) {
  if (selftest.is_null()) return "";
  const bool all = selftest.at("all");
  std::map<std::string, Caught> rules = ByRule(selftest);
  std::string rows;
  for (const Rule& rule : AllRules()) rows += Row(rule, rules[std::string(rule.id)], all);
  const json& totals = selftest.at("totals");
  return "<section id=\"selftest\" aria-labelledby=\"selftest-title\">\n<h2 id=\"selftest-title\">Kill "
         "matrix</h2>\n<p><strong>" +
         totals.at("killed").dump() + " of " + totals.at("stores").dump() +
         "</strong> stores that are broken on purpose are caught by the rule that they break, each in " +
         Duration(totals.at("median_seconds")) + " (median; worst " + Duration(totals.at("worst_seconds")) +
         "). Profile " + Text(selftest.at("profile")) + ", seed " + selftest.at("seed").dump() + ", kit " +
         Text(selftest.at("kit_version")) +
         ".</p>\n<details><summary>Rules and the broken stores that they catch</summary>\n<table "
         "class=\"kills\"><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\" class=\"n\">Caught</th>" +
         (all ? "<th scope=\"col\" class=\"n\">Others too</th>" : "") +
         "<th scope=\"col\">Broken stores</th></tr></thead><tbody>\n" + rows +
         "</tbody></table></details>\n</section>\n";
}

}  // namespace aether::conformance
