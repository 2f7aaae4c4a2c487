// What changed between two runs.

#include "compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <vector>

#include "report.h"
#include "tally.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

// ---- reading

[[noreturn]] void Refuse(const std::string& place, const std::string& what) {
  throw std::runtime_error(place + ": " + what);
}

const json& Member(const json& object, const char* key, const std::string& place, json::value_t type) {
  if (!object.is_object()) Refuse(place, "is no object");
  const auto found = object.find(key);
  if (found == object.end()) Refuse(place + "." + key, "is missing");
  const bool number = type == json::value_t::number_float && found->is_number();
  if (!number && found->type() != type)
    Refuse(place + "." + key, std::string("is ") + found->type_name() + ", not " + json(type).type_name());
  return *found;
}

void CheckRule(const json& rule, const std::string& place) {
  for (const char* key : {"id", "level", "title", "verdict", "message"}) {
    Member(rule, key, place, json::value_t::string);
  }
  Member(rule, "seconds", place, json::value_t::number_float);
  Member(rule, "cases", place, json::value_t::number_float);
  const std::string verdict = rule["verdict"];
  const std::set<std::string> known = {"passed", "failed", "not_offered", "inconclusive", "errored"};
  if (!known.contains(verdict)) Refuse(place + ".verdict", "is \"" + verdict + "\", which is no verdict");
}

void CheckStore(const json& store, const std::string& place) {
  for (const char* key : {"store", "kit_version", "spec_version", "profile"}) {
    Member(store, key, place, json::value_t::string);
  }
  for (const char* key : {"seed", "seconds"}) Member(store, key, place, json::value_t::number_float);
  const json& rules = Member(store, "rules", place, json::value_t::array);
  std::set<std::string> ids;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string rule = place + ".rules[" + std::to_string(i) + "]";
    CheckRule(rules[i], rule);
    if (!ids.insert(rules[i]["id"]).second) Refuse(rule + ".id", rules[i]["id"].dump() + " is there twice");
  }
}

// ---- comparing

const json* Find(const json& list, const char* key, const std::string& value) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const json& element) { return element[key] == value; });
  return found == list.end() ? nullptr : &*found;
}

std::string Words(const json& rule) {
  const std::string verdict = rule["verdict"];
  return verdict == "not_offered" ? "not offered" : verdict;
}

// Lists of lines, each under a heading.
class Findings {
 public:
  void Add(const std::string& heading, const std::string& line) {
    if (!lines_.contains(heading)) order_.push_back(heading);
    lines_[heading].push_back(line);
  }

  void AddWorse(const std::string& heading, const std::string& line) {
    worse_ = true;
    Add("WORSE: " + heading, line);
  }

  bool worse() const { return worse_; }

  std::string Text() const {
    std::string text;
    for (const bool bad : {true, false}) {
      for (const std::string& heading : order_) {
        if (heading.starts_with("WORSE") != bad) continue;
        text += heading + "\n";
        for (const std::string& line : lines_.at(heading)) text += "  " + line + "\n";
      }
    }
    return text;
  }

 private:
  bool worse_ = false;
  std::vector<std::string> order_;
  std::map<std::string, std::vector<std::string>> lines_;
};

std::string Line(const std::string& store, const json& rule, const std::string& change) {
  return rule["id"].get<std::string>() + " (" + rule["level"].get<std::string>() + ")  " + store + "  " +
         change + "  " + rule["title"].get<std::string>();
}

void CompareRule(const std::string& store, const json& before, const json& after, Findings* findings) {
  const std::string was = before["verdict"];
  const std::string is = after["verdict"];
  if (was == is) return;
  const std::string line = Line(store, after, Words(before) + " -> " + Words(after));
  if (is == "failed" && after.contains("known_failure")) {
    findings->Add("newly failing, and listed as known failures",
                  line + "  (" + after["known_failure"].get<std::string>() + ")");
  } else if (is == "failed") {
    findings->AddWorse("newly failing", line + "  (" + after["message"].get<std::string>() + ")");
  } else if (was == "passed") {
    findings->AddWorse(is == "not_offered" ? "no longer offered" : "without a verdict now",
                       line + "  (" + after["message"].get<std::string>() + ")");
  } else if (is == "passed") {
    findings->Add(was == "failed" ? "fixed" : "newly passing", line);
  } else {
    findings->Add("changed", line);
  }
}

// Fewer cases say less, also where they pass.
void CompareCases(const std::string& store, const json& before, const json& after, Findings* findings) {
  if (before["verdict"] != "passed" || after["verdict"] != "passed") return;
  if (after["cases"].get<long>() >= before["cases"].get<long>()) return;
  findings->Add("fewer cases", after["id"].get<std::string>() + "  " + store + "  " +
                                   before["cases"].dump() + " -> " + after["cases"].dump());
}

void CompareSettings(const std::string& store, const json& before, const json& after, Findings* findings) {
  for (const char* key : {"seed", "profile", "kit_version", "spec_version"}) {
    if (before[key] == after[key]) continue;
    const auto words = [&](const json& value) {
      return value.is_string() ? value.get<std::string>() : value.dump();
    };
    findings->Add("run otherwise",
                  store + "  " + key + " " + words(before[key]) + " -> " + words(after[key]));
  }
}

// What took much longer or shorter: it is told, since it may be why people look, and decides nothing.
void CompareTimes(const std::string& store, const json& before, const json& after, Findings* findings) {
  constexpr std::size_t kShown = 5;
  constexpr double kSeconds = 0.5;
  findings->Add("time (decides nothing)",
                store + "  " + Duration(before["seconds"]) + " -> " + Duration(after["seconds"]));
  std::vector<std::pair<double, std::string>> changed;
  for (const auto& rule : after["rules"]) {
    const json* const old = Find(before["rules"], "id", rule["id"]);
    if (old == nullptr) continue;
    const double was = (*old)["seconds"];
    const double is = rule["seconds"];
    if (std::abs(is - was) < kSeconds || std::max(is, was) < 2 * std::min(is, was)) continue;
    changed.push_back({-std::abs(is - was), rule["id"].get<std::string>() + "  " + store + "  " +
                                                Duration(was) + " -> " + Duration(is)});
  }
  std::sort(changed.begin(), changed.end());
  for (std::size_t i = 0; i < std::min(changed.size(), kShown); ++i) {
    findings->Add("time (decides nothing)", changed[i].second);
  }
}

void CompareStore(const json& before, const json& after, Findings* findings) {
  const std::string store = after["store"];
  const bool same_specification = before["spec_version"] == after["spec_version"];
  const bool same_profile = before["profile"] == after["profile"];
  CompareSettings(store, before, after, findings);
  for (const auto& old : before["rules"]) {
    const json* const rule = Find(after["rules"], "id", old["id"]);
    if (rule != nullptr) {
      CompareRule(store, old, *rule, findings);
      if (same_profile) CompareCases(store, old, *rule, findings);
    } else if (same_specification && old["verdict"] == "passed") {
      findings->AddWorse("no longer tried", Line(store, old, "passed -> absent"));
    } else {
      findings->Add("no longer there", Line(store, old, Words(old) + " -> absent"));
    }
  }
  for (const auto& rule : after["rules"]) {
    if (Find(before["rules"], "id", rule["id"]) == nullptr)
      findings->Add("not there before", Line(store, rule, "absent -> " + Words(rule)));
  }
  CompareTimes(store, before, after, findings);
}

}  // namespace

json ReadReport(const std::string& file) {
  json report;
  try {
    report = json::parse(ReadFile(file));
  } catch (const json::exception& exception) {
    Refuse(file, std::string("is no JSON: ") + exception.what());
  }
  try {
    const json& stores = Member(report, "stores", "report", json::value_t::array);
    std::set<std::string> names;
    for (std::size_t i = 0; i < stores.size(); ++i) {
      const std::string place = "report.stores[" + std::to_string(i) + "]";
      CheckStore(stores[i], place);
      if (!names.insert(stores[i]["store"]).second)
        Refuse(place + ".store", stores[i]["store"].dump() + " is there twice");
    }
  } catch (const std::runtime_error& error) {
    Refuse(file, std::string("is no report of this kit: ") + error.what());
  }
  return report;
}

Comparison Compare(const json& before, const json& after) {
  Findings findings;
  for (const auto& old : before["stores"]) {
    const json* const store = Find(after["stores"], "store", old["store"]);
    if (store == nullptr) {
      findings.AddWorse("no longer tried", "the store " + old["store"].get<std::string>());
    } else {
      CompareStore(old, *store, &findings);
    }
  }
  for (const auto& store : after["stores"]) {
    if (Find(before["stores"], "store", store["store"]) == nullptr)
      findings.Add("not there before", "the store " + store["store"].get<std::string>());
  }
  return {findings.worse(),
          findings.Text() + (findings.worse() ? "something got worse\n" : "nothing got worse\n")};
}

}  // namespace aether::conformance
