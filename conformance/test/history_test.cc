// Legal and illegal histories side by side, each named by what happens in it, judged by both checks.

#include "history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>
#include <ostream>

#include "history_drawing.h"
#include "history_search.h"

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// An operation at a time in microseconds. The event of a version is the version times 10, unless told.
struct At {
  std::int64_t start, end = -1;

  Operation Make(Kind kind, Outcome outcome, std::int64_t version) const {
    Operation op;
    op.kind = kind;
    op.outcome = outcome;
    op.start = start * 1000;
    op.end = end < 0 ? Operation::kPending : end * 1000;
    op.version = version;
    if (kind == Kind::kSave) op.event = static_cast<std::uint64_t>(version) * 10;
    return op;
  }
  Operation Saves(std::int64_t version) const { return Make(Kind::kSave, Outcome::kStored, version); }
  Operation Loses(std::int64_t version) const { return Make(Kind::kSave, Outcome::kUnknown, version); }
  Operation Fails(std::int64_t version) const { return Make(Kind::kSave, Outcome::kNothing, version); }
  Operation Latest(std::int64_t version) const { return Make(Kind::kLatest, Outcome::kStored, version); }
  Operation Refuses(std::int64_t version, std::int64_t current) const {
    Operation op = Make(Kind::kSave, Outcome::kConflict, version);
    op.current = current;
    op.event = static_cast<std::uint64_t>(version) * 10 + 5;
    return op;
  }
  Operation Reads(std::initializer_list<std::int64_t> versions, std::int64_t from = 0) const {
    Operation op = Make(Kind::kRead, Outcome::kStored, from);
    for (const std::int64_t v : versions) op.shown.push_back({v, static_cast<std::uint64_t>(v) * 10});
    return op;
  }
};

Operation Other(Operation op) {  // another event
  op.event += 5;
  if (!op.shown.empty()) op.shown.back().event += 5;
  return op;
}

Operation OfActor(std::uint32_t actor, Operation op) {
  op.actor = actor;
  return op;
}

struct Case {
  const char* name;
  std::vector<Operation> history;
  const char* message = "";              // of an illegal one
  std::vector<std::size_t> window = {};  // of an illegal one
};

void PrintTo(const Case& test_case, std::ostream* out) { *out << test_case.name; }
std::string NameOf(const testing::TestParamInfo<Case>& info) { return info.param.name; }

class LegalHistory : public testing::TestWithParam<Case> {};

TEST_P(LegalHistory, IsAccepted) {
  const Checked checked = CheckHistory(GetParam().history);
  EXPECT_EQ(checked.verdict, Legality::kLegal) << checked.message;
  EXPECT_EQ(SearchHistory(GetParam().history).verdict, Legality::kLegal);
  EXPECT_THAT(checked.message, IsEmpty());
  EXPECT_THAT(checked.window, IsEmpty());
}

class IllegalHistory : public testing::TestWithParam<Case> {};

TEST_P(IllegalHistory, IsRefusedWithItsWindow) {
  const Checked checked = CheckHistory(GetParam().history);
  EXPECT_EQ(checked.verdict, Legality::kIllegal);
  EXPECT_EQ(SearchHistory(GetParam().history).verdict, Legality::kIllegal);
  EXPECT_EQ(checked.message, GetParam().message);
  EXPECT_EQ(checked.window, GetParam().window);
}

INSTANTIATE_TEST_SUITE_P(
    History, LegalHistory,
    testing::Values(
        Case{"Empty", {}},
        Case{"AnActorWithoutEvents", {At{0, 1}.Reads({}), At{2, 3}.Latest(0), At{4, 5}.Refuses(0, 0)}},
        Case{"ASaveThenARead", {At{0, 1}.Saves(1), At{2, 3}.Reads({1})}},
        Case{"AReadDuringASaveMissesIt", {At{0, 9}.Saves(1), At{2, 3}.Reads({})}},
        Case{"AReadDuringASaveShowsIt", {At{0, 9}.Saves(1), At{2, 3}.Reads({1})}},
        Case{"AReadThatEndsAsTheSaveStartsShowsIt", {At{5, 9}.Saves(1), At{2, 5}.Reads({1})}},
        Case{"AReadThatStartsAsTheSaveEndsMissesIt", {At{0, 5}.Saves(1), At{5, 9}.Reads({})}},
        Case{"RacingReadsOldAndNew", {At{0, 9}.Saves(1), At{2, 6}.Reads({1}), At{4, 8}.Reads({})}},
        Case{"OneOfTwoRacersForTheFirstEventWins",
             {At{0, 5}.Saves(1), At{0, 5}.Refuses(1, 1), At{6, 7}.Reads({1})}},
        Case{"SixAndEightRaceAndBothAreStored",
             {At{0, 1}.Saves(5), At{2, 9}.Saves(8), At{2, 8}.Saves(6), At{10, 11}.Reads({5, 6, 8})}},
        Case{"SixAndEightRaceAndSixLoses",
             {At{0, 1}.Saves(5), At{2, 9}.Saves(8), At{2, 9}.Refuses(6, 8), At{10, 11}.Reads({5, 8})}},
        Case{"AConflictNamesARacingWinner", {At{0, 9}.Saves(1), At{3, 4}.Refuses(1, 1)}},
        Case{"AnUnknownSaveAppearsOnce", {At{0, 1}.Loses(1), At{2, 3}.Reads({}), At{4, 5}.Reads({1})}},
        Case{"AnUnknownSaveNeverAppears", {At{0, 1}.Loses(1), At{2, 3}.Reads({}), At{4, 5}.Saves(1)}},
        Case{"AnUnknownSaveIsOvertaken",
             {At{0, 1}.Loses(1), Other(At{2, 3}.Saves(1)), Other(At{4, 5}.Reads({1}))}},
        Case{"AnUnknownSaveAppearsInAConflict",
             {At{0, 1}.Loses(2), At{2, 3}.Latest(0), At{4, 5}.Refuses(2, 2)}},
        Case{"APendingSaveAppears", {At{0}.Saves(1), At{20, 30}.Latest(1)}},
        Case{"APendingReadSaysNothing", {At{0, 1}.Saves(1), At{2}.Reads({7})}},
        Case{"TheSameSaveAgainAfterAnUnknownOne",
             {At{0, 1}.Loses(1), At{2, 3}.Loses(1), At{4, 5}.Saves(1), At{6, 7}.Reads({1})}},
        Case{"TheEarlierOfTwoUnknownSavesIsShown",
             {At{0, 1}.Loses(1), Other(At{5, 6}.Loses(1)), At{2, 3}.Latest(1), At{7, 8}.Reads({1})}},
        Case{"AnUnavailableSaveIsTriedAgain", {At{0, 1}.Fails(1), At{2, 3}.Saves(1), At{4, 5}.Reads({1})}},
        Case{"ReadsFromWithinAGapAndBeyondTheLatest",
             {At{0, 1}.Saves(2), At{2, 3}.Saves(9), At{4, 5}.Reads({9}, 3), At{4, 5}.Reads({9}, 9),
              At{4, 5}.Reads({}, 10), At{4, 5}.Reads({2, 9}, -7)}},
        Case{"AnEmptyReadFromAboveMissesNothing",
             {At{0, 1}.Saves(3), At{2, 3}.Reads({}, 4), At{4, 5}.Saves(4)}},
        Case{"ActorsAreIndependent",
             {At{0, 1}.Saves(1), OfActor(2, At{2, 3}.Reads({})), OfActor(2, At{4, 5}.Saves(1))}},
        Case{"TheLargestVersion",
             {At{0, 1}.Saves(INT64_MAX), At{2, 3}.Latest(INT64_MAX), At{4, 5}.Refuses(1, INT64_MAX)}}),
    NameOf);

INSTANTIATE_TEST_SUITE_P(
    History, IllegalHistory,
    testing::Values(
        Case{"LostAcknowledgement",
             {At{0, 8}.Saves(3), At{20, 30}.Reads({})},
             "the acknowledged save of version 3 is missing from a read that began 12 us after it ended",
             {0, 1}},
        Case{"StaleRead",
             {At{0, 1}.Saves(1), At{2, 3}.Saves(2), At{4, 5}.Reads({1})},
             "the acknowledged save of version 2 is missing from a read that began 1.0 us after it ended",
             {1, 2}},
        Case{"StaleLatest",
             {At{0, 1}.Saves(1), At{2, 3}.Latest(0)},
             "an answer of latest version 0 to a call that began 1.0 us after the acknowledged save of "
             "version 1 had "
             "ended",
             {0, 1}},
        Case{"StaleConflict",
             {At{0, 1}.Saves(1), At{2, 3}.Saves(2), At{4, 5}.Refuses(1, 1)},
             "a conflict with current version 1 to a call that began 1.0 us after the acknowledged save of "
             "version 2 "
             "had ended",
             {1, 2}},
        Case{"NewThenOld",
             {At{0, 20}.Saves(1), At{2, 3}.Reads({1}), At{5, 6}.Reads({})},
             "version 1 is missing from a read that began 2.0 us after a read that shows version 1 had "
             "ended",
             {0, 1, 2}},
        Case{"NewThenOldOfAnUnknownSave",
             {At{0, 1}.Loses(1), At{2, 3}.Latest(1), At{5, 6}.Reads({})},
             "version 1 is missing from a read that began 2.0 us after an answer of latest version 1 had "
             "ended",
             {0, 1, 2}},
        Case{"TwoWinners",
             {At{0, 9}.Saves(1), Other(At{1, 8}.Saves(1))},
             "two saves of version 1 were acknowledged",
             {0, 1}},
        Case{"OvertakenSaveAcknowledged",
             {At{0, 1}.Saves(2), At{2, 3}.Saves(1)},
             "version 1 was stored by a save that began 1.0 us after the acknowledged save of version 2 "
             "had ended",
             {0, 1}},
        Case{"SaveBelowWhatWasSeenAcknowledged",
             {At{0, 9}.Saves(2), At{2, 3}.Latest(2), At{4, 5}.Saves(1)},
             "version 1 was stored by a save that began 1.0 us after an answer of latest version 2 had "
             "ended",
             {0, 1, 2}},
        Case{"OvertakenUnknownSaveAppears",
             {At{0, 1}.Saves(2), At{3, 4}.Loses(1), At{5, 6}.Reads({1, 2})},
             "version 1 was stored by a save that began 2.0 us after the acknowledged save of version 2 "
             "had ended",
             {0, 1, 2}},
        Case{"VersionZeroAcknowledged",
             {At{0, 1}.Saves(0)},
             "a save of version 0 was acknowledged, which is never above the latest version",
             {0}},
        Case{"ConflictBelowTheAttempt",
             {At{0, 1}.Saves(5), At{2, 3}.Refuses(6, 5)},
             "a save of version 6 was refused, with current version 5, though it is above that",
             {1}},
        Case{"ConflictNamesAVersionNeverSaved",
             {At{0, 1}.Saves(1), At{2, 3}.Refuses(1, 4)},
             "a conflict with current version 4, which was never saved",
             {1}},
        Case{"ConflictNamesAFutureVersion",
             {At{0, 1}.Saves(1), At{2, 3}.Refuses(1, 2), At{5, 6}.Saves(2)},
             "version 2 is shown by a call that ended 2.0 us before any save of it began",
             {1, 2}},
        Case{"ReadFromTheFuture",
             {At{0, 1}.Reads({1}), At{2, 3}.Saves(1)},
             "version 1 is shown by a call that ended 1.0 us before any save of it began",
             {0, 1}},
        Case{"RefusedSaveAppears",
             {At{0, 1}.Saves(1), At{2, 3}.Refuses(1, 1), Other(At{4, 5}.Reads({1}))},
             "a read shows version 1, whose save was refused",
             {1, 2}},
        Case{"EventReplaced",
             {At{0, 1}.Saves(1), Other(At{2, 3}.Reads({1}))},
             "a read shows version 1 with an event that was never saved",
             {0, 1}},
        Case{"UnavailableSaveAppears",
             {At{0, 1}.Fails(1), At{2, 3}.Reads({1})},
             "a read shows version 1, whose save was answered with unavailable",
             {0, 1}},
        Case{"RefusedVersionIsTheLatest",
             {At{0, 1}.Saves(5), At{2, 3}.Refuses(4, 5), At{4, 5}.Latest(4)},
             "an answer of latest version 4, whose save was refused",
             {1, 2}},
        Case{"UnknownSaveAppearsTwice",
             {At{0, 1}.Loses(1), At{2, 3}.Reads({1, 1})},
             "a read shows version 1 twice",
             {1}},
        Case{"UnknownSaveAppearsBesideAnotherWinner",
             {At{0, 1}.Loses(1), Other(At{2, 3}.Saves(1)), At{4, 5}.Reads({1})},
             "a read shows another event at version 1 than the one whose save was acknowledged",
             {1, 2}},
        Case{"TwoUnknownSavesAppearAtOneVersion",
             {At{0, 1}.Loses(1), Other(At{2, 3}.Loses(1)), At{4, 5}.Reads({1}), Other(At{6, 7}.Reads({1}))},
             "two reads show different events at version 1",
             {2, 3}},
        Case{"UnknownSaveAppearsAndVanishes",
             {At{0, 1}.Loses(1), At{2, 3}.Reads({1}), At{4, 5}.Saves(2), At{6, 7}.Reads({2})},
             "a read shows version 2 but not version 1, which is shown elsewhere",
             {0, 1, 3}},
        Case{"Hole",
             {At{0, 9}.Saves(1), At{0, 9}.Saves(2), At{5, 6}.Reads({2})},
             "a read shows version 2 but not version 1, whose save was acknowledged",
             {0, 2}},
        Case{"OrderOfArrival",
             {At{0, 9}.Saves(6), At{0, 9}.Saves(8), At{10, 11}.Reads({8, 6})},
             "a read shows version 6 after version 8",
             {2}},
        Case{"BelowTheFromVersion",
             {At{0, 1}.Saves(1), At{2, 3}.Saves(2), At{4, 5}.Reads({1, 2}, 2)},
             "a read from version 2 shows version 1",
             {2}},
        Case{"EventOfAnotherActor",
             {OfActor(1, At{0, 1}.Saves(1)), OfActor(2, At{2, 3}.Reads({1}))},
             "a read shows version 1, which was never saved",
             {1}},
        Case{"ForgottenActor",
             {At{0, 1}.Saves(1), At{2, 3}.Reads({1}), At{4, 5}.Latest(0), At{6, 7}.Reads({1})},
             "an answer of latest version 0 to a call that began 3.0 us after the acknowledged save of "
             "version 1 had ended",
             {0, 2}}),
    NameOf);

TEST(CheckedHistory, IsUnknownWhenAnOperationEndsBeforeItStarts) {
  const std::vector<Operation> history = {At{5, 1}.Saves(1)};
  EXPECT_EQ(CheckHistory(history).verdict, Legality::kUnknown);
  EXPECT_EQ(SearchHistory(history).verdict, Legality::kUnknown);
}

TEST(CheckedHistory, IsUnknownToASearchThatRunsOutOfSteps) {
  EXPECT_EQ(SearchHistory({{At{0, 1}.Saves(1), At{2, 3}.Saves(2)}}, 1).verdict, Legality::kUnknown);
}

const std::vector<Operation>& Inversion() {
  static const std::vector<Operation> history = [] {
    std::vector<Operation> made = {At{0, 20}.Saves(1), At{2, 3}.Reads({1}), At{5, 6}.Reads({}),
                                   At{4}.Loses(2), At{90, 91}.Latest(1)};
    for (std::size_t i = 0; i < made.size(); ++i) made[i].client = static_cast<std::int32_t>(i % 3) + 1;
    return made;
  }();
  return history;
}

TEST(TextTimeline, MarksTheWindowAndShowsWhatOverlapsIt) {
  const auto lines = TextTimeline(Inversion(), CheckHistory(Inversion()).window);
  EXPECT_THAT(
      lines,
      ElementsAre(
          AllOf(HasSubstr("!       0.000 ..      20.000 us |##"), EndsWith("client 1   save v1 → stored")),
          AllOf(HasSubstr("!       2.000 ..       3.000 us |"), EndsWith("client 2   read all → 1")),
          AllOf(HasSubstr("        4.000 ..       never us |"), EndsWith("client 1   save v2 → no answer")),
          AllOf(HasSubstr("!       5.000 "), EndsWith("client 3   read all → nothing"))));
}

TEST(SvgTimeline, IsOneImageWithoutScripts) {
  const std::string svg = SvgTimeline(Inversion(), CheckHistory(Inversion()).window);
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, EndsWith("</svg>\n"));
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(
      svg, HasSubstr("<g class=\"bad\"><title>read all → nothing (client 3, 5.000 to 6.000 µs)</title>"));
  EXPECT_THAT(svg,
              HasSubstr("<g class=\"call unknown\"><title>save v2 → no answer (client 1, 4.000 to never"));
  EXPECT_THAT(svg, Not(HasSubstr("latest")));  // it has nothing to do with it
}

TEST(SvgTimeline, OfALongHistoryShowsFortyOperations) {
  std::vector<Operation> history;
  for (int i = 1; i <= 1000; ++i) history.push_back(At{i, i + 500}.Saves(i));
  history.push_back(At{2000, 2001}.Reads({}));
  const auto window = CheckHistory(history).window;
  EXPECT_THAT(window, ElementsAre(0, 1000));
  EXPECT_EQ(TextTimeline(history, window).size(), 40U);
  EXPECT_EQ(TextTimeline(history, {}).size(), 40U);
  EXPECT_THAT(TextTimeline({}, {}), IsEmpty());
  EXPECT_THAT(SvgTimeline({}, {}), IsEmpty());
}

}  // namespace

}  // namespace aether::conformance
