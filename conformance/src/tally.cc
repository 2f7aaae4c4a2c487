// What a store, or a run, came to in a few words.

#include "tally.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "aether/rules.h"

namespace aether::conformance {

namespace {

int Of(const Tally& tally, Standing standing) {
  const auto found = tally.of.find(standing);
  return found == tally.of.end() ? 0 : found->second;
}

bool IsWhole(const Tally& tally) { return tally.all == static_cast<int>(AllRules().size()); }

// "store conforms", "2 of 3 stores conform".
std::string Stores(int n, int all, const std::string& one, const std::string& many) {
  if (all == 1) return "The store " + one;
  if (n == all) return "All " + std::to_string(all) + " stores " + many;
  return std::to_string(n) + " of " + std::to_string(all) + " stores " + (n == 1 ? one : many);
}

}  // namespace

std::string Rules(int n, const std::string& one, const std::string& many) {
  return std::to_string(n) + (n == 1 ? " rule " + one : " rules " + many);
}

std::string Duration(double seconds) {
  char text[48];
  if (seconds < 0.00005) return "0 ms";
  if (seconds < 0.0995) {
    std::snprintf(text, sizeof text, "%.*f ms", seconds < 0.00995 ? 1 : 0, seconds * 1000);
  } else if (seconds < 99.5) {
    std::snprintf(text, sizeof text, "%.*f s", seconds < 9.95 ? 2 : 1, seconds);
  } else {
    const long whole = static_cast<long>(seconds + 0.5);
    std::snprintf(text, sizeof text, "%ld min %ld s", whole / 60, whole % 60);
  }
  return text;
}

std::string FiguresOf(const nlohmann::json& rule) {
  std::string text;
  if (!rule.contains("figures")) return text;
  for (const auto& figure : rule["figures"]) {
    const double value = figure["value"];
    std::string shown = figure["unit"] == "s" ? Duration(value) : std::to_string(std::llround(value));
    for (std::size_t at = shown.size(); figure["unit"] == "" && at > 3; at -= 3) shown.insert(at - 3, ",");
    text += (text.empty() ? "" : "; ") + figure["name"].get<std::string>() + " " + shown;
  }
  return text;
}

Tally Count(const nlohmann::json& store, std::string_view area, bool strict) {
  Tally tally;
  for (const auto& rule : store["rules"]) {
    if (!area.empty() && rule["area"] != area) continue;
    ++tally.of[StandingOf(rule, strict)];
    ++tally.all;
    tally.passed += rule["verdict"] == "passed" ? 1 : 0;
    tally.offered += rule["verdict"] != "not_offered" ? 1 : 0;
    tally.stale += rule.contains("stale_entry") ? 1 : 0;
    tally.cases += rule["cases"].get<long>();
    tally.seconds += rule["seconds"].get<double>();
  }
  return tally;
}

Outcome OutcomeOf(const Tally& tally) {
  if (Of(tally, Standing::kFails) > 0) return Outcome::kFails;
  if (Of(tally, Standing::kUnclear) > 0) return Outcome::kUndecided;
  if (tally.offered == 0) return Outcome::kNothingTried;
  return Of(tally, Standing::kKnown) > 0 ? Outcome::kKnownFailures : Outcome::kPasses;
}

std::string Headline(const Tally& tally) {
  const int fails = Of(tally, Standing::kFails) - tally.stale;
  std::string text;
  const auto add = [&](int n, const char* one, const char* many) {
    if (n > 0) text += (text.empty() ? "" : "; ") + Rules(n, one, many);
  };
  add(fails, "fails", "fail");
  add(tally.stale, "listed as a known failure does not fail", "listed as known failures do not fail");
  add(Of(tally, Standing::kUnclear), "has no verdict", "have no verdict");
  const bool holds = text.empty();
  if (holds && tally.offered == 0) return "Nothing was tried: the store offers none of the rules";
  add(Of(tally, Standing::kKnown), "fails, as is known", "fail, as is known");
  add(Of(tally, Standing::kTolerated), "of level SHOULD did not pass", "of level SHOULD did not pass");
  if (fails > 0) return (IsWhole(tally) ? "Does not conform: " : "Fails: ") + text;
  if (tally.stale > 0) return "Fails: " + text;
  if (!holds) return "Undecided: " + text;
  if (Of(tally, Standing::kKnown) > 0) return "No new failure: " + text;
  const std::string passed = Rules(Of(tally, Standing::kPasses), "holds", "hold");
  return (IsWhole(tally) ? "Conforms: " : "Passes what was selected: ") + passed +
         (text.empty() ? "" : "; " + text);
}

Overall OverallOf(const nlohmann::json& report) {
  const bool strict = report["run"]["strict"];
  const auto& stores = report["stores"];
  const auto& missing = report["run"]["without_report"];
  const int all = static_cast<int>(stores.size() + missing.size());
  if (all == 1 && missing.empty()) {
    const Tally tally = Count(stores[0], "", strict);
    return {OutcomeOf(tally), Headline(tally)};
  }
  std::map<Outcome, int> of;
  bool whole = true;
  for (const auto& store : stores) {
    const Tally tally = Count(store, "", strict);
    ++of[OutcomeOf(tally)];
    whole = whole && IsWhole(tally);
  }
  of[Outcome::kUndecided] += static_cast<int>(missing.size());
  if (const int n = of[Outcome::kFails]) {
    return {Outcome::kFails,
            whole ? Stores(n, all, "does not conform", "do not conform") : Stores(n, all, "fails", "fail")};
  }
  if (const int n = of[Outcome::kUndecided])
    return {Outcome::kUndecided, Stores(n, all, "is undecided", "are undecided")};
  if (const int n = of[Outcome::kKnownFailures]) {
    return {Outcome::kKnownFailures,
            "No new failure: " + Stores(n, all, "fails as is known", "fail as is known")};
  }
  if (const int n = of[Outcome::kPasses]) {
    return {Outcome::kPasses, whole ? Stores(n, all, "conforms", "conform")
                                    : Stores(n, all, "passes what was selected", "pass what was selected")};
  }
  return {Outcome::kNothingTried, "Nothing was tried: no store offers any of the rules"};
}

}  // namespace aether::conformance
