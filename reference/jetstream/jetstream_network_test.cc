// Networks that lose, delay and end what is said, between a store and a server that runs.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "nats_admin.h"
#include "relay.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kLink = 0;

class JetStreamNetworkTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = NatsServer::Shared();
    ASSERT_TRUE(IsOk(server));
    server_ = *server;
    relay_.SetTarget(kLink, server_->port());
    direct_ = OptionsFor(*server_);
    through_relay_ = direct_;
    through_relay_.urls = {"nats://127.0.0.1:" + std::to_string(relay_.port(kLink))};
  }

  std::unique_ptr<JetStreamStore> Open(const JetStreamOptions& options) {
    auto store = JetStreamStore::Open(options);
    EXPECT_TRUE(IsOk(store));
    return store ? *std::move(store) : nullptr;
  }

  // What is stored, read over a connection that has no faults.
  std::vector<std::int64_t> Stored(const std::string& actor) {
    const auto read = Open(direct_)->GetEventsWithErrors(actor, 0);
    if (!read || read->HasErrors()) return {-1};
    return VersionsOf(read->events);
  }

  NatsServer* server_ = nullptr;
  Relay relay_{1};
  JetStreamOptions direct_;
  JetStreamOptions through_relay_;
};

TEST_F(JetStreamNetworkTest, ANetworkThatLosesAllEndsCallsInTimeAndIsGoneOnOver) {
  through_relay_.time_limit = milliseconds(600);
  const auto store = Open(through_relay_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  relay_.Cut(kLink);
  const auto start = Clock::now();
  EXPECT_TRUE(FailsWith(ErrorCode::kOutcomeUnknown, store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->GetEvents("a", 0)));
  EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->GetLatestVersion("a")));
  EXPECT_LT(Clock::now() - start, kLimit);
  relay_.Mend(kLink);
  EXPECT_TRUE(Eventually([&] { return store->GetLatestVersion("a").has_value(); }));
  const auto again = store->SaveEvent(MakeEvent("a", 2));
  EXPECT_TRUE(again || again.error().code() == ErrorCode::kVersionConflict);
  EXPECT_THAT(Stored("a"), ElementsAre(1, 2));
}

TEST_F(JetStreamNetworkTest, AHalfClosedConnectionIsMadeAnew) {
  const auto store = Open(through_relay_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  relay_.HalfClose(kLink);
  EXPECT_TRUE(Eventually(
      [&] { return store->SaveEvent(MakeEvent("a", 2)).has_value() || Stored("a").size() == 2; }));
  EXPECT_TRUE(Eventually(
      [&] { return store->SaveEvent(MakeEvent("a", 3)).has_value() || Stored("a").size() == 3; }));
  EXPECT_THAT(Stored("a"), ElementsAre(1, 2, 3));
}

TEST_F(JetStreamNetworkTest, ANetworkThatIsSlowIsWaitedForWithinTheTimeLimit) {
  const auto store = Open(through_relay_);
  relay_.Slow(kLink, milliseconds(150), 0);
  const auto start = Clock::now();
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_GE(Clock::now() - start, milliseconds(600));  // the relay does delay: 2 saves, there and back
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1, 2));
}

TEST_F(JetStreamNetworkTest, AnAnswerThatComesAfterTheTimeLimitBelongsToNoOtherCall) {
  through_relay_.time_limit = milliseconds(500);
  const auto store = Open(through_relay_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  relay_.Slow(kLink, milliseconds(700), 0);
  EXPECT_TRUE(FailsWith(ErrorCode::kOutcomeUnknown, store->SaveEvent(MakeEvent("a", 2))));
  EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, store->GetLatestVersion("b")));
  relay_.Slow(kLink, milliseconds(0), 0);
  ASSERT_TRUE(Eventually([&] { return store->GetLatestVersion("b").has_value(); }));
  EXPECT_EQ(*store->GetLatestVersion("b"), 0);
  EXPECT_EQ(*store->GetLatestVersion("a"), 2);
  EXPECT_THAT(Stored("a"), ElementsAre(1, 2));
}

TEST_F(JetStreamNetworkTest, ALongReadOverASlowNetworkIsWholeOrAnError) {
  through_relay_.time_limit = milliseconds(500);
  constexpr int kEvents = 150;
  const auto writer = Open(direct_);
  for (int version = 1; version <= kEvents; ++version) {
    ASSERT_TRUE(IsOk(writer->SaveEvent(MakeEvent("a", version))));
  }
  const auto reader = Open(through_relay_);
  for (const std::int64_t bytes_per_second : {20'000, 500'000}) {
    relay_.Slow(kLink, milliseconds(0), bytes_per_second);
    const auto read = reader->GetEvents("a", 0);
    if (read) {
      EXPECT_EQ(read->size(), kEvents);
    } else {
      EXPECT_TRUE(FailsWith(ErrorCode::kUnavailable, read));
    }
    relay_.Reset(kLink);
  }
  relay_.Slow(kLink, milliseconds(0), 0);
  EXPECT_TRUE(Eventually([&] {
    const auto read = reader->GetEvents("a", 0);
    return read && read->size() == kEvents;
  }));
}

TEST_F(JetStreamNetworkTest, ConnectionsThatBreakAgainAndAgainLoseAndDoubleNothing) {
  constexpr int kWriters = 4;
  constexpr int kSaves = 150;
  std::atomic<int> writing{kWriters};
  std::vector<std::unique_ptr<JetStreamStore>> stores(kWriters);
  for (auto& store : stores) ASSERT_TRUE(store = Open(through_relay_));
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back(
        [&, store = stores[static_cast<std::size_t>(i)].get(), actor = "a" + std::to_string(i)] {
          std::int64_t version = 1;
          const auto deadline = Clock::now() + kLimit;
          while (version <= kSaves && Clock::now() < deadline) {
            const auto saved = store->SaveEvent(MakeEvent(actor, version));
            // A conflict: an attempt whose outcome was unknown has landed.
            if (saved || saved.error().code() == ErrorCode::kVersionConflict) ++version;
          }
          EXPECT_GT(version, kSaves) << "not done in time";
          --writing;
        });
  }
  while (writing > 0) {
    std::this_thread::sleep_for(milliseconds(20));
    relay_.Reset(kLink);
  }
  for (std::thread& writer : writers) writer.join();
  for (int i = 0; i < kWriters; ++i) {
    const std::vector<std::int64_t> versions = Stored("a" + std::to_string(i));
    ASSERT_EQ(versions.size(), kSaves) << i;
    EXPECT_EQ(versions.back(), kSaves) << i;
  }
}

TEST_F(JetStreamNetworkTest, AStreamThatSomebodyDeletedIsAnErrorAndNoEmptyStore) {
  const auto store = Open(direct_);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  auto admin = NatsAdmin::Connect({server_->url()});
  ASSERT_TRUE(IsOk(admin));
  const JetStreamNames names(direct_);
  ASSERT_TRUE(IsOk((*admin)->DiscardStream(names.latest_stream)));
  ASSERT_TRUE(IsOk((*admin)->DiscardStream(names.events_stream)));
  // It is gone some time after it was asked for.
  std::int64_t version = 1;
  ASSERT_TRUE(Eventually([&] {
    return !store->SaveEvent(MakeEvent("a", ++version)) && !store->GetLatestVersion("a") &&
           !store->GetEvents("a", 0);
  }));
  const auto read = store->GetEvents("a", 0);
  const auto latest = store->GetLatestVersion("a");
  const auto saved = store->SaveEvent(MakeEvent("a", version + 1));
  ASSERT_FALSE(read);
  ASSERT_FALSE(latest);
  ASSERT_FALSE(saved);
  for (const StoreError& error : {read.error(), latest.error(), saved.error()}) {
    EXPECT_NE(error.code(), ErrorCode::kVersionConflict) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(names.events_stream)) << ErrorCodeName(error.code());
  }
}

}  // namespace
}  // namespace aether::jetstream
