// What has to be there after processes died, and what may be.

#include "faults/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rule_run.h"

namespace aether::conformance {

namespace {

Event Saved(std::int64_t version) {
  Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "Happened";
  event.actor_id = "a";
  event.version = version;
  return event;
}

std::vector<EventPtr> Read(std::initializer_list<std::int64_t> versions) {
  std::vector<EventPtr> events;
  for (const std::int64_t version : versions)
    events.push_back(std::make_shared<const Event>(Saved(version)));
  return events;
}

// Versions 1 and 2 are acknowledged, 3 has no answer, 4 was refused.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    for (std::int64_t version = 1; version <= 4; ++version) ledger_.Plan(Saved(version));
    ledger_.Acknowledge(1);
    ledger_.Acknowledge(2);
    ledger_.Refuse(4);
  }

  // What is wrong with a read; empty: nothing.
  std::string Wrong(const std::vector<EventPtr>& events) const {
    try {
      ledger_.RequireSurvived(events, "then");
      return "";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  Ledger ledger_{"a"};
};

TEST_F(LedgerTest, ASaveWithoutAnAnswerIsThereOrNot) {
  EXPECT_EQ(Wrong(Read({1, 2})), "");
  EXPECT_EQ(Wrong(Read({1, 2, 3})), "");
}

TEST_F(LedgerTest, AnAcknowledgedEventIsMissed) {
  EXPECT_EQ(Wrong(Read({1})), R"(then an acknowledged event is lost from the stream of "a")");
  EXPECT_EQ(Wrong(Read({2, 3})), R"(then an acknowledged event is lost from the stream of "a")");
}

TEST_F(LedgerTest, ARefusedEventIsNotThere) {
  EXPECT_THAT(Wrong(Read({1, 2, 4})), testing::HasSubstr("an error that says that nothing was stored"));
}

TEST_F(LedgerTest, NothingIsThereTwiceOrOutOfOrderOrUnknown) {
  for (const auto& events : {Read({1, 2, 2}), Read({1, 2, 3, 2}), Read({2, 1})}) {
    EXPECT_THAT(Wrong(events), testing::HasSubstr("twice or out of order"));
  }
  EXPECT_THAT(Wrong(Read({1, 2, 5})), testing::HasSubstr("that nobody saved"));
}

TEST_F(LedgerTest, AnEventIsWhole) {
  Event half = Saved(3);
  half.event_type = "Half";
  auto events = Read({1, 2});
  events.push_back(std::make_shared<const Event>(half));
  EXPECT_THAT(Wrong(events), testing::HasSubstr("version 3"));
}

TEST_F(LedgerTest, WhatWasReadStays) {
  ledger_.Settle(Read({1, 2, 3}));
  EXPECT_EQ(Wrong(Read({1, 2, 3})), "");
  EXPECT_NE(Wrong(Read({1, 2})), "");
}

TEST_F(LedgerTest, WhatWasNotReadBehindALaterEventNeverComes) {
  ledger_.Plan(Saved(5));
  ledger_.Acknowledge(5);
  EXPECT_EQ(Wrong(Read({1, 2, 3, 5})), "");
  ledger_.Settle(Read({1, 2, 5}));
  EXPECT_EQ(Wrong(Read({1, 2, 5})), "");
  EXPECT_NE(Wrong(Read({1, 2, 3, 5})), "");
}

TEST_F(LedgerTest, TheNextVersionIsAboveAllThatWerePlanned) { EXPECT_EQ(ledger_.NextVersion(), 5); }

TEST_F(LedgerTest, WithoutAcknowledgementsNothingHasToBeThere) {
  const Ledger may_be = ledger_.WithoutAcknowledgements();
  EXPECT_NO_THROW(may_be.RequireSurvived(Read({2}), "then"));
  EXPECT_THROW(may_be.RequireSurvived(Read({2, 4}), "then"), Failure);
  EXPECT_EQ(ledger_.LastAcknowledged(), 2);
}

ActorSnapshot SnapshotAt(std::int64_t version, const std::string& state = "{}") {
  return {"a", version, JsonObject::Trusted(state), {1768339576, 0}};
}

// The snapshots of versions 1 and 2 are acknowledged, 3 has no answer, 4 was refused.
class SnapshotLedgerTest : public testing::Test {
 protected:
  SnapshotLedgerTest() {
    for (std::int64_t version = 1; version <= 4; ++version) ledger_.Plan(SnapshotAt(version));
    ledger_.AcknowledgeSnapshot(1);
    ledger_.AcknowledgeSnapshot(2);
    ledger_.RefuseSnapshot(4);
  }

  std::string Wrong(const std::optional<ActorSnapshot>& snapshot) const {
    try {
      ledger_.RequireSurvived(snapshot, "then");
      return "";
    } catch (const Failure& failure) {
      return failure.what();
    }
  }

  Ledger ledger_{"a", Kept::kSnapshots};
};

TEST_F(SnapshotLedgerTest, TheLastAcknowledgedIsThereOrALaterOne) {
  EXPECT_EQ(Wrong(SnapshotAt(2)), "");
  EXPECT_EQ(Wrong(SnapshotAt(3)), "");
  EXPECT_EQ(Wrong(SnapshotAt(1)), R"(then the snapshot of "a" is an old one)");
  EXPECT_EQ(Wrong(std::nullopt), R"(then the snapshot of "a" is lost)");
}

TEST_F(SnapshotLedgerTest, NoOtherIsThere) {
  EXPECT_EQ(Wrong(SnapshotAt(5)), R"(then the snapshot of "a" is one that nobody saved)");
  EXPECT_EQ(Wrong(SnapshotAt(2, R"({"x":1})")), R"(then the snapshot of "a" differs from what was saved)");
  EXPECT_EQ(
      Wrong(SnapshotAt(4)),
      R"(then the snapshot of "a" is one whose save was answered with an error that says that nothing was )"
      "stored");
}

TEST_F(SnapshotLedgerTest, WhatWasReadStays) {
  ledger_.Settle(std::optional(SnapshotAt(3)));
  EXPECT_EQ(Wrong(SnapshotAt(2)), R"(then the snapshot of "a" is an old one)");
}

TEST_F(SnapshotLedgerTest, WithoutAcknowledgementsThereMayBeNone) {
  const Ledger may_be = ledger_.WithoutAcknowledgements();
  EXPECT_NO_THROW(may_be.RequireSurvived(std::nullopt, "then"));
  EXPECT_NO_THROW(may_be.RequireSurvived(SnapshotAt(1), "then"));
  EXPECT_THROW(may_be.RequireSurvived(SnapshotAt(5), "then"), Failure);
}

}  // namespace

}  // namespace aether::conformance
