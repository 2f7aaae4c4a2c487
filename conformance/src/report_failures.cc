// index.html: the rules that did not pass, with their least cases drawn.

#include <algorithm>
#include <vector>

#include "report_sections.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// ---- the timeline: lanes from left to right, time downwards, a row for each call

std::vector<std::string> Lanes(const json& calls) {
  std::vector<std::string> lanes;
  for (const auto& call : calls) {
    const std::string lane = call["lane"];
    if (lane != "--" && std::find(lanes.begin(), lanes.end(), lane) == lanes.end()) lanes.push_back(lane);
  }
  // Racers end in any order.
  std::sort(lanes.begin(), lanes.end());
  return lanes;
}

std::string Head(const std::vector<std::string>& lanes) {
  std::string html = "<thead><tr><th scope=\"col\" class=\"number\">#</th>";
  for (const std::string& lane : lanes) {
    html += "<th scope=\"col\" class=\"lane\">" + MarkupEscaped(lane) + "</th>";
  }
  return html + "<th scope=\"col\">Call</th><th scope=\"col\">Answer</th></tr></thead>\n";
}

// The lane's part of the row of `row`: the bar of the call that the lane is in, if it is in one.
std::string LaneCell(const json& calls, const json& row, const std::string& lane) {
  const int number = row["number"];
  const json* inside = nullptr;  // the lane's last call that has begun
  for (const auto& call : calls) {
    if (call["number"] <= number && call["lane"] == lane) inside = &call;
  }
  if (inside == nullptr || (*inside)["until"] < number) return "<td class=\"lane\"></td>";
  const bool begins = (*inside)["number"] == number;
  std::string classes = begins ? "begins" : "";
  if ((*inside)["answer"] == "") {
    classes += " open";
  } else if ((*inside)["until"] == number) {
    classes += " ends";
  }
  const std::string call = (*inside)["number"].dump();
  return "<td class=\"lane\"><i class=\"" + classes + "\"></i><span class=\"sr\">call " + call +
         (begins ? "" : " goes on") + "</span></td>";
}

std::string Drawing(const json& calls) {
  const std::vector<std::string> lanes = Lanes(calls);
  const std::string width = std::to_string(lanes.size() + 3);
  std::string html =
      "<table class=\"calls\"><caption>Least case: a bar lasts until the call is answered</caption>\n" +
      Head(lanes) + "<tbody>\n";
  int last = 0;
  for (const auto& call : calls) {
    const int number = call["number"];
    if (number > last + 1) {
      html += "<tr class=\"gap\"><td colspan=\"" + width + "\">" + std::to_string(number - last - 1) +
              " calls left out</td></tr>\n";
    }
    last = number;
    html += "<tr><td class=\"number\">" + std::to_string(number) + "</td>";
    if (call["lane"] == "--") {
      html += "<td class=\"remark\" colspan=\"" + std::to_string(lanes.size() + 2) + "\">" +
              Text(call["call"]) + "</td></tr>\n";
      continue;
    }
    for (const std::string& lane : lanes) html += LaneCell(calls, call, lane);
    html += "<td><code>" + Text(call["call"]) + "</code></td><td>" +
            (call["answer"] == "" ? "<em>no answer</em>" : "<code>" + Text(call["answer"]) + "</code>") +
            "</td></tr>\n";
  }
  return html + "</tbody></table>\n";
}

// An SVG document as an element of this one: without what may stand before its root.
std::string Picture(const std::string& svg, const std::string& of) {
  const std::size_t root = svg.find("<svg");
  if (root == std::string::npos) return "";
  return "<figure class=\"picture\" tabindex=\"0\" role=\"group\" aria-label=\"Picture of " + of + "\">" +
         svg.substr(root) + "</figure>\n";
}

std::string LeastCase(const json& rule, const std::string& of) {
  if (rule["counterexample"].empty()) return "";
  std::string lines;
  for (const auto& line : rule["counterexample"]) lines += line.get<std::string>() + "\n";
  std::string html = Picture(rule.value("picture", ""), of);
  if (rule.contains("timeline")) html += Drawing(rule["timeline"]);
  return html + "<details class=\"text\"" + (html.empty() ? " open" : "") +
         "><summary>Least case as text</summary><pre tabindex=\"0\" aria-label=\"Least case of " + of +
         "\">" + MarkupEscaped(lines) + "</pre></details>\n";
}

// ---- one rule

struct Item {
  std::size_t store;
  const json* rule;
  Standing standing;
  std::string others;  // further rules that came to the same by the same message, told once for all
};

std::string Body(const Item& item, const std::string& of) {
  const json& rule = *item.rule;
  std::string html = "<dl>\n";
  const auto line = [&](const char* label, const std::string& value) {
    if (!value.empty()) html += std::string("<dt>") + label + "</dt><dd>" + value + "</dd>\n";
  };
  line("List", MarkupEscaped(rule.value("stale_entry", "")));
  line("Reason", MarkupEscaped(rule.value("known_failure", "")));
  line("What", Text(rule["message"]));
  line("Expected", Text(rule["expected"]));
  line("Actual", Text(rule["actual"]));
  line("The same of", item.others);
  if (rule["verdict"] == "failed") line("Check", Text(rule["hint"]));
  line("Replay", "<code>" + Text(rule["replay"]) + "</code>");
  line("Rule", "<a href=\"#" + Text(rule["id"]) + "\">" + Text(rule["id"]) + " in words</a>");
  return html + "</dl>\n" + LeastCase(rule, of);
}

std::string Details(const Item& item, const std::string& store, bool open) {
  const json& rule = *item.rule;
  const Look look = LookOf(rule, item.standing);
  const std::string verdict = rule["verdict"];
  return std::string("<details class=\"item failure ") + look.style + "\" id=\"" +
         FailureId(item.store, rule) + "\"" + FilterAttributes(rule, store + ":" + verdict) +
         (open ? " open" : "") + ">\n<summary><span class=\"mark " + look.style + "\">" + look.words +
         "</span> <span class=\"id\">" + Text(rule["id"]) + "</span> <span class=\"title\">" +
         Text(rule["title"]) + "</span> <span class=\"soft\">" + Text(rule["level"]) + ", " + store +
         "</span></summary>\n" + Body(item, Text(rule["id"]) + " on " + store) + "</details>\n";
}

// Of one store and one standing. A broken adapter makes every rule errored with one message.
std::vector<Item> ItemsOf(const json& report, std::size_t store, Standing wanted) {
  std::vector<Item> items;
  for (const auto& rule : report["stores"][store]["rules"]) {
    if (StandingOf(rule, report["run"]["strict"]) != wanted) continue;
    const auto same = std::find_if(items.begin(), items.end(), [&](const Item& item) {
      return rule["verdict"] == "errored" && (*item.rule)["verdict"] == "errored" &&
             (*item.rule)["message"] == rule["message"];
    });
    if (same == items.end()) {
      items.push_back({store, &rule, wanted, ""});
    } else {
      same->others += (same->others.empty() ? "" : ", ") + Text(rule["id"]);
    }
  }
  return items;
}

}  // namespace

Look LookOf(const json& rule, Standing standing) {
  std::string verdict = rule["verdict"];
  switch (standing) {
    case Standing::kPasses:
      return {"good", "passed"};
    case Standing::kNotOffered:
      return {"none", "not offered"};
    case Standing::kKnown:
      return {"known", "known failure"};
    case Standing::kFails:
      return {"bad", rule.contains("stale_entry") ? "wrongly listed" : verdict};
    case Standing::kTolerated:
      return {"warn", verdict + ", not strict"};
    case Standing::kUnclear:
      break;
  }
  return {"warn", verdict};
}

std::string FailureId(std::size_t store, const json& rule) {
  return "not-passed-" + std::to_string(store) + "-" + Text(rule["id"]);
}

std::string FilterAttributes(const json& rule, const std::string& stores_and_verdicts) {
  return " data-area=\"" + Text(rule["area"]) + "\" data-verdicts=\"" + stores_and_verdicts + "\"";
}

std::string NotPassedSection(const json& report) {
  std::string items;
  bool open = true;  // the first: one failure is seen without a click, and many stay a list
  for (const Standing wanted :
       {Standing::kFails, Standing::kUnclear, Standing::kTolerated, Standing::kKnown}) {
    for (std::size_t store = 0; store < report["stores"].size(); ++store) {
      for (const Item& item : ItemsOf(report, store, wanted)) {
        items += Details(item, Text(report["stores"][store]["store"]), open);
        open = false;
      }
    }
  }
  if (items.empty()) return "";
  return "<section id=\"not-passed\" aria-labelledby=\"not-passed-title\">\n"
         "<h2 id=\"not-passed-title\">Not passed</h2>\n" +
         items + "<p class=\"nothing\" hidden>None of these is selected.</p>\n</section>\n";
}

}  // namespace aether::conformance
