// Notices: what a subscription sees, and what it cannot hinder.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "file_store_seam.h"
#include "test_support.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::chrono::seconds kLimit(60);

// What a callback was told.
class Inbox {
 public:
  EventStoredCallback Callback() {
    return [this](const EventStored& notice) { Add(notice); };
  }

  void Add(const EventStored& notice) {
    std::lock_guard lock(mutex_);
    notices_.push_back(notice);
    changed_.notify_all();
  }

  // The versions told, once there are `count`.
  std::vector<std::int64_t> Versions(std::size_t count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kLimit, [&] { return notices_.size() >= count; }));
    std::vector<std::int64_t> versions;
    for (const auto& notice : notices_) versions.push_back(notice.version);
    return versions;
  }

  std::vector<EventStored> notices() {
    std::lock_guard lock(mutex_);
    return notices_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<EventStored> notices_;
};

// Lets nobody through until opened.
class Barrier {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, kLimit, [&] { return open_; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class Notices : public FileStoreFixture {
 protected:
  void SetUp() override { Open(); }

  void Save(std::int64_t version) { ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version)))); }

  std::unique_ptr<Subscription> Subscribe(EventStoredCallback callback) {
    auto subscription = store_->Subscribe(std::move(callback));
    EXPECT_TRUE(IsOk(subscription));
    return *std::move(subscription);
  }

  Inbox inbox_;
};

TEST_F(Notices, CarryTheFourFactsOfEachSaveInOrder) {
  Save(1);
  const auto subscription = Subscribe(inbox_.Callback());
  Save(2);
  Save(5);
  EXPECT_THAT(inbox_.Versions(2), ElementsAre(2, 5));
  EXPECT_EQ(inbox_.notices()[0], EventStored::Of(MakeEvent("a", 2)));
}

TEST_F(Notices, TellOfTheSavesOfEveryHandle) {
  const auto subscription = Subscribe(inbox_.Callback());
  const auto other = store_->Share();
  ASSERT_TRUE(IsOk(other->SaveEvent(MakeEvent("a", 1))));
  EXPECT_THAT(inbox_.Versions(1), ElementsAre(1));
}

TEST_F(Notices, AreOfStoredEventsOnly) {
  const auto subscription = Subscribe(inbox_.Callback());
  Save(1);
  EXPECT_FALSE(store_->SaveEvent(MakeEvent("a", 1)));
  EXPECT_FALSE(store_->SaveEvent(MakeEvent("", 1)));
  ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 9))));
  ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "a", "malformed")));
  Save(2);
  EXPECT_THAT(inbox_.Versions(2), ElementsAre(1, 2));
}

TEST_F(Notices, ComeWhenTheEventCanBeRead) {
  const auto subscription = Subscribe([&](const EventStored& notice) {
    EXPECT_EQ(VersionsIn(*store_, "a").back(), notice.version);
    inbox_.Add(notice);
  });
  Save(1);
  EXPECT_THAT(inbox_.Versions(1), ElementsAre(1));
}

TEST_F(Notices, FollowWhenABlockedSubscriberGoesOn) {
  Barrier barrier;
  const auto blocked = Subscribe([&](const EventStored& notice) {
    barrier.Wait();
    inbox_.Add(notice);
  });
  Inbox swift;
  const auto unblocked = Subscribe(swift.Callback());
  const auto other = store_->Share();
  for (int version = 1; version <= 100; ++version) Save(version);
  EXPECT_EQ(swift.Versions(100).size(), 100u);
  EXPECT_THAT(inbox_.notices(), IsEmpty());
  EXPECT_TRUE(IsOk(other->Close()));
  barrier.Open();
  EXPECT_EQ(inbox_.Versions(100).back(), 100);
}

// A frame's header that cannot be read, and the rest of a frame that is longer than one read.
TEST_F(Notices, AreLateWhenReadingFailsAndNotLost) {
  std::int64_t version = 0;
  for (const int reads : {0, 1}) {
    SCOPED_TRACE(reads);
    Inbox inbox;
    const auto subscription = Subscribe(inbox.Callback());
    for (int i = 0; i < reads; ++i) env_.NextRead(0);
    env_.NextRead(EIO);
    const auto first = version + 1;
    const std::string text(reads == 0 ? 1 : 2 << 20, 'x');
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", ++version, text))));
    while (inbox.notices().empty() && version < 10'000) Save(++version);  // each is an occasion
    EXPECT_EQ(inbox.Versions(static_cast<std::size_t>(version - first + 1)).front(), first);
  }
}

TEST_F(Notices, GoOnAfterACallbackThatThrows) {
  const auto subscription = Subscribe([&](const EventStored& notice) {
    inbox_.Add(notice);
    throw std::runtime_error("the subscriber's own affair");
  });
  Save(1);
  Save(2);
  EXPECT_THAT(inbox_.Versions(2), ElementsAre(1, 2));
}

TEST_F(Notices, EndWithTheSubscription) {
  auto subscription = Subscribe(inbox_.Callback());
  Save(1);
  EXPECT_THAT(inbox_.Versions(1), ElementsAre(1));
  subscription.reset();
  Inbox fence;
  const auto later = Subscribe(fence.Callback());
  Save(2);
  EXPECT_THAT(fence.Versions(1), ElementsAre(2));
  EXPECT_THAT(inbox_.Versions(0), ElementsAre(1));
}

TEST_F(Notices, EndWithTheHandleThatGaveThem) {
  const auto other = store_->Share();
  auto subscription = other->Subscribe(inbox_.Callback());
  ASSERT_TRUE(IsOk(subscription));
  EXPECT_TRUE(IsOk(other->Close()));
  Save(1);
  EXPECT_THAT(inbox_.notices(), IsEmpty());
}

// Also when more events wait already.
TEST_F(Notices, EndWhenTheCallbackDropsItsSubscription) {
  std::unique_ptr<Subscription> subscription;
  Barrier saved;
  Barrier dropped;
  subscription = Subscribe([&](const EventStored& notice) {
    saved.Wait();
    inbox_.Add(notice);
    if (notice.version != 2) return;
    subscription.reset();
    dropped.Open();
  });
  for (int version = 1; version <= 4; ++version) Save(version);
  saved.Open();
  dropped.Wait();
  Inbox fence;
  const auto later = Subscribe(fence.Callback());
  Save(5);
  EXPECT_THAT(fence.Versions(1), ElementsAre(5));
  EXPECT_THAT(inbox_.Versions(2), ElementsAre(1, 2));
}

TEST_F(Notices, EndWhenTheCallbackClosesItsHandle) {
  Barrier closed;
  const auto subscription = Subscribe([&](const EventStored&) {
    EXPECT_TRUE(IsOk(store_->Close()));
    closed.Open();
  });
  Save(1);
  closed.Wait();
  EXPECT_EQ(CodeOf(store_->GetLatestVersion("a")), ErrorCode::kClosed);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

TEST_F(Notices, CloseWaitsForARunningCallback) {
  Barrier running;
  Barrier barrier;
  std::atomic<bool> finished = false;
  const auto subscription = Subscribe([&](const EventStored&) {
    running.Open();
    barrier.Wait();
    finished = true;
  });
  Save(1);
  running.Wait();
  std::thread closer([&] {
    EXPECT_TRUE(IsOk(store_->Close()));
    EXPECT_TRUE(finished);
  });
  barrier.Open();
  closer.join();
}

TEST_F(Notices, ReachManySubscribersWhileManyThreadsSave) {
  constexpr int kThreads = 4;
  constexpr int kEvents = 100;
  Inbox inboxes[3];
  std::vector<std::unique_ptr<Subscription>> subscriptions;
  for (auto& inbox : inboxes) subscriptions.push_back(Subscribe(inbox.Callback()));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int version = 1; version <= kEvents; ++version) {
        ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("actor " + std::to_string(t), version))));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (auto& inbox : inboxes) {
    EXPECT_EQ(inbox.Versions(kThreads * kEvents).size(), std::size_t{kThreads * kEvents});
    std::map<std::string, std::int64_t> last;
    for (const auto& notice : inbox.notices()) EXPECT_EQ(notice.version, ++last[notice.actor_id]);
  }
}

}  // namespace
}  // namespace aether::file
