// events.index: opening is fast with it, and right whatever has become of it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "index_fixture.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Index, SparesReadingTheLog) {
  Fill();
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, GoesOnFromOpeningToOpening) {
  Fill();
  std::int64_t version = 150;
  for (int round = 0; round < 5; ++round) {
    EXPECT_FALSE(OpeningReadsTheLog());
    for (int i = 0; i < 50; ++i) Save("a", ++version);
    Save("b", 8 + round);
    Save("new " + std::to_string(round), 1);
    ExpectAllThere();
  }
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
  for (std::int64_t from = 1; from <= version; from += 13) {
    const auto events = store_->GetEvents("a", from);
    ASSERT_THAT(*events, SizeIs(static_cast<std::size_t>(version - from + 1)));
    EXPECT_EQ(events->front()->version, from);
  }
}

TEST_F(Index, IsTheSameAfterReadingTheLogAgain) {
  Fill();
  Close();
  const auto size = std::filesystem::file_size(index_path());
  std::filesystem::remove(index_path());
  EXPECT_TRUE(OpeningReadsTheLog());
  ExpectAllThere();
  Close();
  EXPECT_EQ(std::filesystem::file_size(index_path()), size);
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, IsNotUsedWhenAnyBitOfItIsWrong) {
  Fill();
  const std::string index = CloseAndReadIndex();
  ASSERT_TRUE(Decode(index));
  for (std::size_t bit = 0; bit < 8 * index.size(); ++bit) {
    std::string damaged = index;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_FALSE(Decode(damaged)) << "bit " << bit;
  }
}

TEST_F(Index, IsNotUsedWhenItIsTooShortOrTooLong) {
  Fill();
  const std::string index = CloseAndReadIndex();
  for (std::size_t size = 0; size < index.size(); ++size) {
    EXPECT_FALSE(Decode(index.substr(0, size))) << "truncated to " << size;
  }
  EXPECT_FALSE(Decode(index + '\0'));
}

TEST_F(Index, IsReplacedWhenItIsWrong) {
  Fill();
  const std::string index = CloseAndReadIndex();
  for (std::size_t at = 0; at < index.size(); at += 31) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string damaged = index;
    damaged[at] ^= 1;
    WriteFile(index_path(), at % 2 == 0 ? damaged : index.substr(0, at));
    EXPECT_TRUE(OpeningReadsTheLog());
    ExpectAllThere();
    EXPECT_FALSE(OpeningReadsTheLog());
    ExpectAllThere();
    Close();
  }
}

TEST_F(Index, IsReplacedWhenSomethingElseIsThere) {
  Fill();
  Close();
  WriteFile(index_path(), std::string(100'000, 'x'));
  EXPECT_TRUE(OpeningReadsTheLog());
  Close();
  std::filesystem::resize_file(index_path(), std::uintmax_t{1} << 40);
  EXPECT_TRUE(OpeningReadsTheLog());
  Close();
  std::filesystem::remove(index_path());
  std::filesystem::create_directories(index_path() / "a directory");
  EXPECT_TRUE(OpeningReadsTheLog());
  ExpectAllThere();
  EXPECT_FALSE(OpeningReadsTheLog());
}

TEST_F(Index, IsReplacedWhenItIsOfAnotherLog) {
  Fill();
  Close();
  const std::string of_another_log = ReadFile(index_path());
  std::filesystem::remove(index_path());
  std::filesystem::remove(log_path());
  events_.clear();
  Fill();
  Close();
  WriteFile(index_path(), of_another_log);
  EXPECT_TRUE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, KnowsTheBeginningOfALogThatHasGrown) {
  Fill();
  const std::string index = CloseAndReadIndex();
  Open();
  Save("a", 151);
  Save("e", 1);
  Close();
  WriteFile(index_path(), index);
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, KnowsTheBeginningOfALogThatWasNeverClosedAgain) {
  Fill();
  const std::string index = CloseAndReadIndex();
  Open();
  Save("a", 151);
  Save("e", 1);
  const std::string log = ReadFile(log_path());
  Close();
  WriteFile(index_path(), index);
  WriteFile(log_path(), log);
  WriteFile(index_path().string() + ".new", "half of an ind");
  Open();
  ExpectAllThere();
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, LeavesATornTailToTheScan) {
  Fill();
  const std::string index = CloseAndReadIndex();
  Open();
  Save("a", 151);
  const std::string log = ReadFile(log_path()).substr(0, std::filesystem::file_size(log_path()));
  Close();
  WriteFile(index_path(), index);
  WriteFile(log_path(), log.substr(0, log.find_last_not_of('\0') - 10));
  events_["a"].pop_back();
  Open();
  EXPECT_GT(store_->recovery().cut_bytes, 0u);
  EXPECT_EQ(*store_->GetLatestVersion("a"), 150);
  Save("a", 151, "another one");
  EXPECT_FALSE(OpeningReadsTheLog());
  ExpectAllThere();
}

// A log from a backup, or one whose end was cut off: the index that was made later knows what is missing.
TEST_F(Index, TellsThatTheLogHasLostItsEnd) {
  Fill();
  Close();
  const std::string shorter = ReadFile(log_path());
  Open();
  Save("a", 151);
  Close();
  const std::string longer = ReadFile(log_path());
  // Cut off, or zeros.
  for (const std::string& log : {shorter, shorter + std::string(longer.size() - shorter.size(), '\0')}) {
    WriteFile(log_path(), log);
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(Open().recovery().lost_records, 1u);
      EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("b", 9))), ErrorCode::kCorrupt);
      EXPECT_EQ(CodeOf(store_->GetLatestVersion("a")), ErrorCode::kCorrupt);
      const auto replay = store_->GetEventsWithErrors("a", 0);
      ASSERT_TRUE(IsOk(replay));
      EXPECT_THAT(replay->events, SizeIs(150));
      ASSERT_THAT(replay->errors, SizeIs(1));
      EXPECT_THAT(replay->errors[0].cause, testing::HasSubstr("missing from the end"));
    }
    Close();
  }
  WriteFile(log_path(), longer);
  Open();
  ExpectAllThere();
}

TEST_F(Index, IsNoProofOfLossWhereOnlyTheSealIsGone) {
  Fill();
  Close();
  const std::string log = ReadFile(log_path());
  WriteFile(log_path(), log.substr(0, log.size() - kFrameHeaderBytes));
  Open();
  ExpectAllThere();
}

// A log from a backup with which somebody went on: a later index must not come to life again when the log
// has grown to the same length.
TEST_F(Index, IsGoneWhenTheLogIsAnother) {
  Fill();
  Close();
  const std::string backup = ReadFile(log_path());
  const auto saved = events_;
  Open();
  Save("a", 151, "one story");
  const std::string index = CloseAndReadIndex();
  const auto log_bytes = std::filesystem::file_size(log_path());
  WriteFile(log_path(), backup);
  std::filesystem::remove(index_path());
  events_ = saved;
  EXPECT_TRUE(OpeningReadsTheLog());
  ExpectAllThere();
  Save("a", 151, "a new one");
  Close();
  // As if it had come to life all the same: frames as long as before, the same seal at the same place.
  ASSERT_EQ(std::filesystem::file_size(log_path()), log_bytes);
  WriteFile(index_path(), index);
  EXPECT_TRUE(OpeningReadsTheLog());
  ExpectAllThere();
}

TEST_F(Index, ForgetsActorsThatNeverSaved) {
  Fill();
  Close();
  const auto size = std::filesystem::file_size(index_path());
  Open();
  env_.NextWrite(ENOSPC);
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("in vain", 1))), ErrorCode::kStorageFull);
  Save("c", 2);
  Close();
  EXPECT_LT(std::filesystem::file_size(index_path()), size + 8);
}

// Damage in what the index covers is found by whoever reads the record, and nothing else is touched.
TEST_F(Index, LeavesDamageInTheLogToItsReaders) {
  Fill();
  Close();
  const std::string log = ReadFile(log_path());
  const std::string index = ReadFile(index_path());
  ASSERT_GT(log.size(), 10'000u);
  for (std::size_t at = 32; at < 2'000; ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string damaged = log;
    damaged[at] ^= static_cast<char>(1 << at % 8);
    WriteFile(log_path(), damaged);
    EXPECT_FALSE(OpeningReadsTheLog());
    EXPECT_EQ(*store_->GetLatestVersion("a"), 150);
    const auto replay = store_->GetEventsWithErrors("a", 0);
    ASSERT_TRUE(IsOk(replay));
    EXPECT_LE(replay->errors.size(), 1u);
    EXPECT_EQ(replay->events.size() + replay->errors.size(), 150u);
    EXPECT_THAT(store_->GetEventsWithErrors("c", 0)->errors, IsEmpty());
    if (at % 100 == 0) {
      EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 151))));
    }
    if (HasFailure()) return;
    Close();
    WriteFile(index_path(), index);
  }
}

TEST_F(Index, IsNotMadeForADamagedLog) {
  Fill();
  Close();
  std::filesystem::remove(index_path());
  std::string log = ReadFile(log_path());
  log[log.find("\"version\":70,")] ^= 1;
  WriteFile(log_path(), log);
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(OpeningReadsTheLog());
    EXPECT_EQ(store_->recovery().damaged_records, 1u);
  }
  Close();
  EXPECT_FALSE(std::filesystem::exists(index_path()));
}

}  // namespace
}  // namespace aether::file
