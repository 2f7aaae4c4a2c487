// The badge of a run.

#include "badge.h"

#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "common/markup.h"
#include "tally.h"

namespace aether::conformance {

namespace {

// Of one store: how many of its rules did what the outcome says.
std::string WordsOf(const nlohmann::json& store, bool strict) {
  Tally tally = Count(store, "", strict);
  const std::string part = std::to_string(tally.passed) + "/" + std::to_string(tally.offered);
  switch (OutcomeOf(tally)) {
    case Outcome::kFails:
      return Rules(tally.of[Standing::kFails], "fails", "fail");
    case Outcome::kUndecided:
      return Rules(tally.of[Standing::kUnclear], "undecided", "undecided");
    case Outcome::kKnownFailures: {
      const int known = tally.of[Standing::kKnown];
      return part + ", " + std::to_string(known) + (known == 1 ? " known failure" : " known failures");
    }
    case Outcome::kNothingTried:
      return "nothing tried";
    case Outcome::kPasses:
      return (tally.all == static_cast<int>(AllRules().size()) ? "conforms " : "selected rules ") + part;
  }
  return part;
}

std::string Words(const nlohmann::json& report) {
  const auto& stores = report["stores"];
  if (stores.size() == 1 && report["run"]["without_report"].empty()) {
    return WordsOf(stores[0], report["run"]["strict"]);
  }
  std::string words = OverallOf(report).headline;
  words[0] = words[0] == 'A' || words[0] == 'N' ? static_cast<char>(words[0] - 'A' + 'a') : words[0];
  return words;
}

// Each dark enough for white letters.
const char* ColourOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kFails:
      return "#b42318";
    case Outcome::kUndecided:
      return "#8a5a00";
    case Outcome::kKnownFailures:
      return "#5b3fa8";
    case Outcome::kNothingTried:
      return "#57606a";
    case Outcome::kPasses:
      return "#1a7f37";
  }
  return "#57606a";
}

std::string Number(int n) { return std::to_string(n); }

// Letters in a box of its own colour. The width is told, so that it fits in any font.
std::string Box(int x, int width, const std::string& colour, const std::string& text) {
  return "<rect x=\"" + Number(x) + "\" width=\"" + Number(width) + "\" height=\"20\" fill=\"" + colour +
         "\"/><text x=\"" + Number(x + 6) + "\" y=\"14\" textLength=\"" + Number(width - 12) + "\">" +
         text + "</text>";
}

}  // namespace

std::string Badge(const nlohmann::json& report) {
  const std::string label = "aether";
  const std::string words = MarkupEscaped(Words(report));
  const auto width = [](const std::string& text) { return static_cast<int>(text.size() * 13 / 2) + 12; };
  const int left = width(label);
  const int all = left + width(words);
  const std::string title = label + ": " + words;
  return "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + Number(all) +
         "\" height=\"20\" role=\"img\" aria-label=\"" + title + "\"><title>" + title +
         "</title><clipPath id=\"r\"><rect width=\"" + Number(all) +
         "\" height=\"20\" rx=\"3\"/></clipPath><g clip-path=\"url(#r)\" fill=\"#fff\" "
         "font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\" font-size=\"11\">" +
         Box(0, left, "#454c54", label) +
         Box(left, all - left, ColourOf(OverallOf(report).outcome), words) + "</g></svg>\n";
}

}  // namespace aether::conformance
