// What a store, or a run, came to in a few words: counts and headlines for the page, the summary and the
// badge.

#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "report.h"

namespace aether::conformance {

// How many rules of a store, or of one of its areas, stand how.
struct Tally {
  std::map<Standing, int> of;
  int stale = 0;   // of those that fail, how many only since they are listed
  int passed = 0;  // by their verdicts, listed or not
  int offered = 0;
  int all = 0;
  long cases = 0;
  double seconds = 0;
};

// No area: all rules. `store` is an element of report.json's `stores`.
Tally Count(const nlohmann::json& store, std::string_view area, bool strict);

// What decides, from the worst.
enum class Outcome { kFails, kUndecided, kKnownFailures, kNothingTried, kPasses };

Outcome OutcomeOf(const Tally& tally);

// "Conforms: 87 rules hold", "Does not conform: 2 rules fail". Conforms is said only of a run of all rules.
std::string Headline(const Tally& tally);

// The same of a whole report: of one store with its name, of several how many do what.
struct Overall {
  Outcome outcome = Outcome::kPasses;
  std::string headline;
};
Overall OverallOf(const nlohmann::json& report);

// "1 rule fails", "2 rules fail".
std::string Rules(int n, const std::string& one, const std::string& many);

// What was counted and measured of a rule of report.json: "servers killed 30; saves acknowledged 1,204". May be empty.
std::string FiguresOf(const nlohmann::json& rule);

// "12 ms", "3.4 s", "2 min 5 s".
std::string Duration(double seconds);

}  // namespace aether::conformance
