// What the JetStream store promises beyond the rules that the conformance kit checks, or close to the
// server.

#include "aether/jetstream_store.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "jetstream_adapter.h"
#include "nats_client.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class JetStreamStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = NatsServer::Shared();
    ASSERT_TRUE(IsOk(server));
    server_ = *server;
    options_ = OptionsFor(*server_);
  }

  std::unique_ptr<JetStreamStore> Open() {
    auto store = JetStreamStore::Open(options_);
    EXPECT_TRUE(IsOk(store));
    return store ? *std::move(store) : nullptr;
  }

  // Puts bytes on the actor's subject, as anybody could.
  std::uint64_t Inject(const std::string& actor, std::string_view bytes) {
    const auto sequence = server_->Publish(JetStreamNames(options_).EventSubject(actor), bytes);
    EXPECT_TRUE(IsOk(sequence));
    return sequence ? *sequence : 0;
  }

  NatsServer* server_ = nullptr;
  JetStreamOptions options_;
};

TEST_F(JetStreamStoreTest, ASecondConnectionReadsAndConflicts) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_TRUE(IsOk(first->SaveEvent(MakeEvent("a", 1))));
  EXPECT_THAT(VersionsOf(*second->GetEvents("a", 0)), ElementsAre(1));
  const auto refused = second->SaveEvent(MakeEvent("a", 1, "other"));
  ASSERT_TRUE(FailsWith(ErrorCode::kVersionConflict, refused));
  EXPECT_EQ(*refused.error().conflict(), (VersionConflict{"a", 1, 1}));
}

TEST_F(JetStreamStoreTest, AHandleThatHasFallenBehindConflictsWithTheTrueVersion) {
  const auto first = Open();
  const auto second = Open();
  ASSERT_TRUE(IsOk(first->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(second->SaveEvent(MakeEvent("a", 7))));
  const auto refused = first->SaveEvent(MakeEvent("a", 2));
  ASSERT_TRUE(FailsWith(ErrorCode::kVersionConflict, refused));
  EXPECT_EQ(*refused.error().conflict(), (VersionConflict{"a", 2, 7}));
  // Behind it may be, but above the latest version it is not refused.
  ASSERT_TRUE(IsOk(second->SaveEvent(MakeEvent("a", 8))));
  EXPECT_TRUE(IsOk(first->SaveEvent(MakeEvent("a", 9))));
}

TEST_F(JetStreamStoreTest, OfEightConnectionsRacingForAVersionOneWins) {
  constexpr int kWriters = 8;
  std::vector<std::unique_ptr<JetStreamStore>> stores;
  for (int i = 0; i < kWriters; ++i) stores.push_back(Open());
  for (std::int64_t version = 1; version <= 20; ++version) {
    std::atomic<int> winner{-1};
    std::atomic<int> wins{0};
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i) {
      writers.emplace_back([&, i] {
        const auto saved = stores[i]->SaveEvent(MakeEvent("a", version, "writer-" + std::to_string(i)));
        if (saved) {
          ++wins;
          winner = i;
        } else {
          EXPECT_TRUE(FailsWith(ErrorCode::kVersionConflict, saved));
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
    ASSERT_EQ(wins, 1);
    const auto stored = stores[0]->GetEvents("a", version);
    ASSERT_TRUE(IsOk(stored));
    ASSERT_THAT(*stored, SizeIs(1));
    EXPECT_EQ((*stored)[0]->id, "writer-" + std::to_string(winner));
  }
}

TEST_F(JetStreamStoreTest, TenThousandEventsAreReadWhole) {
  const auto store = Open();
  constexpr std::int64_t kCount = 10'000;
  for (std::int64_t version = 1; version <= kCount; ++version) {
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("long", version))));
    if (version % 100 != 0) continue;
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("other", version))));
  }
  const auto start = std::chrono::steady_clock::now();
  const auto all = store->GetEventsWithErrors("long", 0);
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(IsOk(all));
  EXPECT_FALSE(all->HasErrors());
  ASSERT_THAT(all->events, SizeIs(kCount));
  for (std::int64_t i = 0; i < kCount; ++i) ASSERT_EQ(*all->events[i], MakeEvent("long", i + 1));
  RecordProperty("read_ms",
                 static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
}

TEST_F(JetStreamStoreTest, FromVersionIsInclusiveWhereverItPoints) {
  const auto store = Open();
  std::vector<std::int64_t> versions;
  for (std::int64_t version = 3; version <= 120; version += 3) {
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("gaps", version))));
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("between", version))));
    if (version % 30 == 0) Inject("gaps", "no event");
    versions.push_back(version);
  }
  for (std::int64_t from = -1; from <= 122; ++from) {
    std::vector<std::int64_t> expected;
    for (const std::int64_t version : versions) {
      if (version >= from) expected.push_back(version);
    }
    const auto read = store->GetEvents("gaps", from);
    ASSERT_TRUE(IsOk(read));
    ASSERT_EQ(VersionsOf(*read), expected) << "from " << from;
  }
}

TEST_F(JetStreamStoreTest, TheEndOfAnActorIsReadWithTheRecordsOfOthersInIt) {
  const auto store = Open();
  std::vector<std::uint64_t> injected;
  for (std::int64_t version = 1; version <= 20; ++version) {
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", version))));
    if (version == 18) injected.push_back(Inject("a", "no event"));
  }
  for (std::int64_t from = 12; from <= 21; ++from) {
    std::vector<std::int64_t> expected;
    for (std::int64_t version = from; version <= 20; ++version) expected.push_back(version);
    const auto read = store->GetEventsWithErrors("a", from);
    ASSERT_TRUE(IsOk(read));
    EXPECT_EQ(VersionsOf(read->events), expected) << "from " << from;
    ASSERT_THAT(read->errors, SizeIs(from <= 18 ? 1 : 0)) << "from " << from;
    if (from <= 18) {
      EXPECT_EQ(read->errors[0].sequence_number, injected[0]);
    }
  }
}

TEST_F(JetStreamStoreTest, RecordsOfOthersAreReportedAndHinderNobody) {
  const auto store = Open();
  const std::uint64_t first = Inject("a", "{\"id\":");
  ASSERT_EQ(*store->GetLatestVersion("a"), 0);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 5))));
  const std::uint64_t second = Inject("a", "");
  EXPECT_EQ(*store->GetLatestVersion("a"), 5);
  EXPECT_TRUE(FailsWith(ErrorCode::kVersionConflict, store->SaveEvent(MakeEvent("a", 5))));
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 6))));

  const auto read = store->GetEventsWithErrors("a", 0);
  ASSERT_TRUE(IsOk(read));
  EXPECT_THAT(VersionsOf(read->events), ElementsAre(5, 6));
  ASSERT_THAT(read->errors, SizeIs(2));
  EXPECT_EQ(read->errors[0].sequence_number, first);
  EXPECT_EQ(read->errors[0].raw_data, "{\"id\":");
  EXPECT_EQ(read->errors[1].sequence_number, second);
  EXPECT_EQ(read->errors[1].raw_data, "");
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(5, 6));
}

TEST_F(JetStreamStoreTest, ManyRecordsOfOthersAloneLeaveTheLatestVersionAtZero) {
  const auto store = Open();
  for (int i = 0; i < 9; ++i) Inject("a", "of somebody else");
  EXPECT_EQ(*store->GetLatestVersion("a"), 0);
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 1))));
  for (int i = 0; i < 9; ++i) Inject("a", "of somebody else");
  EXPECT_EQ(*store->GetLatestVersion("a"), 1);
  EXPECT_THAT(VersionsOf(*store->GetEvents("a", 0)), ElementsAre(1));
}

TEST_F(JetStreamStoreTest, ASoundEventOfNoEventStoreIsReportedToo) {
  const auto store = Open();
  Inject(
      "a",
      R"({"id":"x","eventType":"T","actorId":"a","version":9,"data":{},"timestamp":"2026-01-01T00:00:00Z"})");
  EXPECT_EQ(*store->GetLatestVersion("a"), 0);
  const auto read = store->GetEventsWithErrors("a", 0);
  ASSERT_THAT(read->errors, SizeIs(1));
  EXPECT_THAT(read->errors[0].cause, HasSubstr("Aether-Stamp"));
}

TEST_F(JetStreamStoreTest, AnEventOverTheServersLimitIsRefusedBeforeAnythingIsStored) {
  const auto store = Open();
  Event event = MakeEvent("a", 1);
  event.data = JsonObject::Trusted("{\"text\":\"" + std::string(1 << 20, 'x') + "\"}");
  const auto refused = store->SaveEvent(event);
  ASSERT_TRUE(FailsWith(ErrorCode::kInvalidEvent, refused));
  EXPECT_EQ(refused.error().field(), "data");
  EXPECT_EQ(*store->GetLatestVersion("a"), 0);

  event.data = JsonObject::Trusted("{\"text\":\"" + std::string((1 << 20) - 1000, 'x') + "\"}");
  ASSERT_TRUE(IsOk(store->SaveEvent(event)));
  EXPECT_EQ(*store->GetEvents("a", 1)->at(0), event);
}

TEST_F(JetStreamStoreTest, ManyLargeEventsAreReadWhole) {
  const auto store = Open();
  constexpr int kCount = 100;
  for (int version = 1; version <= kCount; ++version) {
    Event event = MakeEvent("a", version);
    event.data = JsonObject::Trusted("{\"text\":\"" + std::string(1'000'000, 'x') + "\"}");
    ASSERT_TRUE(IsOk(store->SaveEvent(event)));
  }
  const auto read = store->GetEvents("a", 0);
  ASSERT_TRUE(IsOk(read));
  EXPECT_THAT(*read, SizeIs(kCount));
}

TEST_F(JetStreamStoreTest, LongAndHostileActorIdsStayApart) {
  const auto store = Open();
  const std::string long_id(1'000, 'x');
  const std::vector<std::string> ids = {
      "a.b", "a b", "a_b", "A_b", "a*", "a>", "a=2E",        "\r\nPUB x 0\r\n",
      "*",   ">",   "$JS", "..",  " ",  "ä",  long_id + "1", long_id + "2"};
  std::int64_t version = 0;
  for (const std::string& id : ids) ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent(id, ++version))));
  version = 0;
  for (const std::string& id : ids)
    EXPECT_THAT(VersionsOf(*store->GetEvents(id, 0)), ElementsAre(++version)) << id;
}

TEST_F(JetStreamStoreTest, ASnapshotThatIsNoneIsCorruptAndCanBeReplaced) {
  const auto store = Open();
  ASSERT_TRUE(IsOk(server_->Publish(JetStreamNames(options_).SnapshotSubject("a"), "no snapshot")));
  EXPECT_TRUE(FailsWith(ErrorCode::kCorrupt, store->GetLatestSnapshot("a")));
  const ActorSnapshot snapshot{"a", 3, JsonObject::Trusted("{\"sum\":6}"), {1, 0}};
  ASSERT_TRUE(IsOk(store->SaveSnapshot(snapshot)));
  EXPECT_EQ(**store->GetLatestSnapshot("a"), snapshot);
}

TEST_F(JetStreamStoreTest, ASnapshotOverTheServersLimitNamesTheState) {
  const auto store = Open();
  const ActorSnapshot snapshot{
      "a", 3, JsonObject::Trusted("{\"text\":\"" + std::string(1 << 20, 'x') + "\"}"), {1, 0}};
  const auto refused = store->SaveSnapshot(snapshot);
  ASSERT_TRUE(FailsWith(ErrorCode::kInvalidEvent, refused));
  EXPECT_EQ(refused.error().field(), "state");
}

TEST_F(JetStreamStoreTest, OfRacingSnapshotsTheHighestStays) {
  std::vector<std::thread> writers;
  for (int i = 1; i <= 8; ++i) {
    writers.emplace_back([this, i] {
      const auto store = Open();
      ASSERT_NE(store, nullptr);
      EXPECT_TRUE(IsOk(store->SaveSnapshot({"a", i, JsonObject(), {i, 0}})));
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ((**Open()->GetLatestSnapshot("a")).version, 8);
}

class Notices {
 public:
  EventStoredCallback Callback() {
    return [this](const EventStored& notice) {
      const std::lock_guard lock(mutex_);
      versions_.push_back(notice.version);
    };
  }
  std::vector<std::int64_t> Versions() const {
    const std::lock_guard lock(mutex_);
    return versions_;
  }
  bool Await(std::size_t count) const {
    return Eventually([&] { return Versions().size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::int64_t> versions_;
};

TEST_F(JetStreamStoreTest, NoticesCrossConnectionsInOrderAndSkipWhatIsNoEvent) {
  const auto saver = Open();
  const auto listener = Open();
  ASSERT_TRUE(IsOk(saver->SaveEvent(MakeEvent("a", 1))));
  Notices notices;
  const auto subscription = listener->Subscribe(notices.Callback());
  ASSERT_TRUE(IsOk(subscription));
  ASSERT_TRUE(IsOk(saver->SaveEvent(MakeEvent("a", 2))));
  Inject("a", "no event");
  EXPECT_FALSE(saver->SaveEvent(MakeEvent("a", 2)));
  ASSERT_TRUE(IsOk(saver->SaveEvent(MakeEvent("a", 4))));
  ASSERT_TRUE(notices.Await(2));
  EXPECT_THAT(notices.Versions(), ElementsAre(2, 4));
}

TEST_F(JetStreamStoreTest, ACallbackMayReadThrowAndEndItsOwnSubscription) {
  const auto store = Open();
  std::mutex mutex;
  std::unique_ptr<Subscription> subscription;
  std::atomic<int> calls{0};
  auto subscribed = store->Subscribe([&](const EventStored& notice) {
    EXPECT_EQ(store->GetEvents("a", notice.version)->at(0)->version, notice.version);
    if (++calls == 2) {
      const std::lock_guard guard(mutex);
      subscription.reset();
    }
    throw std::runtime_error("callback");
  });
  ASSERT_TRUE(IsOk(subscribed));
  {
    const std::lock_guard guard(mutex);
    subscription = *std::move(subscribed);
  }
  for (int version = 1; version <= 3; ++version)
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", version))));
  ASSERT_TRUE(Eventually([&] {
    const std::lock_guard guard(mutex);
    return subscription == nullptr;
  }));
  Notices fence;
  const auto other = store->Subscribe(fence.Callback());
  ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", 4))));
  ASSERT_TRUE(fence.Await(1));
  EXPECT_EQ(calls, 2);
}

TEST_F(JetStreamStoreTest, ACallbackMayCloseTheStore) {
  const auto store = Open();
  const auto other = Open();
  std::atomic<bool> closed{false};
  const auto subscription = store->Subscribe([&](const EventStored&) {
    EXPECT_TRUE(IsOk(store->Close()));
    closed = true;
  });
  ASSERT_TRUE(IsOk(other->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(Eventually([&] { return closed.load(); }));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->GetLatestVersion("a")));
  EXPECT_TRUE(IsOk(other->GetLatestVersion("a")));
}

TEST_F(JetStreamStoreTest, ASubscriptionMayOutliveItsStore) {
  auto store = Open();
  auto subscription = store->Subscribe([](const EventStored&) {});
  ASSERT_TRUE(IsOk(subscription));
  store.reset();
  subscription->reset();
}

TEST_F(JetStreamStoreTest, AClosedStoreAnswersClosed) {
  const auto store = Open();
  ASSERT_TRUE(IsOk(store->Close()));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->SaveEvent(MakeEvent("a", 1))));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->GetEvents("a", 0)));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->GetLatestSnapshot("a")));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->Subscribe([](const EventStored&) {})));
  EXPECT_TRUE(FailsWith(ErrorCode::kClosed, store->Close()));
}

TEST_F(JetStreamStoreTest, ReadersLeaveNothingOnTheServer) {
  const auto store = Open();
  for (int version = 1; version <= 20; ++version)
    ASSERT_TRUE(IsOk(store->SaveEvent(MakeEvent("a", version))));
  auto subscription = *store->Subscribe([](const EventStored&) {});
  for (int i = 0; i < 5; ++i) ASSERT_THAT(*store->GetEvents("a", 0), SizeIs(20));
  subscription.reset();
  const auto connection = Connection::Open(options_);
  ASSERT_TRUE(IsOk(connection));
  const std::string stream = JetStreamNames(options_).events_stream;
  // Sooner than the server would drop idle consumers by itself.
  EXPECT_TRUE(Eventually([&] {
    jsStreamInfo* info = nullptr;
    (void)js_GetStreamInfo(&info, (*connection)->js(), stream.c_str(), nullptr, nullptr);
    const StreamInfoPtr owned(info);
    return info != nullptr && info->State.Consumers == 0;
  }));
}

}  // namespace
}  // namespace aether::jetstream
