// What CI servers get: the summary, the badge, annotations, and the comparison of two runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "badge.h"
#include "compare.h"
#include "github.h"
#include "report_support.h"
#include "summary.h"
#include "tally.h"

namespace aether::conformance {
namespace {

using nlohmann::json;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Every rule passes, but for those that are told.
json Whole(const std::string& name, const std::vector<RuleResult>& others = {}) {
  std::vector<RuleResult> results;
  for (const Rule& rule : AllRules()) {
    results.push_back(Came(std::string(rule.id), Verdict::kPassed));
    for (const RuleResult& other : others) {
      if (other.id == rule.id) results.back() = other;
    }
  }
  return StoreWith(name, results);
}

RuleResult Failed(const std::string& id) { return Came(id, Verdict::kFailed, "it broke"); }

json Known(json store, const std::string& id, const std::string& reason) {
  for (json& rule : store["rules"]) {
    if (rule["id"] == id) rule["known_failure"] = reason;
  }
  return store;
}

// ---- badge

std::string BadgeTitle(const std::vector<json>& stores) {
  const std::string svg = Badge(ReportOf(stores));
  const std::size_t from = svg.find("<title>") + 7;
  return svg.substr(from, svg.find("</title>") - from);
}

TEST(BadgeTest, OneStoreIsToldInNumbers) {
  const std::string all = std::to_string(AllRules().size());
  EXPECT_EQ(BadgeTitle({Whole("a")}), "aether: conforms " + all + "/" + all);
  EXPECT_EQ(BadgeTitle({Whole("a", {Failed("IMM-01")})}), "aether: 1 rule fails");
  EXPECT_EQ(BadgeTitle({Whole("a", {Failed("IMM-01"), Failed("IMM-02")})}), "aether: 2 rules fail");
  EXPECT_EQ(BadgeTitle({Whole("a", {Came("IMM-01", Verdict::kErrored, "died")})}),
            "aether: 1 rule undecided");
  EXPECT_EQ(BadgeTitle({StoreWith("a", {Came("IMM-01", Verdict::kPassed)})}), "aether: selected rules 1/1");
  EXPECT_EQ(BadgeTitle({StoreWith("a", {Came("NS-01", Verdict::kNotOffered, "x")})}),
            "aether: nothing tried");
  EXPECT_THAT(BadgeTitle({Known(Whole("a", {Failed("IMM-01")}), "IMM-01", "why")}),
              EndsWith(", 1 known failure"));
}

TEST(BadgeTest, SeveralStoresHaveOneBadgeForTheWorst) {
  EXPECT_EQ(BadgeTitle({Whole("a"), Whole("b")}), "aether: all 2 stores conform");
  EXPECT_EQ(BadgeTitle({Whole("a"), Whole("b", {Failed("IMM-01")})}),
            "aether: 1 of 2 stores does not conform");
}

TEST(BadgeTest, StoreWithoutAReportConformsToNothing) {
  json report = ReportOf({Whole("a")});
  report["run"]["without_report"] = {"b"};
  EXPECT_THAT(Badge(report), HasSubstr("1 of 2 stores is undecided"));
}

// ---- summary

TEST(SummaryTest, HasTheVerdictTheAreasAndWhatDidNotPass) {
  RuleResult failed = Failed("IMM-04");
  failed.counterexample = {"   1  h1  SaveEvent ```  ->  ok"};
  const std::string text = Summary(ReportOf({Whole("my_store", {failed}), Whole("other")}));
  EXPECT_THAT(text, StartsWith("## Conformance: 1 of 2 stores does not conform\n"));
  EXPECT_THAT(
      text,
      HasSubstr("| Area | my\\_store | other |\n|---|---|---|\n| IMM Immutability | 7/8 1 FAILED | 8/8 |"));
  EXPECT_THAT(text, HasSubstr("<summary><b>failed</b> IMM-04 (MUST) of my\\_store: "));
  EXPECT_THAT(text, HasSubstr("````text\nmessage: it broke\n   1  h1  SaveEvent ```  ->  ok\n````\n"));
  EXPECT_THAT(text, HasSubstr("./kit check my_store --rules IMM-04 --seed 1 --profile standard"));
}

TEST(SummaryTest, TellsOfManyFailuresTheRestById) {
  std::vector<RuleResult> failed;
  for (const Rule& rule : AllRules()) failed.push_back(Failed(std::string(rule.id)));
  const std::string text = Summary(ReportOf({Whole("a", failed)}));
  EXPECT_THAT(text, HasSubstr("Also, as the report tells: "));
  EXPECT_THAT(text, HasSubstr(", SRV-07 of a (failed), API-04 of a (failed, not strict), "));
}

TEST(SummaryTest, EscapesWhatPeopleWrote) {
  const std::string text =
      Summary(ReportOf({Known(Whole("a", {Failed("IMM-01")}), "IMM-01", "see <b> | *now*\n# head")}));
  EXPECT_THAT(text, HasSubstr("see &lt;b&gt; \\| \\*now\\* \\# head"));
  EXPECT_EQ(MarkdownEscaped("[a](b) @you `c`"), "\\[a\\](b) \\@you \\`c\\`");
}

TEST(SummaryTest, TellsWhatIsNotOffered) {
  EXPECT_THAT(
      Summary(ReportOf({Whole("a", {Came("NS-01", Verdict::kNotOffered, "needs the capability \"x\"")})})),
      HasSubstr("a: 1 rule is not offered, and not counted as passed. NS-01 needs the capability \"x\"."));
}

// ---- GitHub

TEST(GithubTest, ErrorsAreWhatFailsTheRunAndWarningsTheRest) {
  const json store = Known(Whole("a", {Failed("IMM-01"), Failed("API-04"), Failed("VER-01"),
                                       Came("VER-02", Verdict::kInconclusive, "out of time"),
                                       Came("NS-01", Verdict::kNotOffered, "x")}),
                           "VER-01", "issue 12");
  const std::string lines = Annotations(ReportOf({store}));
  EXPECT_THAT(lines, HasSubstr("::error title=IMM-01 failed%3A a::A saved event reads back"));
  EXPECT_THAT(lines, HasSubstr("::error title=VER-02 inconclusive%3A a::"));
  EXPECT_THAT(lines, HasSubstr("::warning title=API-04 failed%3A a::"));
  EXPECT_THAT(lines, HasSubstr("::warning title=VER-01 known failure%3A a::"));
  EXPECT_THAT(lines, HasSubstr("%0Alisted: issue 12"));
  EXPECT_THAT(lines, Not(HasSubstr("NS-01")));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 4);
}

TEST(GithubTest, LinesAndSignsOfAMessageAreEscaped) {
  const auto report =
      ReportOf({StoreWith("a,b:c", {Came("IMM-01", Verdict::kFailed, "100 %\r\n::error::x")})});
  EXPECT_THAT(Annotations(report), HasSubstr("title=IMM-01 failed%3A a%2Cb%3Ac::"));
  EXPECT_THAT(Annotations(report), HasSubstr("%0A100 %25%0D%0A::error::x%0A"));
}

TEST(GithubTest, RunInWhichAllPassesHasNone) {
  EXPECT_THAT(Annotations(ReportOf({Whole("a")})), IsEmpty());
}

// ---- comparing

Comparison Between(const json& before, const json& after) {
  return Compare(ReportOf({before}), ReportOf({after}));
}

TEST(CompareTest, SameRunIsNotWorse) {
  const auto same = Between(Whole("a"), Whole("a"));
  EXPECT_FALSE(same.worse);
  EXPECT_THAT(same.text, EndsWith("nothing got worse\n"));
}

TEST(CompareTest, RuleThatPassedAndDoesNotIsWorse) {
  for (const auto& [verdict, heading] :
       {std::pair(Verdict::kFailed, "WORSE: newly failing\n"),
        std::pair(Verdict::kNotOffered, "WORSE: no longer offered\n"),
        std::pair(Verdict::kInconclusive, "WORSE: without a verdict now\n"),
        std::pair(Verdict::kErrored, "WORSE: without a verdict now\n")}) {
    const auto found = Between(Whole("a"), Whole("a", {Came("IMM-04", verdict, "because")}));
    EXPECT_TRUE(found.worse) << heading;
    EXPECT_THAT(found.text, StartsWith(heading));
    EXPECT_THAT(found.text, HasSubstr("IMM-04 (MUST)  a  passed -> "));
    EXPECT_THAT(found.text, HasSubstr("(because)"));
    EXPECT_THAT(found.text, EndsWith("something got worse\n"));
  }
}

TEST(CompareTest, RuleThatFailsForTheFirstTimeIsWorseWhateverItDidBefore) {
  const json before = Whole("a", {Came("NS-01", Verdict::kNotOffered, "x")});
  EXPECT_TRUE(Between(before, Whole("a", {Failed("NS-01")})).worse);
}

TEST(CompareTest, FailureThatStaysOrIsMendedOrIsListedIsNotWorse) {
  const json failed = Whole("a", {Failed("IMM-04")});
  EXPECT_FALSE(Between(failed, failed).worse);
  const auto fixed = Between(failed, Whole("a"));
  EXPECT_FALSE(fixed.worse);
  EXPECT_THAT(fixed.text, HasSubstr("fixed\n  IMM-04 (MUST)  a  failed -> passed"));
  const auto listed = Between(Whole("a"), Known(failed, "IMM-04", "issue 12"));
  EXPECT_FALSE(listed.worse);
  EXPECT_THAT(listed.text, HasSubstr("newly failing, and listed as known failures\n  IMM-04"));
}

TEST(CompareTest, RuleThatIsGoneIsWorseUnlessTheSpecificationIsAnother) {
  const json whole = Whole("a");
  json part = whole;
  part["rules"].erase(0);
  EXPECT_TRUE(Between(whole, part).worse);
  EXPECT_FALSE(Between(part, whole).worse);
  EXPECT_THAT(Between(part, whole).text, HasSubstr("not there before\n  IMM-01"));
  part["spec_version"] = "2.0.0";
  const auto other = Between(whole, part);
  EXPECT_FALSE(other.worse);
  EXPECT_THAT(other.text, HasSubstr("no longer there\n  IMM-01"));
  EXPECT_THAT(other.text, HasSubstr("a  spec_version 1.0.0 -> 2.0.0"));
}

TEST(CompareTest, StoreThatIsGoneIsWorseAndANewOneIsNot) {
  const json both = ReportOf({Whole("a"), Whole("b")});
  EXPECT_TRUE(Compare(both, ReportOf({Whole("a")})).worse);
  EXPECT_FALSE(Compare(ReportOf({Whole("a")}), both).worse);
}

TEST(CompareTest, CasesSeedsAndTimesAreToldOnly) {
  json before = Whole("a");
  json after = before;
  before["rules"][0]["cases"] = 100;
  after["seed"] = 7;
  after["rules"][1]["seconds"] = 60.0;
  const auto found = Between(before, after);
  EXPECT_FALSE(found.worse);
  EXPECT_THAT(found.text, HasSubstr("fewer cases\n  IMM-01  a  100 -> 10\n"));
  EXPECT_THAT(found.text, HasSubstr("a  seed 1 -> 7\n"));
  EXPECT_THAT(found.text, HasSubstr("IMM-02  a  0 ms -> 60.0 s\n"));
}

std::string Refusal(const std::string& text) {
  const std::string file = testing::TempDir() + "compare_test.json";
  std::ofstream(file) << text;
  try {
    ReadReport(file);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(CompareTest, FileThatIsNoReportIsRefusedWithThePlace) {
  EXPECT_THAT(Refusal("{"), HasSubstr("compare_test.json: is no JSON: "));
  EXPECT_THAT(Refusal("[]"), HasSubstr("is no report of this kit: report: is no object"));
  EXPECT_THAT(Refusal("{}"), HasSubstr("report.stores: is missing"));
  json report = ReportOf({Whole("a")});
  EXPECT_THAT(Refusal(report.dump()), IsEmpty());
  json& rule = report["stores"][0]["rules"][3];
  rule["verdict"] = "good";
  EXPECT_THAT(Refusal(report.dump()),
              HasSubstr("report.stores[0].rules[3].verdict: is \"good\", which is no verdict"));
  rule.erase("verdict");
  EXPECT_THAT(Refusal(report.dump()), HasSubstr("report.stores[0].rules[3].verdict: is missing"));
  rule["verdict"] = "passed";
  rule["cases"] = "many";
  EXPECT_THAT(Refusal(report.dump()), HasSubstr("rules[3].cases: is string, not number"));
  rule["cases"] = 1;
  rule["id"] = "IMM-01";
  EXPECT_THAT(Refusal(report.dump()), HasSubstr("rules[3].id: \"IMM-01\" is there twice"));
}

}  // namespace
}  // namespace aether::conformance
