// Links between records tell a lost event from a gap in versions, and from expiry.

#include "replay.h"

#include <gmock/gmock.h>

#include "aether/wire.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Record RecordOf(std::uint64_t sequence, std::int64_t version, std::int64_t previous_version,
                std::uint64_t previous_sequence) {
  return {sequence, "", *EncodeEvent(MakeEvent("a", version)), "",
          Stamp{version, previous_version, previous_sequence}};
}

TEST(ReplayTest, AGapInVersionsIsNoLoss) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 1, 0, 0));
  replay.Add(RecordOf(8, 5, 1, 3));
  EXPECT_FALSE(replay.MissesSome());
  const ReplayResult result = std::move(replay).Finish(0);
  EXPECT_THAT(VersionsOf(result.events), ElementsAre(1, 5));
  EXPECT_FALSE(result.HasErrors());
}

TEST(ReplayTest, ALostEventIsAnErrorWithoutBytesAtItsSequence) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 1, 0, 0));
  replay.Add(RecordOf(12, 9, 5, 8));
  EXPECT_TRUE(replay.MissesSome());
  const ReplayResult result = std::move(replay).Finish(3);
  EXPECT_THAT(VersionsOf(result.events), ElementsAre(1, 9));
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].sequence_number, 8u);
  EXPECT_EQ(result.errors[0].raw_data, "");
  EXPECT_THAT(result.errors[0].cause, HasSubstr("version 5 is missing"));
}

TEST(ReplayTest, AnExpiredPredecessorIsNoLoss) {
  Replay replay("a", 0);
  replay.Add(RecordOf(12, 9, 5, 8));
  EXPECT_FALSE(std::move(replay).Finish(9).HasErrors());
}

TEST(ReplayTest, WhatExpiresDuringTheReadLeavesASuffixWithoutAHole) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 1, 0, 0));
  replay.Add({4, "", "not JSON", "", std::nullopt});
  replay.Add(RecordOf(5, 2, 1, 3));
  replay.Add(RecordOf(9, 4, 3, 7));  // 3 to 7 had expired when it was read
  replay.Add(RecordOf(10, 5, 4, 9));
  const ReplayResult result = std::move(replay).Finish(9);
  EXPECT_THAT(VersionsOf(result.events), ElementsAre(4, 5));
  EXPECT_FALSE(result.HasErrors());
}

TEST(ReplayTest, APredecessorThatHadExpiredWhenTheEventWasSavedIsNoLoss) {
  Replay replay("a", 0);
  replay.Add(RecordOf(12, 9, 5, 0));
  EXPECT_FALSE(replay.MissesSome());
}

TEST(ReplayTest, WhatFromVersionLeavesOutIsNoLoss) {
  Replay replay("a", 6);
  replay.Add(RecordOf(12, 9, 5, 8));
  EXPECT_FALSE(replay.MissesSome());
}

TEST(ReplayTest, ALostEventAtOrAboveFromVersionIsReported) {
  Replay replay("a", 5);
  replay.Add(RecordOf(12, 9, 5, 8));
  EXPECT_THAT(std::move(replay).Finish(1).errors, SizeIs(1));
}

TEST(ReplayTest, ErrorsComeInTheOrderOfTheStream) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 1, 0, 0));
  replay.Add({10, "", "not JSON", "", std::nullopt});
  replay.Add(RecordOf(12, 9, 5, 8));
  const ReplayResult result = std::move(replay).Finish(1);
  ASSERT_THAT(result.errors, SizeIs(2));
  EXPECT_EQ(result.errors[0].sequence_number, 8u);
  EXPECT_EQ(result.errors[1].sequence_number, 10u);
}

TEST(ReplayTest, ADamagedPayloadIsReportedAndKeepsItsPlace) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 1, 0, 0));
  replay.Add({8, "", "{\"id\":", "", Stamp{5, 1, 3}});
  replay.Add(RecordOf(12, 9, 5, 8));
  EXPECT_FALSE(replay.MissesSome());
  const ReplayResult result = std::move(replay).Finish(1);
  EXPECT_THAT(VersionsOf(result.events), ElementsAre(1, 9));
  ASSERT_THAT(result.errors, SizeIs(1));
  EXPECT_EQ(result.errors[0].raw_data, "{\"id\":");
}

TEST(ReplayTest, AVersionThatDoesNotRiseIsAnErrorAndEventsAscend) {
  Replay replay("a", 0);
  replay.Add(RecordOf(3, 6, 0, 0));
  replay.Add(RecordOf(4, 4, 0, 0));
  replay.Add(RecordOf(5, 7, 6, 3));
  const ReplayResult result = std::move(replay).Finish(1);
  EXPECT_THAT(VersionsOf(result.events), ElementsAre(6, 7));
  ASSERT_THAT(result.errors, SizeIs(2));  // and 7 names a predecessor that is not the one before it
  EXPECT_THAT(result.errors[1].cause, HasSubstr("not above"));
}

TEST(ReplayTest, APayloadOfAnotherVersionOrActorIsAnError) {
  Replay replay("a", 0);
  Record wrong_version = RecordOf(3, 1, 0, 0);
  wrong_version.stamp->version = 2;
  replay.Add(wrong_version);
  Record wrong_actor = RecordOf(4, 3, 2, 3);
  wrong_actor.data = *EncodeEvent(MakeEvent("b", 3));
  replay.Add(wrong_actor);
  const ReplayResult result = std::move(replay).Finish(1);
  EXPECT_THAT(result.events, IsEmpty());
  ASSERT_THAT(result.errors, SizeIs(2));
  EXPECT_THAT(result.errors[0].cause, HasSubstr("version"));
  EXPECT_THAT(result.errors[1].cause, HasSubstr("actorId"));
}

}  // namespace
}  // namespace aether::jetstream
