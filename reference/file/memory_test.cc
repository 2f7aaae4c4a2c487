// Calls that run out of memory, at each place where they ask for some: what they answer is true, and no
// other call hangs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <new>
#include <thread>
#include <vector>

#include "test_support.h"

namespace {

// How many allocations of this thread succeed before one fails, or all that follow; negative: no limit.
thread_local long allocations_left = -1;
thread_local bool only_one_fails = false;

// While this is set, every allocation of threads that are not exempt fails, and is counted.
std::atomic<bool> others_fail = false;
std::atomic<int> failures_of_others = 0;
thread_local bool exempt = false;

bool Fails() {
  if (others_fail && !exempt) {
    ++failures_of_others;
    failures_of_others.notify_all();
    return true;
  }
  if (allocations_left < 0) return false;
  if (allocations_left > 0) {
    --allocations_left;
    return false;
  }
  if (only_one_fails) allocations_left = -1;
  return true;
}

}  // namespace

void* operator new(std::size_t size) {
  void* const memory = Fails() ? nullptr : std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace aether::file {
namespace {

// Makes `call` with so much memory, and says whether that was too little.
bool RunsOut(long allocations, bool only_one, const std::function<void()>& call) {
  allocations_left = allocations;
  only_one_fails = only_one;
  call();
  const bool ran_out = only_one ? allocations_left < 0 : allocations_left == 0;
  allocations_left = -1;
  return ran_out;
}

class Memory : public FileStoreFixture, public testing::WithParamInterface<bool> {
 protected:
  Memory() { env_.SkipSyncs(); }

  bool only_one() const { return GetParam(); }
};

// Whether the event is there agrees with what its save was told.
void ExpectTrue(const Result<void>& told, const std::vector<std::int64_t>& versions, std::int64_t version) {
  const bool there = std::find(versions.begin(), versions.end(), version) != versions.end();
  if (told) {
    EXPECT_TRUE(there);
  } else if (told.error().code() != ErrorCode::kOutcomeUnknown) {
    EXPECT_FALSE(there) << told.error().message();
  }
}

TEST_P(Memory, ASaveThatRunsOutOfItTellsTheTruthAndBlocksNoOther) {
  bool ran_out = true;
  for (long allocations = 0; ran_out; ++allocations) {
    SCOPED_TRACE(allocations);
    ASSERT_LT(allocations, 200);
    std::filesystem::remove(log_path());
    std::filesystem::remove(index_path());
    Open();
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
    const Event event = MakeEvent("b", 1, std::string(100, 'x'));
    Result<void> told;
    ran_out = RunsOut(allocations, only_one(), [&] { told = store_->SaveEvent(event); });
    ExpectTrue(told, VersionsIn(*store_, "b"), 1);
    // Trying again is safe, and the other threads' saves go on.
    Result<void> again;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { again = store_->SaveEvent(event); });
    std::vector<Result<void>> others(2);
    for (std::size_t i = 0; i < others.size(); ++i) {
      threads.emplace_back([&, i] { others[i] = store_->SaveEvent(MakeEvent(std::to_string(i), 1)); });
    }
    for (auto& thread : threads) thread.join();
    if (told || again) {
      EXPECT_THAT(VersionsIn(*store_, "b"), testing::ElementsAre(1));
    }
    if (told) {
      EXPECT_EQ(CodeOf(again), ErrorCode::kVersionConflict);
    }
    Open();
    if (told || again) {
      EXPECT_THAT(VersionsIn(*store_, "b"), testing::ElementsAre(1));
    }
    ExpectTrue(others[0], VersionsIn(*store_, "0"), 1);
    ExpectTrue(others[1], VersionsIn(*store_, "1"), 1);
    EXPECT_EQ(store_->recovery(), FileStoreRecovery());
    Close();
  }
}

// Whatever the failed flush could not say for lack of memory, nobody saves behind it.
TEST_P(Memory, AFlushThatFailsWithoutItIsTheLastOne) {
  bool ran_out = true;
  int failed_flushes = 0;
  for (long allocations = 0; ran_out; ++allocations) {
    SCOPED_TRACE(allocations);
    ASSERT_LT(allocations, 2000);
    Open();
    const Event event = MakeEvent("actor " + std::to_string(allocations), 1);
    const int syncs = env_.sync_count;
    env_.NextSync(EIO);
    Result<void> outcome;
    ran_out = RunsOut(allocations, only_one(), [&] { outcome = store_->SaveEvent(event); });
    EXPECT_FALSE(outcome);
    if (env_.sync_count > syncs) {
      ++failed_flushes;
      EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("b", allocations + 1))), ErrorCode::kStorageFailed);
    }
    env_.ClearFaults();
  }
  EXPECT_GT(failed_flushes, 1);
}

TEST_P(Memory, OpeningReadingAndClosingRunOutOfItWithAnError) {
  Open();
  for (int version = 1; version <= 70; ++version) {
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version))));
  }
  ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 70))));
  Close();
  FileStoreOptions options;
  options.env = &env_;
  bool ran_out = true;
  for (long allocations = 0; ran_out; ++allocations) {
    SCOPED_TRACE(allocations);
    ASSERT_LT(allocations, 2000);
    if (allocations % 2 == 0) std::filesystem::remove(index_path());
    const Event event = MakeEvent("b", allocations + 1);
    ran_out = RunsOut(allocations, only_one(), [&] {
      auto opened = FileStore::Open(directory_.path(), options);
      if (!opened) return;
      const auto events = (*opened)->GetEvents("a", 0);
      const auto snapshot = (*opened)->GetLatestSnapshot("a");
      const auto saved = (*opened)->SaveEvent(event);
      const auto closed = (*opened)->Close();
    });
    Open();
    EXPECT_EQ(VersionsIn(*store_, "a").size(), 70u);
    EXPECT_EQ(*store_->GetLatestSnapshot("a"), MakeSnapshot("a", 70));
    Close();
  }
}

TEST_P(Memory, SavesOfManyThreadsThatRunOutOfItTellTheTruth) {
  constexpr int kSaves = 60;
  Open();
  std::vector<std::vector<Result<void>>> told(4);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < told.size(); ++i) {
    threads.emplace_back([&, i] {
      for (int version = 1; version <= kSaves; ++version) {
        const Event event = MakeEvent("actor " + std::to_string(i), version);
        Result<void> outcome;
        RunsOut(version % 7 == 0 ? version % 5 : -1, only_one(),
                [&] { outcome = store_->SaveEvent(event); });
        told[i].push_back(outcome);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < told.size(); ++i) {
      const auto versions = VersionsIn(*store_, "actor " + std::to_string(i));
      for (int version = 1; version <= kSaves; ++version) {
        ExpectTrue(told[i][static_cast<std::size_t>(version) - 1], versions, version);
      }
    }
    Open();
  }
}

class NoticesWithoutMemory : public FileStoreFixture {};

TEST_F(NoticesWithoutMemory, ComeWhenThereIsSomeAgain) {
  exempt = true;
  Open();
  std::mutex mutex;
  std::condition_variable came;
  std::vector<std::int64_t> versions;
  const auto subscription = store_->Subscribe([&](const EventStored& notice) {
    const std::lock_guard lock(mutex);
    versions.push_back(notice.version);
    came.notify_all();
  });
  ASSERT_TRUE(IsOk(subscription));
  others_fail = true;
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  failures_of_others.wait(0);
  others_fail = false;
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  std::unique_lock lock(mutex);
  came.wait(lock, [&] { return versions.size() >= 2; });
  EXPECT_THAT(versions, testing::ElementsAre(1, 2));
}

INSTANTIATE_TEST_SUITE_P(Out, Memory, testing::Bool(), [](const auto& only_one) {
  return std::string(only_one.param ? "Once" : "ForGood");
});

}  // namespace
}  // namespace aether::file
