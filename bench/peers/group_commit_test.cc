// The group commit in front of the peers.

#include "group_commit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace aether::peers {
namespace {

TEST(GroupCommitTest, EachSaveIsWrittenOnceByOneWriterAndHasItsOwnOutcome) {
  constexpr int kThreads = 8;
  constexpr int kSaves = 2'000;
  std::atomic<int> writers = 0;
  std::set<std::pair<std::string, std::int64_t>> written;
  GroupCommit queue(
      [&](std::span<Append* const> appends) {
        EXPECT_EQ(++writers, 1);
        for (Append* const append : appends) {
          EXPECT_TRUE(written.emplace(append->actor_id, append->version).second);
          if (append->version % 3 == 0)
            append->outcome = StoreError::Conflict(append->actor_id, 0, append->version);
        }
        --writers;
      },
      Commits::kToDevice);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, actor = "actor-" + std::to_string(thread)] {
      for (std::int64_t version = 1; version <= kSaves; ++version) {
        const auto saved = queue.Save(actor, version, "{}");
        EXPECT_EQ(saved.has_value(), version % 3 != 0);
        if (!saved) {
          EXPECT_EQ(saved.error().conflict()->actor_id, actor);
          EXPECT_EQ(saved.error().conflict()->current_version, version);
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(written.size(), std::size_t{kThreads} * kSaves);
}

TEST(GroupCommitTest, FailureIsEverybodys) {
  GroupCommit queue(
      [](std::span<Append* const> appends) {
        FailAll(appends, {ErrorCode::kStorageFull, "full"});
      },
      Commits::kToDevice);
  const auto saved = queue.Save("actor", 1, "{}");
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), ErrorCode::kStorageFull);
}

}  // namespace
}  // namespace aether::peers
