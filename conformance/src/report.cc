// The report of a run.

#include "report.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "aether/rules.h"

namespace aether::conformance {

namespace {

constexpr const char* kVerdictNames[] = {"passed", "failed", "not_offered", "inconclusive", "errored"};

Verdict VerdictFrom(const std::string& name) {
  for (int i = 0; i < 5; ++i) {
    if (name == kVerdictNames[i]) return static_cast<Verdict>(i);
  }
  return Verdict::kErrored;
}

// Text for JSON: a store's message may hold any bytes.
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

std::string XmlEscaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      default:
        // XML 1.0 cannot hold the other control characters at all.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? '?' : c;
    }
  }
  // Valid in Unicode, and still not in XML 1.0.
  for (const char* bad : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"}) {
    for (std::size_t at = 0; (at = out.find(bad, at)) != std::string::npos;) out.replace(at, 3, "\uFFFD");
  }
  return out;
}

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string JUnit(const nlohmann::json& stores) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& store : stores) {
    const auto& totals = store["totals"];
    const int errors = totals["errored"].get<int>() + totals["inconclusive"].get<int>();
    xml += "  <testsuite name=\"" + XmlEscaped(store["store"]) + "\" tests=\"" +
           std::to_string(store["rules"].size()) + "\" failures=\"" + totals["failed"].dump() +
           "\" errors=\"" + std::to_string(errors) + "\" skipped=\"" + totals["not_offered"].dump() +
           "\" time=\"" + Seconds(store["seconds"]) + "\">\n";
    for (const auto& rule : store["rules"]) {
      const std::string verdict = rule["verdict"];
      xml += "    <testcase classname=\"" + XmlEscaped(store["store"]) + "." + XmlEscaped(rule["area"]) +
             "\" name=\"" +
             XmlEscaped(rule["id"].get<std::string>() + " " + rule["title"].get<std::string>()) +
             "\" time=\"" + Seconds(rule["seconds"]) + "\"";
      if (verdict == "passed") {
        xml += "/>\n";
        continue;
      }
      const std::string element = verdict == "failed"        ? "failure"
                                  : verdict == "not_offered" ? "skipped"
                                                             : "error";
      xml += "><" + element + " message=\"" + XmlEscaped(rule["message"]) + "\"";
      std::string body;
      for (const char* part : {"expected", "actual", "hint"}) {
        if (!rule[part].get<std::string>().empty())
          body += std::string(part) + ": " + rule[part].get<std::string>() + "\n";
      }
      for (const auto& line : rule["counterexample"]) body += line.get<std::string>() + "\n";
      if (verdict != "not_offered") body += "replay: " + rule["replay"].get<std::string>() + "\n";
      xml += element == "skipped" ? "/>" : ">" + XmlEscaped(body) + "</" + element + ">";
      xml += "</testcase>\n";
    }
    xml += "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

void WriteFile(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file)
    throw std::runtime_error("cannot write " + path.string() + ": check the directory and free space");
}

}  // namespace

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
  return report.replay + " --rules " + rule_id + " --seed " + std::to_string(report.settings.seed) +
         " --profile " + std::string(ProfileName(report.settings.profile)) + waits;
}

nlohmann::json ToJson(const RuleResult& result) {
  nlohmann::json lines = nlohmann::json::array();
  for (const std::string& line : result.counterexample) lines.push_back(Printable(line));
  return {{"id", result.id},
          {"verdict", VerdictName(result.verdict)},
          {"seconds", result.seconds},
          {"cases", result.cases},
          {"message", Printable(result.message)},
          {"expected", Printable(result.expected)},
          {"actual", Printable(result.actual)},
          {"counterexample", std::move(lines)}};
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
  return result;
}

nlohmann::json ToJson(const Capabilities& capabilities) {
  nlohmann::json json;
  for (const CapabilityName& known : kCapabilities) json[std::string(known.name)] = capabilities.*known.offered;
  return json;
}

Capabilities CapabilitiesFromJson(const nlohmann::json& json) {
  Capabilities capabilities;
  for (const CapabilityName& known : kCapabilities) {
    capabilities.*known.offered = json.at(std::string(known.name)).get<bool>();
  }
  return capabilities;
}

nlohmann::json ToJson(const StoreReport& report) {
  nlohmann::json rules = nlohmann::json::array();
  std::map<std::string, int> totals;
  for (const char* name : kVerdictNames) totals[name] = 0;
  for (const RuleResult& result : report.rules) {
    nlohmann::json rule = ToJson(result);
    const Rule* known = FindRule(result.id);
    rule["level"] = known->level;
    rule["area"] = known->area;
    rule["title"] = known->title;
    rule["hint"] = known->hint;
    rule["replay"] = ReplayCommand(report, result.id);
    ++totals[std::string(VerdictName(result.verdict))];
    rules.push_back(std::move(rule));
  }
  return {{"store", report.store},
          {"kit_version", AETHER_KIT_VERSION},
          {"spec_version", SpecVersion()},
          {"seed", report.settings.seed},
          {"profile", ProfileName(report.settings.profile)},
          {"capabilities", ToJson(report.offered)},
          {"seconds", report.seconds},
          {"rules", std::move(rules)},
          {"totals", totals}};
}

void WriteReports(const std::string& directory, const nlohmann::json& stores) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error)
    throw std::runtime_error("cannot make the report directory " + directory + ": " + error.message());
  WriteFile(
      std::filesystem::path(directory) / "report.json",
      nlohmann::json{{"stores", stores}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
          "\n");
  WriteFile(std::filesystem::path(directory) / "junit.xml", JUnit(stores));
}

std::string Explain(const StoreReport& report, const RuleResult& result) {
  const Rule* rule = FindRule(result.id);
  std::string verdict(VerdictName(result.verdict));
  std::transform(verdict.begin(), verdict.end(), verdict.begin(),
                 [](char c) { return c == '_' ? ' ' : std::toupper(c); });
  std::string text = verdict + "  " + result.id + " (" + std::string(rule->level) + ")  " +
                     std::string(rule->title) + "\n";
  const auto line = [&](const char* label, const std::string& value) {
    if (value.empty()) return;
    std::string indented = value;
    for (std::size_t at = 0; (at = indented.find('\n', at)) != std::string::npos; ++at) {
      indented.insert(at + 1, "             ");
    }
    char padded[16];
    std::snprintf(padded, sizeof padded, "  %-10s ", label);
    text += padded + indented + "\n";
  };
  line("store", report.store);
  line("what", result.message);
  line("expected", result.expected);
  line("actual", result.actual);
  if (!result.counterexample.empty()) {
    text += "  least case:\n";
    for (const std::string& call : result.counterexample) text += "    " + call + "\n";
  }
  if (result.verdict == Verdict::kFailed) line("check", std::string(rule->hint));
  line("replay", ReplayCommand(report, result.id));
  return text;
}

int ExitCode(const nlohmann::json& stores, bool strict) {
  bool failed = false;
  bool unclear = false;
  bool tried = false;
  for (const auto& store : stores) {
    for (const auto& rule : store["rules"]) {
      tried = tried || rule["verdict"] != "not_offered";
      if (rule["level"] != "MUST" && !strict) continue;
      failed = failed || rule["verdict"] == "failed";
      unclear = unclear || rule["verdict"] == "inconclusive" || rule["verdict"] == "errored";
    }
  }
  return failed ? 1 : unclear || !tried ? 2 : 0;
}

std::string Table(const nlohmann::json& stores) {
  // A cell tells how many rules of the area passed, of those offered, and what else there was.
  const auto cell = [](const nlohmann::json& store, std::string_view area) {
    std::map<std::string, int> count;
    int all = 0;
    for (const auto& rule : store["rules"]) {
      if (!area.empty() && rule["area"] != area) continue;
      ++count[rule["verdict"]];
      ++all;
    }
    if (all == 0) return std::string("-");
    const int offered = all - count["not_offered"];
    std::string text =
        offered == 0 ? "not offered" : std::to_string(count["passed"]) + "/" + std::to_string(offered);
    if (count["failed"] > 0) text += " " + std::to_string(count["failed"]) + " FAILED";
    if (count["errored"] > 0) text += " " + std::to_string(count["errored"]) + " ERRORED";
    if (count["inconclusive"] > 0) text += " " + std::to_string(count["inconclusive"]) + " UNCLEAR";
    if (offered > 0 && count["not_offered"] > 0)
      text += " (" + std::to_string(count["not_offered"]) + " not offered)";
    return text;
  };
  std::vector<std::vector<std::string>> rows = {{"area"}};
  for (const auto& store : stores) rows[0].push_back(store["store"]);
  std::vector<std::string_view> areas;
  for (const Rule& rule : AllRules()) {
    if (areas.empty() || areas.back() != rule.area) areas.push_back(rule.area);
  }
  for (const std::string_view area : areas) {
    std::vector<std::string> row = {std::string(area)};
    for (const auto& store : stores) row.push_back(cell(store, area));
    if (std::any_of(row.begin() + 1, row.end(), [](const std::string& text) { return text != "-"; }))
      rows.push_back(row);
  }
  rows.push_back({"all"});
  for (const auto& store : stores) rows.back().push_back(cell(store, ""));
  rows.push_back({"seconds"});
  for (const auto& store : stores) rows.back().push_back(Seconds(store["seconds"]));
  std::vector<std::size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace aether::conformance
