// When events.index is written: as the log grows, by an opening that read much, and by closing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>
#include <vector>

#include "index_fixture.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

// Half as much again has to be written each time, so that an index costs each event little.
TEST_F(Index, IsMadeFromTimeToTimeAsTheLogGrows) {
  Open();
  Save("b", 1);
  Save("a", 1, std::string(64 << 20, 'x'));
  ASSERT_TRUE(std::filesystem::exists(index_path()));
  const std::string index = ReadFile(index_path());
  Save("a", 2, std::string(32 << 20, 'x'));
  Save("b", 2);
  EXPECT_EQ(ReadFile(index_path()), index);
  Save("a", 3, std::string(32 << 20, 'x'));
  const std::string second = ReadFile(index_path());
  EXPECT_NE(second, index);
  Save("a", 4);
  Save("c", 1);
  const std::string log = ReadFile(log_path());
  Close();
  for (const std::string& known : {index, second}) {
    WriteFile(log_path(), log);
    WriteFile(index_path(), known);
    env_.read_bytes = 0;
    Open();
    EXPECT_EQ(store_->recovery(), FileStoreRecovery());
    EXPECT_LT(env_.read_bytes, log.size());
    EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3, 4));
    EXPECT_THAT(VersionsIn(*store_, "b"), ElementsAre(1, 2));
    EXPECT_THAT(VersionsIn(*store_, "c"), ElementsAre(1));
    Close();
  }
}

TEST_F(Index, IsRightWhenItIsMadeWhileOthersSaveAndRead) {
  constexpr int kThreads = 4;
  constexpr int kSaves = 30;
  Fill();
  Open();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::string own = "own " + std::to_string(t);
      for (int i = 1; i <= kSaves; ++i) {
        ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent(own, i, std::string(1 << 20, 'x')))));
        ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent(own + " " + std::to_string(i), 1))));
        ASSERT_TRUE(IsOk(store_->GetEvents("a", 140)));
        ASSERT_EQ(CodeOf(store_->SaveEvent(MakeEvent("b", 1))), ErrorCode::kVersionConflict);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  const std::string log = ReadFile(log_path());
  const std::string index = ReadFile(index_path());
  CloseAndReadIndex();
  WriteFile(log_path(), log);
  WriteFile(index_path(), index);
  const auto checkpoint = Decode(index);
  ASSERT_TRUE(checkpoint);
  EXPECT_GE(checkpoint->range().end, std::uint64_t{64} << 20);
  Open();
  ExpectAllThere();
  for (int t = 0; t < kThreads; ++t) {
    const std::string own = "own " + std::to_string(t);
    EXPECT_THAT(VersionsIn(*store_, own), SizeIs(kSaves));
    for (int i = 1; i <= kSaves; ++i) {
      EXPECT_THAT(VersionsIn(*store_, own + " " + std::to_string(i)), ElementsAre(1));
    }
  }
}

// Nothing says which of the log's pages a power cut would leave.
TEST_F(Index, IsNotMadeBeforeTheLogIsFlushed) {
  FileStoreOptions options;
  options.durability = Durability::kPageCache;
  Open(options);
  Save("a", 1, std::string(64 << 20, 'x'));
  EXPECT_FALSE(std::filesystem::exists(index_path()));
  Close();
  EXPECT_TRUE(std::filesystem::exists(index_path()));
}

TEST_F(Index, IsMadeByAnOpeningThatHadToReadMuch) {
  Open();
  Save("a", 1, std::string(64 << 20, 'x'));
  const std::string log = ReadFile(log_path());
  Close();
  std::filesystem::remove(index_path());
  WriteFile(log_path(), log);
  Open();
  EXPECT_TRUE(std::filesystem::exists(index_path()));
  const std::string index = ReadFile(index_path());
  Close();
  WriteFile(log_path(), log);
  WriteFile(index_path(), index);
  env_.read_bytes = 0;
  Open();
  EXPECT_LT(env_.read_bytes, log.size() - (64u << 20) + 10'000);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
}

}  // namespace
}  // namespace aether::file
