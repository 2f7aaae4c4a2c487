// What became of the broken stores, as text and as data.

#include "selftest_report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "aether/rules.h"
#include "report.h"

namespace aether::selftest {

namespace {

template <typename T>
double Median(std::vector<T> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? double(values[half])
                                : (double(values[half - 1]) + double(values[half])) / 2;
}

std::vector<std::string_view> Areas() {
  std::vector<std::string_view> areas;
  for (const Rule& rule : AllRules()) {
    if (areas.empty() || areas.back() != rule.area) areas.push_back(rule.area);
  }
  return areas;
}

std::vector<double> SecondsOf(const std::vector<Outcome>& outcomes) {
  std::vector<double> seconds;
  for (const Outcome& outcome : outcomes) seconds.push_back(outcome.seconds);
  return seconds;
}

template <typename... Values>
std::string Format(const char* format, Values... values) {
  char text[256];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

constexpr const char* kRow = "  %-8s %-34s %7.3f s  ";

}  // namespace

std::string_view FateName(Fate fate) {
  constexpr const char* kNames[] = {"killed", "killed_by_other", "survived", "crashed"};
  return kNames[static_cast<int>(fate)];
}

std::size_t Outcome::Collateral() const { return killed_by.size() - (fate == Fate::kKilled ? 1 : 0); }

std::size_t Selftest::Count(Fate fate) const {
  return static_cast<std::size_t>(
      std::count_if(outcomes.begin(), outcomes.end(), [&](const Outcome& o) { return o.fate == fate; }));
}

double Selftest::MedianSeconds() const { return Median(SecondsOf(outcomes)); }

double Selftest::WorstSeconds() const {
  double worst = 0;
  for (const Outcome& outcome : outcomes) worst = std::max(worst, outcome.seconds);
  return worst;
}

double Selftest::MedianCollateral() const {
  std::vector<std::size_t> counts;
  for (const Outcome& outcome : outcomes) counts.push_back(outcome.Collateral());
  return Median(std::move(counts));
}

std::size_t Selftest::TotalCollateral() const {
  std::size_t total = 0;
  for (const Outcome& outcome : outcomes) total += outcome.Collateral();
  return total;
}

bool Selftest::Good() const {
  const std::size_t killed = Count(Fate::kKilled);
  if (all && settings.profile == conformance::Profile::kQuick) return killed * 100 >= outcomes.size() * 95;
  return killed == outcomes.size();
}

std::string Heading(std::string_view area, bool all) {
  std::string text = Format("%-55s", std::string(area).c_str());
  if (all) {
    for (const std::string_view column : Areas()) text += Format("%5s", std::string(column).c_str());
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string Line(const Outcome& outcome, bool all) {
  std::string text = Format(kRow, outcome.rule.c_str(), outcome.name.c_str(), outcome.seconds);
  if (all) {
    for (const std::string_view area : Areas()) {
      const auto caught =
          std::count_if(outcome.killed_by.begin(), outcome.killed_by.end(),
                        [&](const auto& id) { return id.starts_with(std::string(area) + "-"); });
      text += caught == 0 ? "    ." : Format("%5d", static_cast<int>(caught));
    }
    text += "  ";
  }
  switch (outcome.fate) {
    case Fate::kKilled:
      return text + "killed";
    case Fate::kKilledByOther:
      return text + "KILLED BY OTHERS only: " + outcome.killed_by.front();
    case Fate::kSurvived:
      return text + "SURVIVED: " + outcome.fault;
    case Fate::kCrashed:
      return text + "CRASHED: " + outcome.fault;
  }
  return text;
}

std::string Summary(const Selftest& s) {
  const auto count = [&](Fate fate) { return std::to_string(s.Count(fate)); };
  std::string text =
      count(Fate::kKilled) + " of " + std::to_string(s.outcomes.size()) +
      " broken stores are killed by the rule they break; " + count(Fate::kKilledByOther) +
      " by others only, " + count(Fate::kSurvived) + " survived, " + count(Fate::kCrashed) + " crashed\n" +
      Format("time to kill: median %.3f s, worst %.3f s\n", s.MedianSeconds(), s.WorstSeconds());
  if (s.all) {
    text += Format("other rules that caught a store too: median %.1f, %d in all\n", s.MedianCollateral(),
                   static_cast<int>(s.TotalCollateral()));
  }
  return text;
}

nlohmann::json ToJson(const Selftest& s) {
  nlohmann::json stores = nlohmann::json::array();
  for (const Outcome& outcome : s.outcomes) {
    stores.push_back({{"name", outcome.name},
                      {"rule", outcome.rule},
                      {"fault", outcome.fault},
                      {"verdict", FateName(outcome.fate)},
                      {"killed_by", outcome.killed_by},
                      {"crashed_in", outcome.crashed_in},
                      {"collateral", outcome.Collateral()},
                      {"seconds", outcome.seconds}});
  }
  return {{"kit_version", AETHER_KIT_VERSION},
          {"spec_version", SpecVersion()},
          {"profile", ProfileName(s.settings.profile)},
          {"seed", s.settings.seed},
          {"all", s.all},
          {"seconds", s.seconds},
          {"totals",
           {{"stores", s.outcomes.size()},
            {"killed", s.Count(Fate::kKilled)},
            {"killed_by_other", s.Count(Fate::kKilledByOther)},
            {"survived", s.Count(Fate::kSurvived)},
            {"crashed", s.Count(Fate::kCrashed)},
            {"collateral", s.TotalCollateral()},
            {"median_collateral", s.MedianCollateral()},
            {"median_seconds", s.MedianSeconds()},
            {"worst_seconds", s.WorstSeconds()}}},
          {"stores", std::move(stores)}};
}

void WriteReports(const std::string& directory, const Selftest& selftest) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw std::runtime_error("cannot make the report directory " + directory + ": " + error.message());
  const std::filesystem::path path(directory);
  conformance::WriteFile(path / "selftest.json", ToJson(selftest).dump(2) + "\n");
  conformance::WriteFile(path / "selftest.html", Page(selftest));
  if (std::filesystem::exists(path / "report.json")) conformance::WriteIndex(directory);
}

}  // namespace aether::selftest
