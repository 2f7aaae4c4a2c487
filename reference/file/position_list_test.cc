// Lists of positions: what goes in comes out, from any version on.

#include "position_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "actor_index.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<Position> AllOf(EventPositions positions) {
  std::vector<Position> all;
  for (PositionBlock block; positions.Next(&block);) {
    all.insert(all.end(), block.positions.begin(),
               block.positions.begin() + static_cast<std::ptrdiff_t>(block.count));
  }
  return all;
}

std::vector<Position> Events(std::size_t count, std::int64_t step = 1) {
  std::vector<Position> events;
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = static_cast<std::int64_t>(i) + 1;
    events.push_back({n * step, 32 + 1000 * (i + i % 7), static_cast<std::uint32_t>(8 * (i % 50 + 1))});
  }
  return events;
}

// The first `stored` of `events` in a checkpoint, the others added behind.
class Split {
 public:
  Split(const std::vector<Position>& events, std::size_t stored) : list_(ListState()) {
    for (std::size_t i = 0; i < stored; ++i) list_.Append(events[i]);
    actor_.emplace(&mutex_, StoredActor{list_.view(), {}});
    for (std::size_t i = stored; i < events.size(); ++i) actor_->AddEvent(events[i]);
  }

  EventPositions From(std::int64_t version) const { return {list_.view(), &*actor_, version}; }

 private:
  PositionList list_;
  std::mutex mutex_;
  std::optional<Actor> actor_;
};

TEST(PositionList, GivesBackAnyNumberOfPositionsFromAnyVersionOn) {
  for (const std::size_t count : {0u, 1u, 63u, 64u, 65u, 128u, 200u}) {
    const auto events = Events(count, 3);
    for (const std::size_t stored : {std::size_t{0}, count / 3, count - count / 2, count}) {
      const Split split(events, stored);
      for (std::int64_t from = -1; from <= static_cast<std::int64_t>(3 * count) + 4; ++from) {
        std::vector<Position> expected;
        std::int64_t before = 0;
        for (const Position& event : events) {
          (event.version < from) ? void(before = event.version) : expected.push_back(event);
        }
        EXPECT_EQ(AllOf(split.From(from)), expected) << count << " events, from " << from;
        EXPECT_GE(split.From(from).left(), expected.size());
        PositionBlock first;
        auto positions = split.From(from);
        while (positions.Next(&first) && first.count == 0) {
        }
        if (!expected.empty()) {
          EXPECT_EQ(first.before, before) << count << " events, from " << from;
        }
      }
    }
  }
}

TEST(PositionList, TakesTheLargestNumbers) {
  const std::vector<Position> events = {{1, 32, 8},
                                        {INT64_MAX - 1, std::uint64_t{1} << 62, (1u << 31) - 8},
                                        {INT64_MAX, (std::uint64_t{1} << 62) + 8, 8}};
  EXPECT_EQ(AllOf(Split(events, 2).From(0)), events);
  EXPECT_THAT(AllOf(Split(events, 2).From(INT64_MAX)), ElementsAre(events[2]));
}

TEST(PositionList, LeavesRecordsOfUnknownVersionToReadersFromTheBeginning) {
  const std::vector<Position> events = {{0, 32, 8}, {1, 40, 8}, {1, 48, 8}, {2, 56, 8}};
  for (std::size_t stored = 0; stored <= events.size(); ++stored) {
    EXPECT_EQ(AllOf(Split(events, stored).From(0)), events);
    EXPECT_EQ(AllOf(Split(events, stored).From(1)), events);
    EXPECT_THAT(AllOf(Split(events, stored).From(2)), ElementsAre(events[3]));
    EXPECT_THAT(AllOf(Split(events, stored).From(3)), IsEmpty());
  }
}

// A reader gets what was there when it began, however far it has come.
TEST(PositionList, LeavesOutWhatIsAddedWhileItIsRead) {
  const auto events = Events(200);
  std::mutex mutex;
  Actor actor(&mutex, StoredActor());
  for (std::size_t i = 0; i < 100; ++i) actor.AddEvent(events[i]);
  EventPositions positions(PositionListView(), &actor, 0);
  PositionBlock block;
  ASSERT_TRUE(positions.Next(&block));
  for (std::size_t i = 100; i < 200; ++i) actor.AddEvent(events[i]);
  std::size_t count = block.count;
  while (positions.Next(&block)) count += block.count;
  EXPECT_EQ(count, 100u);
}

TEST(PositionList, TakesFewBytesForAnEvent) {
  PositionList list{ListState()};
  for (std::size_t i = 0; i < 10'000; ++i) {
    list.Append({static_cast<std::int64_t>(i) + 1, 32 + i * 500'000, 600});
  }
  EXPECT_LT(list.view().bytes.size() + list.view().marks.size(), 60'000u);
}

TEST(Checkpoint, FindsEachActorAndNoOther) {
  for (const int count : {0, 1, 2, 3, 100, 1000}) {
    CheckpointBuilder builder(7);
    PositionList list{ListState()};
    for (int i = 0; i < count; ++i) {
      list.Append({i + 1, static_cast<std::uint64_t>(32 + 8 * i), 8});
      builder.Add("actor " + std::to_string(i), list.view(), {i, static_cast<std::uint64_t>(8 * i), 8});
    }
    const std::string file = builder.Finish({32, 32, 1, 0});
    auto bytes = std::make_unique<char[]>(file.size());
    file.copy(bytes.get(), file.size());
    const auto checkpoint = Checkpoint::Decode(std::move(bytes), file.size(), 7);
    ASSERT_TRUE(checkpoint);
    for (int i = 0; i < count; ++i) {
      const auto actor = checkpoint->Find("actor " + std::to_string(i));
      ASSERT_TRUE(actor) << i << " of " << count;
      EXPECT_EQ(actor->events.count, static_cast<std::uint64_t>(i) + 1);
      EXPECT_EQ(actor->events.last.version, i + 1);
      EXPECT_EQ(actor->snapshot, (Position{i, static_cast<std::uint64_t>(8 * i), 8}));
    }
    EXPECT_FALSE(checkpoint->Find("actor " + std::to_string(count)));
    EXPECT_FALSE(checkpoint->Find(""));
    int visited = 0;
    checkpoint->ForEach([&](std::string_view, const StoredActor&) { ++visited; });
    EXPECT_EQ(visited, count);
  }
}

}  // namespace
}  // namespace aether::file
