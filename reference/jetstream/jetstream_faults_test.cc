// Servers that fall silent, die and come back; connections that break at the worst moment.

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "event_streams.h"
#include "testing/fault_proxy.h"
#include "testing/silent_server.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;
using testing::SizeIs;
using Clock = std::chrono::steady_clock;

class JetStreamFaultsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_TRUE(IsOk(server));
    server_ = *std::move(server);
    options_ = OptionsFor(*server_);
  }

  std::unique_ptr<JetStreamStore> Open(const JetStreamOptions& options) {
    auto store = JetStreamStore::Open(options);
    EXPECT_TRUE(IsOk(store));
    return store ? *std::move(store) : nullptr;
  }

  // A store whose conversation goes through the proxy.
  std::unique_ptr<JetStreamStore> OpenThrough(const FaultProxy& proxy) {
    JetStreamOptions options = options_;
    options.urls = {proxy.url()};
    return Open(options);
  }

  std::unique_ptr<NatsServer> server_;
  JetStreamOptions options_;
};

TEST_F(JetStreamFaultsTest, ALostAcknowledgementIsRecognisedAndStoredOnce) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  proxy.LoseNextAck();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_THAT(VersionsOf(*Open(options_)->GetEvents("a", 0)), ElementsAre(1, 2));
}

TEST_F(JetStreamFaultsTest, ALostAcknowledgementOfTheFirstEventIsRecognised) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  proxy.LoseNextAck();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_THAT(VersionsOf(*Open(options_)->GetEvents("a", 0)), ElementsAre(1));
}

TEST_F(JetStreamFaultsTest, AConflictWithOnesOwnEarlierAttemptIsSuccess) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  proxy.LoseNextAckAndRefuseRetry();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 3))));
  EXPECT_THAT(VersionsOf(*Open(options_)->GetEvents("a", 0)), ElementsAre(1, 2, 3));
}

TEST_F(JetStreamFaultsTest, ADuplicateOfUnknownPlaceIsLookedForAndFound) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  proxy.LoseNextAckAndCallRetryDuplicate();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 3))));
  EXPECT_THAT(VersionsOf(*Open(options_)->GetEvents("a", 0)), ElementsAre(1, 2, 3));
}

TEST_F(JetStreamFaultsTest, ADuplicateOfWhatIsNotThereIsNoSuccess) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  proxy.LoseNextPublishAndCallRetryDuplicate();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_THAT(VersionsOf(*Open(options_)->GetEvents("a", 0)), ElementsAre(1, 2));
}

// Of a cluster, a server may answer that leads no longer: what a store on replicated streams makes of that.
// One server with a proxy before it stands for the cluster.
class ReplicatedTest : public JetStreamFaultsTest {
 protected:
  void SetUp() override {
    JetStreamFaultsTest::SetUp();
    OpenEvents();
  }

  void OpenEvents() {
    ASSERT_NE(Open(options_), nullptr);  // makes the streams
    proxy_.emplace(server_->port());
    options_.urls = {proxy_->url()};
    options_.replicas = 3;
    const auto connection = Connection::Open(options_);
    ASSERT_TRUE(IsOk(connection));
    connection_ = *connection;
    events_.emplace(connection_, options_);
  }

  std::optional<FaultProxy> proxy_;
  std::shared_ptr<Connection> connection_;
  std::optional<EventStreams> events_;
};

TEST_F(ReplicatedTest, ARefusalByAServerThatLeadsNoLongerIsNotBelieved) {
  proxy_->RefuseNextPublishThatIsStored();
  EXPECT_TRUE(IsOk(events_->Save(MakeEvent("a", 1))));
  EXPECT_TRUE(proxy_->HasStruck());
  EXPECT_TRUE(IsOk(events_->Save(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsOf(events_->Read("a", 0)->events), ElementsAre(1, 2));
}

// Whether the subject's last record or the stream's is expected: an answer that lacks the record is no
// proof that it was not stored.
TEST_F(ReplicatedTest, ARecordThatIsStoredAndNotShownIsNotTakenForRefused) {
  const JetStreamNames names(options_);
  const SubjectLog log(connection_, names.events_stream);
  std::uint64_t last = 0;
  for (const bool of_stream : {false, true}) {
    for (int others = 0; others <= 1; ++others) {
      proxy_->RefuseNextPublishThatIsStoredAndHideIt(others);
      const auto appended = log.Append(
          MakeDraft(names.EventSubject("a"), "data", 1),
          of_stream ? Expectation::OfStream(last) : Expectation::OfSubject(last), Clock::now() + kLimit);
      ASSERT_TRUE(IsOk(appended));
      EXPECT_THAT(*appended, testing::Optional(last + 1)) << others << of_stream;
      last = log.Bounds()->last_sequence;
    }
  }
}

TEST_F(ReplicatedTest, AReadThatLacksWhatWasSavedIsMadeAgain) {
  ASSERT_TRUE(IsOk(events_->Save(MakeEvent("a", 1))));
  proxy_->AnswerNextReadWithNothing();
  const auto latest = events_->LatestVersion("a");
  ASSERT_TRUE(IsOk(latest));
  EXPECT_EQ(*latest, 1);
  EXPECT_TRUE(proxy_->HasStruck());
  proxy_->AnswerNextReadWithNothing();
  EXPECT_THAT(VersionsOf(events_->Read("a", 0)->events), ElementsAre(1));
}

// The end is asked for first. What is then read up to there may be answered by another server.
TEST_F(ReplicatedTest, AReadIsNoShorterWhereTheServerBehindAnswersAPartOfIt) {
  for (int version = 1; version <= 3; ++version) ASSERT_TRUE(IsOk(events_->Save(MakeEvent("a", version))));
  for (int others = 0; others <= 3; ++others) {
    proxy_->AnswerNextReadWithNothing(others);
    const auto read = events_->Read("a", 0);
    ASSERT_TRUE(IsOk(read));
    EXPECT_THAT(VersionsOf(read->events), ElementsAre(1, 2, 3)) << "after " << others << " reads";
    EXPECT_TRUE(proxy_->HasStruck());
  }
}

TEST_F(ReplicatedTest, WhatWasSavedIsNotForgottenOverManyOtherActors) {
  constexpr int kMoreThanHints = 10'001;
  ASSERT_TRUE(IsOk(events_->Save(MakeEvent("a", 1))));
  for (int i = 0; i < kMoreThanHints; ++i) {
    ASSERT_TRUE(IsOk(events_->Save(MakeEvent("b" + std::to_string(i), 1))));
  }
  proxy_->AnswerNextReadWithNothing();
  EXPECT_THAT(VersionsOf(events_->Read("a", 0)->events), ElementsAre(1));
  EXPECT_TRUE(proxy_->HasStruck());
}

class ReplicatedExpiryTest : public ReplicatedTest {
 protected:
  void SetUp() override {
    JetStreamFaultsTest::SetUp();
    options_.max_age = std::chrono::milliseconds(1000);
    OpenEvents();
  }
};

TEST_F(ReplicatedExpiryTest, AHandleSavesOnWhereItsLastEventHasExpired) {
  ASSERT_TRUE(IsOk(events_->Save(MakeEvent("a", 1))));
  ASSERT_TRUE(Eventually([&] {
    const auto read = events_->Read("a", 0);
    return read && read->events.empty();
  }));
  EXPECT_TRUE(IsOk(events_->Save(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsOf(events_->Read("a", 0)->events), ElementsAre(2));
}

TEST_F(JetStreamFaultsTest, AnEventThatWasLostOnItsWayIsSentAgain) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  proxy.LoseNextPublish();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1));
}

TEST_F(JetStreamFaultsTest, ASnapshotWhoseAcknowledgementWasLostIsStored) {
  FaultProxy proxy(server_->port());
  const auto store = OpenThrough(proxy);
  const ActorSnapshot snapshot{"a", 3, JsonObject(), {1, 0}};
  proxy.LoseNextAck();
  EXPECT_TRUE(IsOk(store->SaveSnapshot(snapshot)));
  EXPECT_TRUE(proxy.HasStruck());
  EXPECT_EQ(**store->GetLatestSnapshot("a"), snapshot);
}

TEST_F(JetStreamFaultsTest, APausedServerLeavesTheOutcomeUnknownInTime) {
  options_.time_limit = std::chrono::milliseconds(800);
  const auto store = Open(options_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(server_->Pause()));
  const auto start = Clock::now();
  const auto unknown = store->SaveEvent(MakeEvent("a", 2));
  const auto took = Clock::now() - start;
  EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->GetLatestVersion("a")));
  ASSERT_TRUE(IsOk(server_->Resume()));
  ASSERT_TRUE(FailsWith(ErrorCode::kOutcomeUnknown, unknown));
  EXPECT_LT(took, 2 * options_.time_limit);

  // It may be there now or not; whoever reads and tries again ends with one.
  ASSERT_TRUE(Eventually([&] { return store->GetLatestVersion("a").has_value(); }));
  const auto again = store->SaveEvent(MakeEvent("a", 2));
  EXPECT_TRUE(again || again.error().code() == ErrorCode::kVersionConflict);
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1, 2));
}

TEST_F(JetStreamFaultsTest, ASaveOutlastsAPauseWithinItsTime) {
  const auto store = Open(options_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(server_->Pause()));
  std::atomic<bool> done{false};
  std::thread saver([&] {
    EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
    done = true;
  });
  // Long enough for a second attempt: one waits a quarter of the time limit.
  const auto start = Clock::now();
  (void)Eventually(
      [&] { return Clock::now() - start > options_.time_limit / 4 + std::chrono::milliseconds(300); });
  EXPECT_FALSE(done);
  ASSERT_TRUE(IsOk(server_->Resume()));
  saver.join();
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1, 2));
}

TEST_F(JetStreamFaultsTest, AServerThatIsAwayIsUnavailableAndNothingIsSentLater) {
  const auto store = Open(options_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(server_->Kill()));
  ASSERT_TRUE(Eventually([&] {
    const auto version = store->GetLatestVersion("a");
    return !version && version.error().code() == ErrorCode::kUnavailable;
  }));
  EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->SaveEvent(MakeEvent("a", 2))));
  ASSERT_TRUE(IsOk(server_->Restart()));
  ASSERT_TRUE(Eventually([&] { return store->GetLatestVersion("a").has_value(); }));
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1));
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
}

TEST_F(JetStreamFaultsTest, AServerThatFallsSilentWhileWeConnectAgainHoldsNobody) {
  const auto store = Open(options_);
  auto subscription = store->Subscribe([](const EventStored&) {});
  ASSERT_TRUE(IsOk(subscription));
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(server_->Kill()));
  {
    SilentServer silent(server_->port());
    ASSERT_TRUE(silent.listens());
    ASSERT_TRUE(Eventually([&] { return silent.greeted() > 0; }));
    std::atomic<bool> done{false};
    std::thread caller([&] {
      EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->GetLatestVersion("a")));
      EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->SaveEvent(MakeEvent("a", 2))));
      EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->Subscribe([](const EventStored&) {})));
      subscription->reset();
      done = true;
    });
    EXPECT_TRUE(Eventually([&] { return done.load(); }));
    silent.HangUp();  // so that a caller that is held goes on
    caller.join();
  }
  ASSERT_TRUE(IsOk(server_->Restart()));
  ASSERT_TRUE(Eventually([&] { return store->GetLatestVersion("a").has_value(); }));
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
}

TEST_F(JetStreamFaultsTest, AcknowledgedEventsSurviveAKilledServer) {
  const auto store = Open(options_);
  for (int version = 1; version <= 50; ++version)
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", version))));
  ASSERT_TRUE(IsOk(server_->Kill()));
  ASSERT_TRUE(IsOk(server_->Restart()));
  ASSERT_TRUE(Eventually([&] { return store->GetLatestVersion("a").has_value(); }));
  const auto read = store->GetEventsWithErrors("a", 0);
  ASSERT_TRUE(IsOk(read));
  EXPECT_THAT(read->events, SizeIs(50));
  EXPECT_FALSE(read->HasErrors());
}

TEST_F(JetStreamFaultsTest, NoticesGoOnAfterTheServerWasAway) {
  const auto store = Open(options_);
  std::mutex mutex;
  std::vector<std::int64_t> versions;
  const auto subscription = store->Subscribe([&](const EventStored& notice) {
    const std::lock_guard lock(mutex);
    versions.push_back(notice.version);
  });
  ASSERT_TRUE(IsOk(subscription));
  const auto noticed = [&](std::size_t count) {
    return Eventually([&] {
      const std::lock_guard lock(mutex);
      return versions.size() >= count;
    });
  };
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(noticed(1));
  ASSERT_TRUE(IsOk(server_->Kill()));
  ASSERT_TRUE(IsOk(server_->Restart()));
  ASSERT_TRUE(Eventually([&] { return store->SaveEvent(MakeEvent("a", 2)).has_value(); }));
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 3))));
  ASSERT_TRUE(noticed(3));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(versions, ElementsAre(1, 2, 3));
}

TEST_F(JetStreamFaultsTest, ASubscriptionEndsAtOnceWhileTheServerIsPaused) {
  const auto store = Open(options_);
  auto subscription = store->Subscribe([](const EventStored&) {});
  ASSERT_TRUE(IsOk(subscription));
  ASSERT_TRUE(IsOk(server_->Pause()));
  const auto start = Clock::now();
  subscription->reset();
  EXPECT_LT(Clock::now() - start, std::chrono::seconds(2));
  ASSERT_TRUE(IsOk(server_->Resume()));
}

}  // namespace
}  // namespace aether::jetstream
