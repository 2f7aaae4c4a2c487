// The file store through its handles: the contract's promises are the conformance kit's to check, these are
// the store's own.

#include "aether/file_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "aether/wire.h"
#include "file_store_seam.h"
#include "test_support.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FileStoreTest : public FileStoreFixture {};

TEST_F(FileStoreTest, MakesItsDirectoryWithAllThatIsMissingAboveIt) {
  const auto deep = directory_.path() / "not" / "yet" / "there";
  {
    auto store = FileStore::Open(deep);
    ASSERT_TRUE(IsOk(store));
    ASSERT_TRUE(IsOk((*store)->SaveEvent(MakeEvent("a", 1))));
  }
  EXPECT_THAT(VersionsIn(**FileStore::Open(deep), "a"), ElementsAre(1));
}

TEST_F(FileStoreTest, IsUnavailableWhereItsDirectoryCannotBe) {
  WriteFile(directory_.path() / "file", "");
  EXPECT_EQ(CodeOf(FileStore::Open(directory_.path() / "file" / "below")), ErrorCode::kUnavailable);
}

TEST_F(FileStoreTest, RefusesAFileThatIsNoLog) {
  WriteFile(log_path(), "something that somebody else wrote, and longer than a header");
  const auto opened = FileStore::Open(directory_.path());
  EXPECT_EQ(CodeOf(opened), ErrorCode::kCorrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr("events.log"));
}

TEST_F(FileStoreTest, RefusesASecondOpenNamingTheProcess) {
  Open();
  const auto second = FileStore::Open(directory_.path());
  ASSERT_EQ(CodeOf(second), ErrorCode::kUnavailable);
  EXPECT_THAT(second.error().message(), HasSubstr("is in use by process " + std::to_string(::getpid())));
}

TEST_F(FileStoreTest, ReadsBackAfterReopeningWhatWasSaved) {
  Open();
  std::vector<Event> saved;
  for (const std::int64_t version : {1, 2, 5, 100}) {
    saved.push_back(MakeEvent("a", version, std::to_string(version)));
    ASSERT_TRUE(IsOk(store_->SaveEvent(saved.back())));
  }
  Open();
  const auto events = store_->GetEvents("a", 0);
  ASSERT_TRUE(IsOk(events));
  ASSERT_THAT(*events, SizeIs(saved.size()));
  for (std::size_t i = 0; i < saved.size(); ++i) EXPECT_EQ(*(*events)[i], saved[i]);
  EXPECT_EQ(*store_->GetLatestVersion("a"), 100);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 100))), ErrorCode::kVersionConflict);
}

TEST_F(FileStoreTest, KeepsSequenceNumbersOverReopening) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 1))));
  EXPECT_EQ(*FileStoreSeam::AppendRaw(*store_, "a", "malformed"), 3u);
  Open();
  EXPECT_EQ(store_->GetEventsWithErrors("a", 0)->errors.at(0).sequence_number, 3u);
  EXPECT_EQ(*FileStoreSeam::AppendRaw(*store_, "a", "malformed"), 4u);
}

TEST_F(FileStoreTest, ReportsAMalformedRecordBetweenItsNeighbours) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "a", "malformed")));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  for (int round = 0; round < 2; ++round) {
    const auto replay = store_->GetEventsWithErrors("a", 0);
    EXPECT_THAT(VersionsOf(replay->events), ElementsAre(1, 2));
    ASSERT_THAT(replay->errors, SizeIs(1));
    EXPECT_EQ(replay->errors[0].raw_data, "malformed");
    EXPECT_EQ(replay->errors[0].sequence_number, 2u);
    EXPECT_EQ(*store_->GetLatestVersion("a"), 2);
    EXPECT_THAT(store_->GetEventsWithErrors("a", 2)->errors, IsEmpty());
    Open();
  }
}

TEST_F(FileStoreTest, ReportsAMalformedRecordOfAnActorWithoutEvents) {
  Open();
  ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "a", "")));
  for (const std::int64_t from : {-1, 0, 1}) {
    EXPECT_THAT(store_->GetEventsWithErrors("a", from)->errors, SizeIs(1));
  }
  EXPECT_EQ(*store_->GetLatestVersion("a"), 0);
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
}

// A record may be sound, its content an event, and still not the one that belongs there.
TEST_F(FileStoreTest, ReportsAnEventThatItsRecordDoesNotPromise) {
  Open();
  const auto other =
      "{\"id\":\"e\",\"eventType\":\"t\",\"actorId\":\"b\",\"version\":1,\"data\":{},"
      "\"timestamp\":\"2026-01-13T21:26:16Z\"}";
  ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "a", other)));
  EXPECT_THAT(store_->GetEventsWithErrors("a", 0)->errors, SizeIs(1));
  EXPECT_THAT(store_->GetEventsWithErrors("b", 0)->errors, IsEmpty());
  EXPECT_THAT(VersionsIn(*store_, "b"), IsEmpty());
}

TEST_F(FileStoreTest, StoresAnEventOf64MiB) {
  Open();
  const Event event = MakeEvent("a", 1, std::string(64 << 20, 'x'));
  ASSERT_TRUE(IsOk(store_->SaveEvent(event)));
  EXPECT_EQ(*store_->GetEvents("a", 0)->at(0), event);
  EXPECT_EQ(*Open().GetEvents("a", 0)->at(0), event);
}

// Some records lie across the 64 MiB at which another part of the log is mapped, some behind.
TEST_F(FileStoreTest, ReadsEventsOfALogOfManyMiB) {
  FileStoreOptions options;
  options.durability = Durability::kPageCache;
  Open(options);
  for (int version = 1; version <= 20; ++version) {
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version, std::string(7 << 20, 'a' + version)))));
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("b", version))));
    EXPECT_EQ(*store_->GetEvents("a", version)->at(0),
              MakeEvent("a", version, std::string(7 << 20, 'a' + version)));
    EXPECT_THAT(VersionsIn(*store_, "b"), SizeIs(static_cast<std::size_t>(version)));
  }
}

TEST_F(FileStoreTest, GivesTheTextOfEachRecordUndecoded) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "a", "malformed")));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
  std::vector<std::string> texts;
  const auto keep = [&](std::string_view text) { texts.emplace_back(text); };
  ASSERT_TRUE(IsOk(FileStoreSeam::ReadPayloads(*store_, "a", 0, keep)));
  EXPECT_THAT(texts,
              ElementsAre(*EncodeEvent(MakeEvent("a", 1)), "malformed", *EncodeEvent(MakeEvent("a", 2))));
}

TEST_F(FileStoreTest, RefusesAnEventBeyondItsLimitNamingTheField) {
  Open();
  const auto saved = store_->SaveEvent(MakeEvent("a", 1, std::string(257 << 20, 'x')));
  ASSERT_EQ(CodeOf(saved), ErrorCode::kInvalidEvent);
  EXPECT_EQ(saved.error().field(), "data");
  EXPECT_EQ(*store_->GetLatestVersion("a"), 0);
}

TEST_F(FileStoreTest, KeepsTheHighestSnapshotOverReopening) {
  Open();
  for (const std::int64_t version : {3, 7, 5}) {
    ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", version))));
  }
  EXPECT_EQ(store_->GetLatestSnapshot("a")->value().version, 7);
  ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 7, "replaced"))));
  EXPECT_EQ(*Open().GetLatestSnapshot("a"), MakeSnapshot("a", 7, "replaced"));
  EXPECT_EQ(*store_->GetLatestSnapshot("b"), std::nullopt);
}

TEST_F(FileStoreTest, MakesRoomAheadAndGivesItBackAtTheEnd) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  EXPECT_GT(std::filesystem::file_size(log_path()), 100'000u);
  Close();
  EXPECT_LT(std::filesystem::file_size(log_path()), 1'000u);
}

TEST_F(FileStoreTest, ReadsDoNotWaitForAFlush) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  env_.BlockSyncs();
  std::thread saver([&] { EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2)))); });
  env_.WaitUntilASyncIsBlocked();
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1)) << "an event that is not stored yet was visible";
  EXPECT_EQ(*store_->GetLatestVersion("a"), 1);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 1))), ErrorCode::kVersionConflict);
  env_.ReleaseSyncs();
  saver.join();
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2));
}

TEST_F(FileStoreTest, SharesFlushesBetweenThreads) {
  constexpr int kThreads = 8;
  constexpr int kEvents = 200;
  Open();
  env_.sync_count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int version = 1; version <= kEvents; ++version) {
        ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("actor " + std::to_string(t), version))));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_LT(env_.sync_count, kThreads * kEvents);
  for (int round = 0; round < 2; ++round) {
    for (int t = 0; t < kThreads; ++t) {
      const auto versions = VersionsIn(*store_, "actor " + std::to_string(t));
      ASSERT_THAT(versions, SizeIs(kEvents));
      for (int i = 0; i < kEvents; ++i) EXPECT_EQ(versions[static_cast<std::size_t>(i)], i + 1);
    }
    Open();
  }
}

TEST_F(FileStoreTest, AConflictNamesAVersionThatReadersSee) {
  constexpr int kThreads = 8;
  constexpr int kVersions = 100;
  Open();
  std::atomic<int> stored = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int version = 1; version <= kVersions; ++version) {
        const auto saved = store_->SaveEvent(MakeEvent("a", version));
        if (saved) {
          ++stored;
          continue;
        }
        ASSERT_EQ(CodeOf(saved), ErrorCode::kVersionConflict);
        const auto current = saved.error().conflict()->current_version;
        EXPECT_GE(current, version);
        EXPECT_GE(*store_->GetLatestVersion("a"), current);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(static_cast<std::size_t>(stored), VersionsIn(*store_, "a").size());
  EXPECT_EQ(*store_->GetLatestVersion("a"), kVersions);
  EXPECT_THAT(store_->GetEventsWithErrors("a", 0)->errors, IsEmpty());
}

TEST_F(FileStoreTest, AnswersClosedAfterClose) {
  Open();
  EXPECT_TRUE(IsOk(store_->Close()));
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 1))), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->GetEvents("a", 0)), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->GetEventsWithErrors("a", 0)), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->GetLatestVersion("a")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->SaveSnapshot(MakeSnapshot("a", 1))), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->GetLatestSnapshot("a")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->Subscribe([](const EventStored&) {})), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->Share()->GetLatestVersion("a")), ErrorCode::kClosed);
  EXPECT_EQ(CodeOf(store_->Close()), ErrorCode::kClosed);
}

TEST_F(FileStoreTest, IsFreeForOthersWhenItsLastHandleIsClosed) {
  Open();
  const auto shared = store_->Share();
  ASSERT_TRUE(IsOk(store_->Close()));
  ASSERT_TRUE(IsOk(shared->SaveEvent(MakeEvent("a", 1))));
  EXPECT_EQ(CodeOf(FileStore::Open(directory_.path())), ErrorCode::kUnavailable);
  ASSERT_TRUE(IsOk(shared->Close()));
  auto opened = FileStore::Open(directory_.path());
  ASSERT_TRUE(IsOk(opened));
  EXPECT_THAT(VersionsIn(**opened, "a"), ElementsAre(1));
}

TEST_F(FileStoreTest, HandlesSeeEachOthersSavesAtOnce) {
  Open();
  const auto shared = store_->Share();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  EXPECT_THAT(VersionsIn(*shared, "a"), ElementsAre(1));
  EXPECT_EQ(CodeOf(shared->SaveEvent(MakeEvent("a", 1))), ErrorCode::kVersionConflict);
}

TEST_F(FileStoreTest, ClosingWhileOthersSaveLosesNothingAcknowledged) {
  Open();
  std::atomic<bool> started = false;
  std::int64_t acknowledged = 0;
  std::thread saver([&] {
    for (std::int64_t version = 1;; ++version) {
      const auto saved = store_->SaveEvent(MakeEvent("a", version));
      if (!saved) {
        EXPECT_EQ(saved.error().code(), ErrorCode::kClosed);
        return;
      }
      acknowledged = version;
      started = true;
      started.notify_all();
    }
  });
  started.wait(false);
  EXPECT_TRUE(IsOk(store_->Close()));
  saver.join();
  EXPECT_EQ(*Open().GetLatestVersion("a"), acknowledged);
}

TEST_F(FileStoreTest, InThePageCacheFlushesOnlyAtTheEnd) {
  FileStoreOptions options;
  options.durability = Durability::kPageCache;
  Open(options);
  env_.sync_count = 0;
  for (int version = 1; version <= 100; ++version) {
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version))));
  }
  EXPECT_EQ(env_.sync_count, 0);
  Close();
  EXPECT_EQ(env_.sync_count, 1);
  EXPECT_THAT(VersionsIn(Open(), "a"), SizeIs(100));
}

}  // namespace
}  // namespace aether::file
