// MemoryStore: what the conformance suite does not look at.

#include "aether/memory_store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace aether {
namespace {

Event MakeEvent(std::string actor, std::int64_t version) {
  Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "Happened";
  event.actor_id = std::move(actor);
  event.version = version;
  return event;
}

TEST(MemoryStoreTest, ReplayHandsOutTheStoredEventsThemselves) {
  MemoryStore store;
  ASSERT_TRUE(store.SaveEvent(MakeEvent("a", 1)));
  EXPECT_EQ(store.GetEvents("a", 0)->at(0), store.GetEvents("a", 0)->at(0));
}

TEST(MemoryStoreTest, ChangingASavedEventLeavesTheStoredOneAlone) {
  MemoryStore store;
  Event event = MakeEvent("a", 1);
  event.metadata = {{"k", "v"}};
  const Event saved = event;
  ASSERT_TRUE(store.SaveEvent(event));
  event.metadata.Set("k", "changed");
  event.data = *JsonObject::Parse(R"({"changed":true})");
  EXPECT_EQ(*store.GetEvents("a", 0)->at(0), saved);
}

TEST(MemoryStoreTest, StorageLivesAsLongAsAnyHandle) {
  auto first = std::make_unique<MemoryStore>();
  ASSERT_TRUE(first->SaveEvent(MakeEvent("a", 1)));
  const auto second = first->Share();
  first.reset();
  EXPECT_EQ(*second->GetLatestVersion("a"), 1);
}

TEST(MemoryStoreTest, ClosedHandleCanBeSharedAgain) {
  MemoryStore store;
  ASSERT_TRUE(store.SaveEvent(MakeEvent("a", 1)));
  ASSERT_TRUE(store.Close());
  EXPECT_EQ(store.GetLatestVersion("a").error().code(), ErrorCode::kClosed);
  EXPECT_EQ(*store.Share()->GetLatestVersion("a"), 1);
}

TEST(MemoryStoreTest, ConflictNamesActorAndBothVersions) {
  MemoryStore store;
  ASSERT_TRUE(store.SaveEvent(MakeEvent("a", 7)));
  const auto saved = store.SaveEvent(MakeEvent("a", 7));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().conflict(), (VersionConflict{"a", 7, 7}));
  EXPECT_EQ(saved.error().message(), R"(version conflict: actor "a" has version 7, cannot save version 7)");
}

// Counts notices, for a condition to be waited for.
class Counter {
 public:
  void Add() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  bool WaitFor(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return count_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int count_ = 0;
};

TEST(MemoryStoreTest, SubscriptionMayEndItselfInItsCallback) {
  MemoryStore store;
  Counter counter;
  std::unique_ptr<Subscription> subscription;
  std::mutex mutex;
  {
    const std::lock_guard lock(mutex);
    subscription = *store.Subscribe([&](const EventStored&) {
      const std::lock_guard guard(mutex);
      subscription.reset();
      counter.Add();
    });
  }
  ASSERT_TRUE(store.SaveEvent(MakeEvent("a", 1)));
  ASSERT_TRUE(store.SaveEvent(MakeEvent("a", 2)));
  EXPECT_TRUE(counter.WaitFor(1));
}

TEST(MemoryStoreTest, ClosingTheHandleEndsItsSubscriptions) {
  MemoryStore store;
  const auto other = store.Share();
  Counter ended;
  Counter lasting;
  const auto first = *store.Subscribe([&](const EventStored&) { ended.Add(); });
  const auto second = *other->Subscribe([&](const EventStored&) { lasting.Add(); });
  ASSERT_TRUE(store.Close());
  ASSERT_TRUE(other->SaveEvent(MakeEvent("a", 1)));
  EXPECT_TRUE(lasting.WaitFor(1));
}

TEST(MemoryStoreTest, WritersOfManyActorsLoseNothing) {
  MemoryStore store;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&store, writer] {
      for (int i = 1; i <= 500; ++i) {
        EXPECT_TRUE(store.SaveEvent(MakeEvent("actor-" + std::to_string(writer * 10 + i % 10), i)));
      }
    });
  }
  for (auto& writer : writers) writer.join();
  for (int writer = 0; writer < 4; ++writer) {
    for (int i = 0; i < 10; ++i) {
      EXPECT_EQ(store.GetEvents("actor-" + std::to_string(writer * 10 + i), 0)->size(), 50U);
    }
  }
}

}  // namespace
}  // namespace aether
