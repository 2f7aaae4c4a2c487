// What became of the broken stores, as text, as data (selftest.json) and as a page (selftest.html).

#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "aether/conformance/verdict.h"

namespace aether::selftest {

enum class Fate { kKilled, kKilledByOther, kSurvived, kCrashed };

std::string_view FateName(Fate fate);  // "killed", "killed_by_other", ...

// What became of one broken store.
struct Outcome {
  std::string name;
  std::string rule;  // that has to catch it
  std::string fault;
  Fate fate = Fate::kSurvived;
  std::vector<std::string> killed_by;           // in the order of rules.json
  std::map<std::string, std::string> messages;  // what each of those rules said
  std::vector<std::string> crashed_in;          // rules in which the process died or hung
  double seconds = 0;                           // until its own rule had judged it

  std::size_t Collateral() const;  // the rules that caught it besides its own
};

struct Selftest {
  conformance::Settings settings;
  bool all = false;  // whether every rule was tried on every store
  std::vector<Outcome> outcomes;
  double seconds = 0;

  std::size_t Count(Fate fate) const;
  double MedianSeconds() const;
  double WorstSeconds() const;
  double MedianCollateral() const;
  std::size_t TotalCollateral() const;
  // Whether each store is killed by its own rule; where every rule is tried in the quick profile, 95 %.
  bool Good() const;
};

// A heading of the outcomes whose rules have this area, and the line of one of them. With `all` a line has
// a column for each area, telling how many of its rules caught the store.
std::string Heading(std::string_view area, bool all);
std::string Line(const Outcome& outcome, bool all);
std::string Summary(const Selftest& selftest);

// The content of selftest.json; conformance/selftest.schema.json says what is in it.
nlohmann::json ToJson(const Selftest& selftest);
// The content of selftest.html, which needs no other file.
std::string Page(const Selftest& selftest);

// Writes both into `directory`, which is made when missing; where a run has left its report.json, its
// index.html is written anew, to tell of them. Throws std::runtime_error naming the file that could not be
// written.
void WriteReports(const std::string& directory, const Selftest& selftest);

}  // namespace aether::selftest
