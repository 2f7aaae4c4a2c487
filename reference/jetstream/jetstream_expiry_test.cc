// Events expire by age; versions do not.

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "nats_client.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::chrono::milliseconds kAge{400};

class JetStreamExpiryTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_TRUE(IsOk(server));
    server_ = *std::move(server);
    options_ = OptionsFor(*server_);
    options_.max_age = kAge;
    store_ = Open();
    ASSERT_NE(store_, nullptr);
  }

  std::unique_ptr<JetStreamStore> Open() {
    auto store = JetStreamStore::Open(options_);
    EXPECT_TRUE(IsOk(store));
    return store ? *std::move(store) : nullptr;
  }

  bool AwaitExpiry(const std::string& actor) {
    return Eventually([&] {
      const auto events = store_->GetEvents(actor, 0);
      return events && events->empty();
    });
  }

  std::unique_ptr<NatsServer> server_;
  JetStreamOptions options_;
  std::unique_ptr<JetStreamStore> store_;
};

TEST_F(JetStreamExpiryTest, TheLatestVersionOutlivesTheEvents) {
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 7))));
  ASSERT_TRUE(AwaitExpiry("a"));
  EXPECT_EQ(*store_->GetLatestVersion("a"), 7);
  const auto other = Open();
  EXPECT_EQ(*other->GetLatestVersion("a"), 7);
  const auto refused = other->SaveEvent(MakeEvent("a", 7, "again"));
  ASSERT_TRUE(FailsWith(ErrorCode::kVersionConflict, refused));
  EXPECT_EQ(refused.error().conflict()->current_version, 7);
}

TEST_F(JetStreamExpiryTest, SavesGoOnAfterExpiryAgainAndAgain) {
  std::int64_t version = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", ++version))));
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("new-" + std::to_string(round), 1))));
    const auto read = store_->GetEventsWithErrors("a", 0);
    ASSERT_TRUE(IsOk(read));
    EXPECT_THAT(read->errors, IsEmpty());
    ASSERT_TRUE(AwaitExpiry("a"));
    ASSERT_EQ(*store_->GetLatestVersion("a"), version);
  }
}

TEST_F(JetStreamExpiryTest, AHandleThatSleptThroughExpirySavesOn) {
  const auto other = Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(other->SaveEvent(MakeEvent("a", 2))));
  ASSERT_TRUE(AwaitExpiry("a"));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
  EXPECT_TRUE(FailsWith(ErrorCode::kVersionConflict, other->SaveEvent(MakeEvent("a", 3))));
  EXPECT_TRUE(IsOk(other->SaveEvent(MakeEvent("a", 4))));
}

TEST_F(JetStreamExpiryTest, WhatIsLeftIsASuffixAndNoLoss) {
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(AwaitExpiry("a"));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
  const auto read = store_->GetEventsWithErrors("a", 0);
  ASSERT_TRUE(IsOk(read));
  EXPECT_THAT(VersionsOf(read->events), ElementsAre(2, 3));
  EXPECT_THAT(read->errors, IsEmpty());
}

TEST_F(JetStreamExpiryTest, OfEightRacingWritersAfterExpiryOneWins) {
  constexpr int kWriters = 8;
  std::vector<std::unique_ptr<JetStreamStore>> stores;
  for (int i = 0; i < kWriters; ++i) stores.push_back(Open());
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(AwaitExpiry("a"));
  std::atomic<int> wins{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] {
      const auto saved = stores[i]->SaveEvent(MakeEvent("a", 2, "writer-" + std::to_string(i)));
      if (saved) {
        ++wins;
      } else {
        EXPECT_TRUE(FailsWith(ErrorCode::kVersionConflict, saved));
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(wins, 1);
  EXPECT_THAT(*store_->GetEvents("a", 2), SizeIs(1));
}

TEST_F(JetStreamExpiryTest, VersionsSurviveAServerThatWasKilledAfterExpiry) {
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 5))));
  ASSERT_TRUE(AwaitExpiry("a"));
  ASSERT_TRUE(IsOk(server_->Kill()));
  ASSERT_TRUE(IsOk(server_->Restart()));
  ASSERT_TRUE(Eventually([&] { return store_->GetLatestVersion("a").has_value(); }));
  EXPECT_EQ(*store_->GetLatestVersion("a"), 5);
  EXPECT_TRUE(FailsWith(ErrorCode::kVersionConflict, store_->SaveEvent(MakeEvent("a", 5))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 6))));
  ASSERT_TRUE(AwaitExpiry("a"));
  EXPECT_EQ(*store_->GetLatestVersion("a"), 6);
}

TEST_F(JetStreamExpiryTest, ARecordOfOthersDoesNotHideTheLatestVersion) {
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 5))));
  ASSERT_TRUE(IsOk(server_->Publish(JetStreamNames(options_).EventSubject("a"), "no event")));
  ASSERT_TRUE(Eventually([&] {
    const auto read = store_->GetEventsWithErrors("a", 0);
    return read && read->events.empty() && read->errors.empty();
  }));
  EXPECT_EQ(*store_->GetLatestVersion("a"), 5);
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 6))));
}

TEST_F(JetStreamExpiryTest, AVersionThatCannotBeKnownIsCorruptNotZero) {
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 5))));
  const std::string subject = JetStreamNames(options_).EventSubject("a");
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(IsOk(server_->Publish(subject, "no event")));
  ASSERT_TRUE(Eventually([&] {
    const auto read = store_->GetEventsWithErrors("a", 0);
    return read && read->events.empty() && read->errors.empty();
  }));
  EXPECT_TRUE(FailsWith(ErrorCode::kCorrupt, store_->GetLatestVersion("a")));
  EXPECT_TRUE(FailsWith(ErrorCode::kCorrupt, store_->SaveEvent(MakeEvent("a", 6))));
}

// It may stay behind for long when its server was killed. While nothing has expired it tells nothing that the
// events do not.
TEST_F(JetStreamExpiryTest, AMirrorThatLagsHoldsNobodyBeforeTheFirstExpiry) {
  options_ = OptionsFor(*server_);
  options_.max_age = std::chrono::hours(1);
  options_.prefix += "_young";
  const auto store = Open();
  const auto connection = Connection::Open(options_);
  const std::string latest = JetStreamNames(options_).latest_stream;
  ASSERT_EQ(js_DeleteStream((*connection)->js(), latest.c_str(), nullptr, nullptr), NATS_OK);
  jsStreamConfig config;  // one that nothing comes to
  jsStreamConfig_Init(&config);
  config.Name = latest.c_str();
  config.AllowDirect = true;
  ASSERT_EQ(js_AddStream(nullptr, (*connection)->js(), &config, nullptr, nullptr), NATS_OK);
  ASSERT_TRUE(IsOk(server_->Publish(JetStreamNames(options_).EventSubject("other"), "no event")));
  EXPECT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_EQ(*store->GetLatestVersion("b"), 0);
}

TEST_F(JetStreamExpiryTest, WithoutAnAgeNothingIsMirrored) {
  options_ = OptionsFor(*server_);
  options_.max_age = std::chrono::milliseconds(0);
  const auto store = Open();
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_EQ(*store->GetLatestVersion("a"), 1);
  const auto connection = Connection::Open(options_);
  jsStreamInfo* info = nullptr;
  jsErrCode code = kNoJsError;
  (void)js_GetStreamInfo(&info, (*connection)->js(), JetStreamNames(options_).latest_stream.c_str(),
                         nullptr, &code);
  EXPECT_EQ(code, JSStreamNotFoundErr);
}

}  // namespace
}  // namespace aether::jetstream
