// JUnit XML.

#include "junit.h"

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "common/markup.h"
#include "report.h"

namespace aether::conformance {

namespace {

using nlohmann::json;

std::string Seconds(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3f", seconds);
  return text;
}

std::string Attribute(const char* name, const std::string& value) {
  return std::string(" ") + name + "=\"" + MarkupEscaped(value) + "\"";
}

struct Told {
  std::string element;  // failure, error, skipped; empty: the rule passed
  std::string message;
};

Told Tell(const json& rule, bool strict) {
  const std::string verdict = rule["verdict"];
  const std::string message = rule["message"];
  switch (StandingOf(rule, strict)) {
    case Standing::kPasses:
      return {};
    case Standing::kNotOffered:
      return {"skipped", message};
    case Standing::kKnown:
      return {"skipped", "known failure: " + rule["known_failure"].get<std::string>()};
    case Standing::kTolerated:
      return {"skipped", "SHOULD rule " + verdict + " (not strict): " + message};
    case Standing::kFails:
      return {"failure", rule.value("stale_entry", message)};
    case Standing::kUnclear:
      return {"error", message};
  }
  return {"error", message};
}

// What a person needs to know of a rule that was tried and did not pass.
std::string Body(const json& rule) {
  std::string body;
  for (const char* part : {"message", "expected", "actual", "hint"}) {
    const std::string text = rule[part];
    if (!text.empty()) body += std::string(part) + ": " + text + "\n";
  }
  for (const auto& line : rule["counterexample"]) body += line.get<std::string>() + "\n";
  return body + "replay: " + rule["replay"].get<std::string>() + "\n";
}

std::string TestCase(const std::string& store, const json& rule, const Told& told) {
  std::string xml = "    <testcase";
  xml += Attribute("classname", store + "." + rule["area"].get<std::string>());
  xml += Attribute("name", rule["id"].get<std::string>() + " " + rule["title"].get<std::string>());
  xml += Attribute("time", Seconds(rule["seconds"]));
  if (told.element.empty()) return xml + "/>\n";
  xml += "><" + told.element + Attribute("message", told.message);
  const std::string verdict = rule["verdict"];
  if (verdict == "passed" || verdict == "not_offered") {
    xml += "/>";
  } else {
    xml += ">" + MarkupEscaped(Body(rule)) + "</" + told.element + ">";
  }
  return xml + "</testcase>\n";
}

}  // namespace

std::string JUnit(const json& stores, bool strict) {
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& store : stores) {
    const std::string name = store["store"];
    std::map<std::string, int> count;
    std::string cases;
    for (const auto& rule : store["rules"]) {
      const Told told = Tell(rule, strict);
      ++count[told.element];
      cases += TestCase(name, rule, told);
    }
    xml += "  <testsuite" + Attribute("name", name) +
           Attribute("tests", std::to_string(store["rules"].size())) +
           Attribute("failures", std::to_string(count["failure"])) +
           Attribute("errors", std::to_string(count["error"])) +
           Attribute("skipped", std::to_string(count["skipped"])) +
           Attribute("time", Seconds(store["seconds"])) + ">\n" + cases + "  </testsuite>\n";
  }
  return xml + "</testsuites>\n";
}

}  // namespace aether::conformance
