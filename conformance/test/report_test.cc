// What the page and JUnit make of results that no store here comes to.

#include "report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "common/command_line.h"
#include "junit.h"
#include "page_parts.h"
#include "report_page.h"
#include "report_support.h"
#include "rule_prose.h"
#include "timeline.h"

namespace aether::conformance {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

RuleResult FailedWithPicture() {
  RuleResult result = Came("CON-05", Verdict::kFailed, "two racers won <both>");
  result.counterexample = {"1  [racer 1]  SaveEvent \"a\"  ->  ok"};
  result.picture =
      "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>";
  return result;
}

RuleResult FailedWithTimeline() {
  RuleResult result = Came("CON-05", Verdict::kFailed, "two racers won");
  result.timeline = {{.number = 1, .until = 2, .lane = "racer 1", .call = "SaveEvent <1>", .answer = "ok"},
                     {.number = 2, .until = 2, .lane = "racer 2", .call = "SaveEvent", .answer = "ok"},
                     {.number = 40, .until = 40, .lane = "h1", .call = "GetEvents", .answer = ""}};
  result.counterexample = {"1", "2", "3"};
  return result;
}

std::string PageOf(const RuleResult& result) {
  return ReportPage(ReportOf({StoreWith("racy", {result})}), nullptr);
}

TEST(ReportTest, PictureAndTimelineGoThroughJson) {
  const RuleResult result = FailedWithPicture();
  EXPECT_EQ(RuleResultFromJson(ToJson(result)).picture, result.picture);
  const nlohmann::json timeline = ToJson(FailedWithTimeline());
  EXPECT_EQ(ToJson(RuleResultFromJson(timeline)), timeline);
  EXPECT_EQ(timeline["timeline"].size(), 3U);
}

TEST(ReportTest, ResultWithoutPictureOrTimelineHasNoKeyForOne) {
  RuleResult result = FailedWithPicture();
  result.picture.clear();
  EXPECT_FALSE(ToJson(result).contains("picture"));
  EXPECT_FALSE(ToJson(result).contains("timeline"));
  EXPECT_THAT(PageOf(result), Not(HasSubstr("<svg")));
}

TEST(ReportTest, FiguresGoThroughJsonAndAreToldOnThePageAndTheConsole) {
  RuleResult result = Came("SRV-01", Verdict::kPassed);
  EXPECT_FALSE(ToJson(result).contains("figures"));
  result.figures = {{"servers killed", 1204, ""}, {"worst time <without> a save", 0.25, "s"}};
  const nlohmann::json json = ToJson(result);
  EXPECT_EQ(ToJson(RuleResultFromJson(json)), json);
  EXPECT_THAT(PageOf(result), HasSubstr("servers killed 1,204; worst time &lt;without&gt; a save 0.25 s"));
  const auto stores = nlohmann::json::array({StoreWith("a", {result, Came("SRV-02", Verdict::kPassed)})});
  EXPECT_EQ(TriedLines(stores), "a SRV-01  servers killed 1,204; worst time <without> a save 0.25 s\n\n");
}

TEST(ReportTest, PageHoldsThePictureWithoutItsProlog) {
  const std::string page = PageOf(FailedWithPicture());
  EXPECT_THAT(page,
              HasSubstr("><svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg></figure>"));
  EXPECT_THAT(page, Not(HasSubstr("<?xml")));
}

TEST(ReportTest, PageDrawsALaneForEachCallerAndABarUntilTheAnswer) {
  const std::string page = PageOf(FailedWithTimeline());
  EXPECT_THAT(
      page,
      HasSubstr("<th scope=\"col\" class=\"lane\">h1</th><th scope=\"col\" class=\"lane\">racer 1</th>"
                "<th scope=\"col\" class=\"lane\">racer 2</th>"));
  EXPECT_THAT(page, HasSubstr("<i class=\"begins\"></i><span class=\"sr\">call 1</span>"));
  EXPECT_THAT(page, HasSubstr("<i class=\" ends\"></i><span class=\"sr\">call 1 goes on</span>"));
  EXPECT_THAT(page, HasSubstr("<i class=\"begins ends\"></i><span class=\"sr\">call 2</span>"));
  EXPECT_THAT(page, HasSubstr("<i class=\"begins open\"></i><span class=\"sr\">call 40</span>"));
  EXPECT_THAT(page, HasSubstr("37 calls left out"));
  EXPECT_THAT(page, HasSubstr("<em>no answer</em>"));
  EXPECT_THAT(page, HasSubstr("SaveEvent &lt;1&gt;"));
}

TEST(ReportTest, TimelineTellsWhichCallsOverlap) {
  using std::chrono::nanoseconds;
  using std::chrono::steady_clock;
  const auto at = [](int time) { return steady_clock::time_point(nanoseconds(time)); };
  Timeline timeline;
  timeline.Add({2, at(20), at(60), "h1  SaveEvent", "ok"});
  timeline.Add({0, at(10), at(20), "h2  GetEvents", "no events"});
  timeline.Add({1, at(30), at(40), "h1  SaveEvent", "ok"});
  timeline.Add({0, at(70), at(70), "h1  Close", ""});
  timeline.Add({0, at(80), at(90), "other process  SaveEvent", "ok"});
  std::vector<std::string> drawn;
  for (const TimelineCall& call : timeline.Drawn()) {
    drawn.push_back(std::to_string(call.number) + ".." + std::to_string(call.until) + " " + call.lane +
                    "|" + call.call + "|" + call.answer);
  }
  EXPECT_THAT(drawn, testing::ElementsAre("1..1 h2|GetEvents|no events", "2..3 racer 2|h1  SaveEvent|ok",
                                          "3..3 racer 1|h1  SaveEvent|ok", "4..5 h1|Close|",
                                          "5..5 other process|SaveEvent|ok"));
}

TEST(ReportTest, LongTimelineIsDrawnWithTheCallsThatItsTextHas) {
  Timeline timeline;
  for (int i = 0; i < 100; ++i) timeline.End(timeline.Begin("h1  GetEvents"), "no events");
  const auto drawn = timeline.Drawn();
  EXPECT_EQ(drawn.size() + 1, timeline.Lines().size());
  EXPECT_EQ(drawn[11].number, 12);
  EXPECT_EQ(drawn[12].number, 81);
  EXPECT_EQ(drawn.back().number, 100);
}

TEST(ReportTest, PageAndJUnitEscapeWhatAStoreSays) {
  const auto report = ReportOf({StoreWith("racy", {FailedWithPicture()})});
  for (const std::string& text : {ReportPage(report, nullptr), JUnit(report["stores"], false)}) {
    EXPECT_THAT(text, HasSubstr("two racers won &lt;both&gt;"));
    EXPECT_THAT(text, Not(HasSubstr("<both>")));
  }
}

TEST(ReportTest, PageTellsEveryRuleInWordsAndWhyItIsThere) {
  for (const Rule& rule : AllRules()) {
    const RuleProse& prose = ProseOf(rule.id);
    EXPECT_NE(prose.words, "") << rule.id;
    EXPECT_NE(prose.why, "") << rule.id;
    EXPECT_THAT(prose.file, ContainsRegex("^spec/[a-z-]+\\.md$")) << rule.id;
    EXPECT_NE(AreaName(rule.area), rule.area);
  }
  EXPECT_THAT(PageOf(Came("IMM-01", Verdict::kPassed)),
              HasSubstr("<b>Why:</b> the trail is worth nothing"));
}

TEST(ReportTest, ScriptsOnThePageCannotEndEarly) {
  EXPECT_EQ(kChartScript.find("</script"), std::string_view::npos);
  EXPECT_EQ(kReportScript.find("</script"), std::string_view::npos);
  EXPECT_THAT(std::string(kChartScript.substr(0, 200)), HasSubstr("Chart.js v3"));
}

TEST(ReportTest, PageOfARunWithoutAnyReportIsUndecided) {
  auto report = ReportOf({});
  report["run"]["without_report"] = {"broken"};
  EXPECT_THAT(ReportPage(report, nullptr), HasSubstr("The store is undecided"));
}

nlohmann::json SelftestOf(const std::string& verdict) {
  const nlohmann::json store = {{"name", "upserts"},
                                {"rule", "IMM-04"},
                                {"fault", "a <fault>"},
                                {"verdict", verdict},
                                {"killed_by", {"IMM-04", "CON-01"}}};
  return {{"all", true},
          {"profile", "quick"},
          {"seed", 1},
          {"kit_version", "1.0.0"},
          {"totals", {{"killed", 1}, {"stores", 1}, {"median_seconds", 0.5}, {"worst_seconds", 1.5}}},
          {"stores", {store}}};
}

TEST(ReportTest, KillMatrixTellsWhatEachRuleCatches) {
  const auto report = ReportOf({StoreWith("good", {Came("IMM-04", Verdict::kPassed)})});
  const std::string page = ReportPage(report, SelftestOf("killed"));
  EXPECT_THAT(page, HasSubstr("<strong>1 of 1</strong> stores"));
  EXPECT_THAT(page, HasSubstr("IMM-04</a></th><td class=\"n\">1/1</td><td class=\"n\">0</td>"));
  EXPECT_THAT(page, HasSubstr("CON-01</a></th><td class=\"n\">0/0</td><td class=\"n\">1</td>"));
  EXPECT_THAT(page, HasSubstr("a &lt;fault&gt;"));
  EXPECT_THAT(ReportPage(report, SelftestOf("survived")),
              HasSubstr("<span class=\"mark bad\">survived</span>"));
  EXPECT_THAT(ReportPage(report, nullptr), Not(HasSubstr("Kill matrix")));
}

TEST(ReportTest, ShellTakesAQuotedWordForOneWord) {
  EXPECT_EQ(ShellQuoted("build/memory_conformance"), "build/memory_conformance");
  EXPECT_EQ(ShellQuoted("my store"), "'my store'");
  EXPECT_EQ(ShellQuoted("it's"), "'it'\\''s'");
  EXPECT_EQ(ShellQuoted("$HOME"), "'$HOME'");
  EXPECT_EQ(ShellQuoted(""), "''");
}

}  // namespace
}  // namespace aether::conformance
