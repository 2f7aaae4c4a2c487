// The report of a run as data, and its files.

#include "report.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "aether/rules.h"
#include "badge.h"
#include "junit.h"
#include "report_page.h"
#include "summary.h"

namespace aether::conformance {

namespace {

constexpr const char* kVerdictNames[] = {"passed", "failed", "not_offered", "inconclusive", "errored"};

Verdict VerdictFrom(const std::string& name) {
  for (int i = 0; i < 5; ++i) {
    if (name == kVerdictNames[i]) return static_cast<Verdict>(i);
  }
  return Verdict::kErrored;
}

}  // namespace

std::string Printable(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::size_t length = 1;
    while (length <= 4 && i + length <= text.size() && !IsValidUtf8(text.substr(i, length))) ++length;
    if (length <= 4 && i + length <= text.size()) {
      out += text.substr(i, length);
      i += length - 1;
    } else {
      out += "\uFFFD";
    }
  }
  return out;
}

void WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path.string() + ": check the directory and free space");
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  // A directory can be opened, and has nothing to read.
  if (!file || std::filesystem::is_directory(path))
    throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string_view VerdictName(Verdict verdict) { return kVerdictNames[static_cast<int>(verdict)]; }

std::string_view ProfileName(Profile profile) {
  constexpr const char* kNames[] = {"quick", "standard", "thorough", "soak"};
  return kNames[static_cast<int>(profile)];
}

std::string ReplayCommand(const StoreReport& report, const std::string& rule_id) {
  std::string waits;
  if (report.settings.patience != Settings().patience) {
    waits = " --patience " + std::to_string(report.settings.patience.count() / 1000);
  }
  if (report.call_limit != kDefaultCallLimit) {
    waits += " --call-limit " + std::to_string(report.call_limit.count());
  }
  return report.replay + " --rules " + rule_id + " --seed " + std::to_string(report.settings.seed) +
         " --profile " + std::string(ProfileName(report.settings.profile)) + waits;
}

nlohmann::json ToJson(const RuleResult& result) {
  nlohmann::json lines = nlohmann::json::array();
  for (const std::string& line : result.counterexample) lines.push_back(Printable(line));
  nlohmann::json json = {{"id", result.id},
                         {"verdict", VerdictName(result.verdict)},
                         {"seconds", result.seconds},
                         {"cases", result.cases},
                         {"message", Printable(result.message)},
                         {"expected", Printable(result.expected)},
                         {"actual", Printable(result.actual)},
                         {"counterexample", std::move(lines)}};
  for (const Figure& figure : result.figures) {
    json["figures"].push_back({{"name", figure.name}, {"value", figure.value}, {"unit", figure.unit}});
  }
  if (!result.picture.empty()) json["picture"] = Printable(result.picture);
  for (const TimelineCall& call : result.timeline) {
    json["timeline"].push_back({{"number", call.number},
                                {"until", call.until},
                                {"lane", Printable(call.lane)},
                                {"call", Printable(call.call)},
                                {"answer", Printable(call.answer)}});
  }
  return json;
}

RuleResult RuleResultFromJson(const nlohmann::json& json) {
  RuleResult result;
  result.id = json.at("id");
  result.verdict = VerdictFrom(json.at("verdict"));
  result.seconds = json.at("seconds");
  result.cases = json.at("cases");
  result.message = json.at("message");
  result.expected = json.at("expected");
  result.actual = json.at("actual");
  result.counterexample = json.at("counterexample").get<std::vector<std::string>>();
  for (const auto& figure : json.value("figures", nlohmann::json::array())) {
    result.figures.push_back({figure.at("name"), figure.at("value"), figure.at("unit")});
  }
  result.picture = json.value("picture", "");
  for (const auto& call : json.value("timeline", nlohmann::json::array())) {
    result.timeline.push_back({.number = call.at("number"),
                               .until = call.at("until"),
                               .lane = call.at("lane"),
                               .call = call.at("call"),
                               .answer = call.at("answer")});
  }
  return result;
}

nlohmann::json ToJson(const Capabilities& capabilities) {
  nlohmann::json json;
  for (const CapabilityName& known : kCapabilities)
    json[std::string(known.name)] = capabilities.*known.offered;
  return json;
}

Capabilities CapabilitiesFromJson(const nlohmann::json& json) {
  Capabilities capabilities;
  for (const CapabilityName& known : kCapabilities) {
    capabilities.*known.offered = json.at(std::string(known.name)).get<bool>();
  }
  return capabilities;
}

namespace {

// What is wrong with an entry for a rule that came to `verdict`; nothing if it failed, or has no verdict.
std::string Stale(const StoreReport& report, const std::string& rule_id, Verdict verdict) {
  std::string did;
  if (verdict == Verdict::kPassed) did = "passes";
  if (verdict == Verdict::kNotOffered) did = "is not offered, so that it cannot fail";
  if (did.empty()) return "";
  return rule_id + " is listed as a known failure and " + did + ": remove it from " +
         report.known_failures.file();
}

}  // namespace

nlohmann::json ToJson(const StoreReport& report) {
  nlohmann::json rules = nlohmann::json::array();
  std::map<std::string, int> totals;
  for (const char* name : kVerdictNames) totals[name] = 0;
  totals["known_failures"] = 0;
  for (const RuleResult& result : report.rules) {
    nlohmann::json rule = ToJson(result);
    const Rule* known = FindRule(result.id);
    rule["level"] = known->level;
    rule["area"] = known->area;
    rule["title"] = known->title;
    rule["hint"] = known->hint;
    rule["replay"] = ReplayCommand(report, result.id);
    ++totals[std::string(VerdictName(result.verdict))];
    if (const KnownFailure* listed = report.known_failures.Find(report.store, result.id)) {
      rule["known_failure"] = listed->reason;
      if (result.verdict == Verdict::kFailed) ++totals["known_failures"];
      const std::string stale = Stale(report, result.id, result.verdict);
      if (!stale.empty()) rule["stale_entry"] = Printable(stale);
    }
    rules.push_back(std::move(rule));
  }
  nlohmann::json json = {{"store", report.store},
                         {"kit_version", AETHER_KIT_VERSION},
                         {"spec_version", SpecVersion()},
                         {"seed", report.settings.seed},
                         {"profile", ProfileName(report.settings.profile)},
                         {"capabilities", ToJson(report.offered)},
                         {"seconds", report.seconds},
                         {"rules", std::move(rules)},
                         {"totals", totals}};
  if (!report.about.empty()) json["about"] = Printable(report.about);
  return json;
}

Standing StandingOf(const nlohmann::json& rule, bool strict) {
  const bool listed = rule.contains("known_failure");
  const std::string verdict = rule["verdict"];
  if (rule.contains("stale_entry")) return Standing::kFails;
  if (verdict == "passed") return Standing::kPasses;
  if (verdict == "not_offered") return Standing::kNotOffered;
  if (verdict == "failed" && listed) return Standing::kKnown;
  // Whether a listed rule still fails is asked for, whatever its level.
  if (rule["level"] != "MUST" && !strict && !listed) return Standing::kTolerated;
  return verdict == "failed" ? Standing::kFails : Standing::kUnclear;
}

int ExitCode(const nlohmann::json& stores, bool strict) {
  bool failed = false;
  bool unclear = false;
  bool tried = false;
  for (const auto& store : stores) {
    for (const auto& rule : store["rules"]) {
      const Standing standing = StandingOf(rule, strict);
      tried = tried || standing != Standing::kNotOffered;
      failed = failed || standing == Standing::kFails;
      unclear = unclear || standing == Standing::kUnclear;
    }
  }
  return failed ? 1 : unclear || !tried ? 2 : 0;
}

void WriteReports(const std::string& directory, const nlohmann::json& report) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw std::runtime_error("cannot make the report directory " + directory + ": " + error.message());
  const std::filesystem::path path(directory);
  WriteFile(path / "report.json",
            report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  WriteFile(path / "junit.xml", JUnit(report["stores"], report["run"]["strict"]));
  WriteFile(path / "summary.md", Summary(report));
  WriteFile(path / "badge.svg", Badge(report));
  WriteIndex(directory);
}

void WriteIndex(const std::string& directory) {
  const std::filesystem::path path(directory);
  const auto read = [&](const char* name) {
    try {
      return nlohmann::json::parse(ReadFile(path / name));
    } catch (const nlohmann::json::exception& exception) {
      throw std::runtime_error((path / name).string() + " is no JSON: " + exception.what() +
                               "; remove it, or write it anew");
    }
  };
  const nlohmann::json report = read("report.json");
  nlohmann::json selftest;
  if (std::filesystem::exists(path / "selftest.json")) selftest = read("selftest.json");
  std::string page;
  try {
    page = ReportPage(report, selftest);
  } catch (const nlohmann::json::exception& exception) {
    throw std::runtime_error(directory + ": report.json or selftest.json is not as this kit writes it: " +
                             exception.what() + "; remove them, or write them anew");
  }
  WriteFile(path / "index.html", page);
}

}  // namespace aether::conformance
