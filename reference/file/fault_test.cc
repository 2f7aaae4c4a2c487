// Storage that fails: a save says what is true, and nothing acknowledged is lost.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "test_support.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Faults : public FileStoreFixture {
 protected:
  void SetUp() override {
    Open();
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  }
};

TEST_F(Faults, AFullDiskStoresNothingAndTheNextSaveMaySucceed) {
  env_.NextWrite(ENOSPC);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kStorageFull);
  EXPECT_EQ(*store_->GetLatestVersion("a"), 1);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
  EXPECT_EQ(store_->recovery(), FileStoreRecovery());
}

TEST_F(Faults, AWriteErrorStoresNothingAndTheNextSaveMaySucceed) {
  env_.NextWrite(EIO);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kStorageFailed);
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Faults, AWriteThatFailsHalfWayLeavesNothingBehind) {
  const auto before = ReadFile(log_path()).substr(0, 1000);
  env_.MakeCallsShort(50);
  env_.NextWrite(0);
  env_.NextWrite(0);
  env_.NextWrite(0);
  env_.NextWrite(ENOSPC);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kStorageFull);
  const auto after = ReadFile(log_path());
  EXPECT_EQ(after, before.substr(0, after.size()));
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Faults, AWriteThatCannotBeTakenBackIsAnUnknownOutcome) {
  env_.NextWrite(EIO);
  env_.NextResize(EIO);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 3))), ErrorCode::kStorageFailed);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
}

TEST_F(Faults, ATakingBackThatIsNotDurableIsAnUnknownOutcome) {
  env_.NextWrite(ENOSPC);
  env_.NextSync(EIO);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kOutcomeUnknown);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 3))), ErrorCode::kStorageFailed);
}

TEST_F(Faults, AFailedFlushIsAnUnknownOutcomeThatNobodySees) {
  env_.NextSync(EIO);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kOutcomeUnknown);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
  EXPECT_EQ(*store_->GetLatestVersion("a"), 1);
}

// The flush that failed once succeeds the second time, with the data gone: it is not tried again.
TEST_F(Faults, AfterAFailedFlushSavesAreRefusedAndReadsGoOn) {
  env_.NextSync(EIO);
  ASSERT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kOutcomeUnknown);
  const int syncs = env_.sync_count;
  const auto refused = store_->SaveEvent(MakeEvent("b", 1));
  EXPECT_EQ(CodeOf(refused), ErrorCode::kStorageFailed);
  EXPECT_THAT(refused.error().message(), HasSubstr("until it is opened again"));
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 1))), ErrorCode::kVersionConflict);
  EXPECT_EQ(env_.sync_count, syncs);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
}

TEST_F(Faults, AfterAFailedFlushReopeningSettlesTheOutcome) {
  env_.NextSync(EIO);
  ASSERT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kOutcomeUnknown);
  Close();
  env_.write_count = 0;
  Open();
  EXPECT_GE(env_.write_count, 1) << "pages of a failed flush have to be written anew";
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2));
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
}

TEST_F(Faults, ATailThatCannotBeFlushedKeepsTheLogShut) {
  const std::string log = ReadFile(log_path());
  Close();
  WriteFile(log_path(), log);
  env_.NextSync(EIO);
  FileStoreOptions options;
  options.env = &env_;
  EXPECT_EQ(CodeOf(FileStore::Open(directory_.path(), options)), ErrorCode::kStorageFailed);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

TEST_F(Faults, InterruptedAndShortCallsAreNoErrors) {
  env_.MakeCallsShort(7);
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2, "text"))));
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2));
  env_.MakeCallsShort(4096);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Faults, AReadErrorIsToldAndPasses) {
  env_.NextRead(EFAULT);  // the page of the mapped log
  env_.NextRead(EIO);     // so it is read otherwise
  EXPECT_EQ(CodeOf(store_->GetEvents("a", 0)), ErrorCode::kUnavailable);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
}

TEST_F(Faults, APageThatCannotBeReadIsReadOtherwise) {
  env_.NextRead(EFAULT);
  env_.read_bytes = 0;
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
  EXPECT_GT(env_.read_bytes, 0u);
}

TEST_F(Faults, WithoutMappingTheLogIsRead) {
  for (int version = 2; version <= 200; ++version) {
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version, std::string(300, 'x')))));
  }
  ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 7))));
  env_.FailMap();
  Open();
  const auto events = store_->GetEvents("a", 0);
  ASSERT_THAT(*events, testing::SizeIs(200));
  for (int version = 2; version <= 200; ++version) {
    EXPECT_EQ(*(*events)[static_cast<std::size_t>(version) - 1],
              MakeEvent("a", version, std::string(300, 'x')));
  }
  EXPECT_EQ(*store_->GetLatestSnapshot("a"), MakeSnapshot("a", 7));
}

TEST_F(Faults, AReadErrorAtOpenCutsNothingOff) {
  Close();
  const std::string log = ReadFile(log_path());
  std::filesystem::remove(index_path());
  env_.NextRead(0);  // the log's header
  env_.NextRead(EIO);
  FileStoreOptions options;
  options.env = &env_;
  EXPECT_EQ(CodeOf(FileStore::Open(directory_.path(), options)), ErrorCode::kUnavailable);
  EXPECT_EQ(ReadFile(log_path()), log);
}

// The index is all that knows of the second event.
TEST_F(Faults, AReadErrorInTheIndexDoesNotHideThatTheLogHasLostItsEnd) {
  Close();
  const std::string shorter = ReadFile(log_path());
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  Close();
  const std::string longer = ReadFile(log_path());
  const std::string index = ReadFile(index_path());
  FileStoreOptions options;
  options.env = &env_;
  // Behind the log's header, the index's; where the log is as long as it says, all of the index, and the
  // log's end.
  for (const int reads : {1, 2, 3}) {
    SCOPED_TRACE(reads);
    WriteFile(log_path(), reads == 1 ? shorter : longer);
    for (int i = 0; i < reads; ++i) env_.NextRead(0);
    env_.NextRead(EIO);
    EXPECT_EQ(CodeOf(FileStore::Open(directory_.path(), options)), ErrorCode::kUnavailable);
    EXPECT_EQ(ReadFile(index_path()), index);
  }
  WriteFile(log_path(), shorter);
  EXPECT_EQ(Open().recovery().lost_records, 1u);
}

TEST_F(Faults, AnIndexThatCannotBeWrittenIsNoError) {
  Close();
  const std::string before = ReadFile(index_path());
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  env_.NextWrite(0);  // the seal
  env_.NextWrite(ENOSPC);
  EXPECT_TRUE(IsOk(store_->Close()));
  EXPECT_EQ(ReadFile(index_path()), before);
  EXPECT_FALSE(std::filesystem::exists(index_path().string() + ".new"));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Faults, WithoutPreallocationTheLogGrowsByItself) {
  env_.FailAllocate();
  Open();
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Faults, InThePageCacheAFailedLastFlushIsToldByClose) {
  FileStoreOptions options;
  options.durability = Durability::kPageCache;
  Open(options);
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  env_.NextSync(EIO);
  EXPECT_EQ(CodeOf(store_->Close()), ErrorCode::kOutcomeUnknown);
}

// Saves that wait for one flush share its fate.
class SharedFate : public Faults {
 protected:
  // Saves one event while flushes are blocked and, when the batch behind it has gathered, lets them go.
  // Answers the outcomes of the batch.
  std::vector<Result<void>> SaveBehindABlockedFlush(int count, std::string_view text) {
    env_.BlockSyncs();
    std::thread first([&] { EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("first", 1)))); });
    env_.WaitUntilASyncIsBlocked();
    std::vector<Result<void>> outcomes(static_cast<std::size_t>(count));
    std::vector<std::thread> savers;
    for (int i = 0; i < count; ++i) {
      savers.emplace_back([&, i] {
        outcomes[static_cast<std::size_t>(i)] =
            store_->SaveEvent(MakeEvent("actor " + std::to_string(i), 1, text));
      });
    }
    env_.ReleaseSyncs();
    first.join();
    for (auto& saver : savers) saver.join();
    return outcomes;
  }
};

TEST_F(SharedFate, EachOutcomeIsTrueWhenADiskFillsUpInTheMiddle) {
  env_.NextWrite(0);
  env_.NextWrite(0);
  env_.NextWrite(ENOSPC);
  // 8 events of 600 KB fill several frames.
  const auto outcomes = SaveBehindABlockedFlush(8, std::string(600'000, 'x'));
  for (int round = 0; round < 2; ++round) {
    int stored = 0;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      const auto versions = VersionsIn(*store_, "actor " + std::to_string(i));
      EXPECT_EQ(versions.size(), outcomes[i] ? 1u : 0u);
      if (outcomes[i]) {
        ++stored;
      } else {
        EXPECT_EQ(outcomes[i].error().code(), ErrorCode::kStorageFull);
      }
    }
    EXPECT_LT(stored, 8);
    Open();
  }
}

TEST_F(SharedFate, AWholeBatchBehindAFailedFlushIsRefused) {
  env_.NextSync(0);
  env_.NextSync(EIO);
  const auto outcomes = SaveBehindABlockedFlush(4, "");
  int unknown = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    ASSERT_FALSE(outcomes[i]);
    unknown += outcomes[i].error().code() == ErrorCode::kOutcomeUnknown ? 1 : 0;
    EXPECT_THAT(VersionsIn(*store_, "actor " + std::to_string(i)), ElementsAre());
  }
  EXPECT_GE(unknown, 1);
}

TEST_F(SharedFate, ASaveThatWaitedForAnotherOneTakesItsVersionWhenThatFails) {
  env_.NextSync(0);
  env_.NextWrite(0);
  env_.NextWrite(ENOSPC);
  env_.BlockSyncs();
  std::thread first([&] { EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("first", 1)))); });
  env_.WaitUntilASyncIsBlocked();
  std::vector<Result<void>> outcomes(3);
  std::vector<std::thread> savers;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    savers.emplace_back([&, i] { outcomes[i] = store_->SaveEvent(MakeEvent("b", 1)); });
  }
  env_.ReleaseSyncs();
  first.join();
  for (auto& saver : savers) saver.join();

  std::map<std::optional<ErrorCode>, int> codes;
  for (const auto& outcome : outcomes) ++codes[CodeOf(outcome)];
  EXPECT_EQ(codes[ErrorCode::kStorageFull], 1);
  EXPECT_EQ(codes[std::nullopt], 1);
  EXPECT_EQ(codes[ErrorCode::kVersionConflict], 1);
  EXPECT_THAT(VersionsIn(*store_, "b"), ElementsAre(1));
}

// Versions are accepted on top of others whose write then fails: what is stored is what was acknowledged,
// and no event misses one that never was.
TEST_F(SharedFate, OutcomesAreTrueWhileEveryThirdWriteFails) {
  constexpr int kThreads = 8;
  constexpr int kSaves = 100;
  for (int i = 0; i < kThreads * kSaves; ++i) env_.NextWrite(i % 3 == 2 ? EIO : 0);
  std::atomic<std::int64_t> next = 2;
  std::mutex mutex;
  std::vector<std::int64_t> acknowledged = {1};
  std::vector<std::thread> savers;
  for (int t = 0; t < kThreads; ++t) {
    savers.emplace_back([&] {
      for (int i = 0; i < kSaves; ++i) {
        const std::int64_t version = next++;
        if (!store_->SaveEvent(MakeEvent("a", version))) continue;
        std::lock_guard lock(mutex);
        acknowledged.push_back(version);
      }
    });
  }
  for (auto& saver : savers) saver.join();
  std::sort(acknowledged.begin(), acknowledged.end());
  EXPECT_LT(acknowledged.size(), std::size_t{kThreads * kSaves});
  for (int round = 0; round < 2; ++round) {
    const auto replay = store_->GetEventsWithErrors("a", 0);
    ASSERT_TRUE(IsOk(replay));
    EXPECT_EQ(VersionsOf(replay->events), acknowledged);
    EXPECT_THAT(replay->errors, testing::IsEmpty());
    env_.ClearFaults();
    Open();
  }
}

// An actor whose save waits behind a batch of others that fails keeps its place: no event of its own is
// missing.
TEST_F(SharedFate, AFailedBatchOfOtherActorsLeavesNoGap) {
  constexpr int kThreads = 8;
  constexpr int kSaves = 100;
  for (int i = 0; i < kThreads * kSaves; ++i) env_.NextWrite(i % 3 == 2 ? EIO : 0);
  std::vector<std::vector<std::int64_t>> acknowledged(kThreads);
  std::vector<std::thread> savers;
  for (std::size_t t = 0; t < kThreads; ++t) {
    savers.emplace_back([&, t] {
      for (std::int64_t version = 1; version <= kSaves; ++version) {
        if (store_->SaveEvent(MakeEvent("actor " + std::to_string(t), version)))
          acknowledged[t].push_back(version);
      }
    });
  }
  for (auto& saver : savers) saver.join();
  for (std::size_t t = 0; t < kThreads; ++t) {
    const auto replay = store_->GetEventsWithErrors("actor " + std::to_string(t), 0);
    ASSERT_TRUE(IsOk(replay));
    EXPECT_EQ(VersionsOf(replay->events), acknowledged[t]);
    EXPECT_THAT(replay->errors, testing::IsEmpty());
  }
}

}  // namespace
}  // namespace aether::file
