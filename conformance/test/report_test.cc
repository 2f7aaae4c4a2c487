// What the reports make of results that no store here comes to.

#include "report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "junit.h"
#include "report_page.h"

namespace aether::conformance {
namespace {

using testing::HasSubstr;
using testing::Not;

RuleResult FailedWithPicture() {
  RuleResult result;
  result.id = "CON-05";
  result.verdict = Verdict::kFailed;
  result.message = "two racers won <both>";
  result.counterexample = {"1  [racer 1]  SaveEvent \"a\"  ->  ok"};
  result.picture =
      "<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg>";
  return result;
}

nlohmann::json StoresWith(const RuleResult& result) {
  StoreReport report;
  report.store = "racy";
  report.replay = "./kit check racy";
  report.rules = {result};
  return nlohmann::json::array({ToJson(report)});
}

TEST(ReportTest, PictureGoesThroughJson) {
  const RuleResult result = FailedWithPicture();
  EXPECT_EQ(RuleResultFromJson(ToJson(result)).picture, result.picture);
  EXPECT_EQ(StoresWith(result)[0]["rules"][0]["picture"], result.picture);
}

TEST(ReportTest, ResultWithoutPictureHasNoKeyForOne) {
  RuleResult result = FailedWithPicture();
  result.picture.clear();
  EXPECT_FALSE(ToJson(result).contains("picture"));
  EXPECT_EQ(RuleResultFromJson(ToJson(result)).picture, "");
  EXPECT_THAT(ReportPage(StoresWith(result), false), Not(HasSubstr("<figure>")));
}

TEST(ReportTest, PageHoldsThePictureWithoutItsProlog) {
  const std::string page = ReportPage(StoresWith(FailedWithPicture()), false);
  EXPECT_THAT(
      page,
      HasSubstr("<figure><svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0\"/></svg></figure>"));
  EXPECT_THAT(page, Not(HasSubstr("<?xml")));
}

TEST(ReportTest, PageAndJUnitEscapeWhatAStoreSays) {
  const auto stores = StoresWith(FailedWithPicture());
  for (const std::string& text : {ReportPage(stores, false), JUnit(stores, false)}) {
    EXPECT_THAT(text, HasSubstr("two racers won &lt;both&gt;"));
    EXPECT_THAT(text, Not(HasSubstr("<both>")));
  }
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
