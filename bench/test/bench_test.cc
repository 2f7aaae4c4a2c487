// What benchmarks count, on stores whose behaviour is known.

#include "aether/bench/bench.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "aether/wire.h"
#include "crew.h"
#include "events.h"
#include "filled.h"
#include "flush_counter.h"
#include "latencies.h"
#include "memory_adapter.h"
#include "registry.h"
#include "workloads.h"

namespace aether::bench {
namespace {

using testing::HasSubstr;
using testing::Key;
using testing::SizeIs;

TEST(Latencies, PercentilesAreThoseOfAllThatWereAdded) {
  Latencies latencies;
  for (int i = 1000; i >= 1; --i) latencies.Add(i * 1000);
  EXPECT_EQ(latencies.Percentile(0.5), 500);
  EXPECT_EQ(latencies.Percentile(0.99), 990);
  EXPECT_EQ(latencies.Percentile(0.999), 999);
  EXPECT_EQ(latencies.Percentile(1), 1000);
  latencies.Add(5'000'000);
  EXPECT_EQ(latencies.Percentile(1), 5000);
}

TEST(Latencies, LongOnesCountAsTheLongestThatFits) {
  Latencies latencies;
  latencies.Add(std::int64_t{60} * 1'000'000'000);
  EXPECT_NEAR(latencies.Percentile(1), 4'294'967, 1);
}

TEST(Events, HaveTheSizeThatIsSaid) {
  std::string wire;
  AppendEvent(MakeEvent(ActorName(1), 1), &wire);
  EXPECT_THAT(wire, SizeIs(444));
  for (const std::size_t bytes : {256, 4096, 65536}) {
    wire.clear();
    AppendEvent(MakeEventOfSize(ActorName(1), 1, bytes), &wire);
    EXPECT_THAT(wire, SizeIs(bytes));
  }
}

TEST(Events, NoTwoHaveOneId) {
  std::set<std::string> ids;
  Event event = MakeEvent(ActorName(1), 1);
  for (int i = 0; i < 1000; ++i) {
    MakeNext(event.version, &event);
    EXPECT_TRUE(ids.insert(event.id).second) << event.id;
    EXPECT_EQ(event.version, i + 2);
  }
}

TEST(Crew, EveryThreadWorks) {
  std::array<std::atomic<int>, 4> done{};
  const auto figures = RunCrew({.threads = 4, .most_operations = 5}, [&](int thread) -> Operation {
    return [&, thread](std::int64_t) -> Result<std::int64_t> {
      return ++done[static_cast<std::size_t>(thread)] > 0;
    };
  });
  ASSERT_TRUE(figures);
  for (const auto& count : done) EXPECT_EQ(count, 5);
}

TEST(Crew, AnOperationLongerThanTheTimeIsCounted) {
  using Clock = std::chrono::steady_clock;
  const auto figures = RunCrew({.threads = 1, .seconds = 1e-6}, [&](int) -> Operation {
    return [](std::int64_t) -> Result<std::int64_t> {
      const auto end = Clock::now() + std::chrono::microseconds(100);
      while (Clock::now() < end) {
      }
      return 7;
    };
  });
  ASSERT_TRUE(figures);
  EXPECT_NEAR(figures->per_second * figures->seconds, 7, 1e-3);
}

TEST(Crew, AnErrorEndsItAndIsAnswered) {
  const auto figures = RunCrew({.threads = 3, .seconds = 60}, [&](int thread) -> Operation {
    return [thread](std::int64_t index) -> Result<std::int64_t> {
      if (thread == 1 && index == 10) return StoreError(ErrorCode::kStorageFull, "no room");
      return 1;
    };
  });
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().code(), ErrorCode::kStorageFull);
}

TEST(FlushCounter, CountsWhatReachesTheDevice) {
  std::string path = testing::TempDir() + "/flush-XXXXXX";
  const int fd = ::mkstemp(path.data());
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::ftruncate(fd, 4096), 0);
  void* const mapped = ::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, fd, 0);
  ASSERT_NE(mapped, MAP_FAILED);
  const auto before = DeviceFlushes();
  EXPECT_EQ(::fsync(fd), 0);
  EXPECT_EQ(::fdatasync(fd), 0);
  EXPECT_EQ(::msync(mapped, 4096, MS_SYNC), 0);
  EXPECT_EQ(::msync(mapped, 4096, MS_ASYNC), 0);
  EXPECT_EQ(DeviceFlushes() - before, 3);
  EXPECT_EQ(::fsync(-1), -1);
  EXPECT_EQ(errno, EBADF);
  ::munmap(mapped, 4096);
  ::close(fd);
  ::unlink(path.c_str());
}

TEST(Filling, SavesExactlyAsManyAsAreWanted) {
  MemoryAdapter adapter;
  const auto store = adapter.Open();
  ASSERT_TRUE(FillActor(**store, "a", 1000, 60));
  EXPECT_THAT(*(*store)->GetEvents("a", 0), SizeIs(1000));
  ASSERT_TRUE(FillActors(**store, 100, 3, 60));
  for (const int actor : {0, 57, 99}) EXPECT_THAT(*(*store)->GetEvents(ActorName(actor), 0), SizeIs(3));
}

// A memory store that goes wrong in a chosen way.
class Faulty : public EventStore {
 public:
  enum class Fault { kNone, kLosesEvents, kRefusesSaves, kThrows };
  static inline Fault fault = Fault::kNone;

  explicit Faulty(std::unique_ptr<MemoryStore> store) : store_(std::move(store)) {}

  Result<void> SaveEvent(const Event& event) override {
    if (fault == Fault::kRefusesSaves) return StoreError(ErrorCode::kStorageFull, "no room");
    if (fault == Fault::kThrows) throw std::runtime_error("oops");
    return store_->SaveEvent(event);
  }
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from) override {
    auto events = store_->GetEvents(actor_id, from);
    if (fault == Fault::kLosesEvents && events && !events->empty()) events->pop_back();
    return events;
  }
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    return store_->GetLatestVersion(actor_id);
  }
  Result<void> Close() override { return store_->Close(); }

 private:
  std::unique_ptr<MemoryStore> store_;
};

struct FaultyAdapter {
  MemoryStore storage;
  Result<std::unique_ptr<Faulty>> Open() { return std::make_unique<Faulty>(storage.Share()); }
};

class Workloads : public testing::Test {
 protected:
  void TearDown() override { Faulty::fault = Faulty::Fault::kNone; }

  // The figures of the benchmark of this name, of the faulty store.
  static Result<Figures> Run(const std::string& name) {
    const auto stage = std::make_shared<Stage>(SubjectOf<FaultyAdapter>("faulty", Durability::kMemory));
    for (const auto make : {AppendBenchmarks, ReadBenchmarks, MixedBenchmarks, OpenBenchmarks}) {
      for (const Benchmark& benchmark : make(stage)) {
        if (benchmark.name() == name) return benchmark.run({.seconds = 0.01});
      }
    }
    return StoreError(ErrorCode::kInvalidEvent, "no benchmark " + name);
  }
};

TEST_F(Workloads, EachOfThemMeasuresAStoreThatWorks) {
  const auto stage = std::make_shared<Stage>(SubjectOf<MemoryAdapter>("memory", Durability::kMemory));
  for (const auto make : {AppendBenchmarks, ReadBenchmarks, MixedBenchmarks, OpenBenchmarks}) {
    for (const Benchmark& benchmark : make(stage)) {
      if (benchmark.value >= 1'000'000) continue;
      const auto figures = benchmark.run({.seconds = 0.01});
      ASSERT_TRUE(figures) << benchmark.name() << ": " << figures.error().message();
      EXPECT_GT(figures->per_second, 0) << benchmark.name();
      EXPECT_THAT(figures->counters, testing::Contains(Key("p99_us"))) << benchmark.name();
    }
  }
}

TEST_F(Workloads, AStoreThatLosesEventsGetsNoFigures) {
  Faulty::fault = Faulty::Fault::kLosesEvents;
  for (const char* name : {"replay/events:1000", "replay_parsed/events:1000", "read_tail/events:1000"}) {
    const auto figures = Run(name);
    ASSERT_FALSE(figures) << name;
    EXPECT_THAT(figures.error().message(), HasSubstr("999 events where 1000 were saved")) << name;
  }
}

TEST_F(Workloads, ARefusedSaveIsAnErrorAndNoFigure) {
  Faulty::fault = Faulty::Fault::kRefusesSaves;
  for (const char* name :
       {"append/threads:8", "append_contended/threads:8", "append_size/bytes:256", "append_at/events:1000",
        "replay/events:1000", "latest/actors:10", "mixed/threads:8"}) {
    const auto figures = Run(name);
    ASSERT_FALSE(figures) << name;
    EXPECT_EQ(figures.error().code(), ErrorCode::kStorageFull) << name;
  }
}

TEST_F(Workloads, WhatAStoreDoesNotHaveIsNotOffered) {
  const auto figures = Run("notices");
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Run("open/events:100000").error().code(), ErrorCode::kInvalidEvent) << "it has no Location()";
}

TEST_F(Workloads, ContendersShareTheActor) {
  const auto figures = Run("append_contended/threads:8");
  ASSERT_TRUE(figures);
  EXPECT_GT(figures->counters.at("fairness"), 0.1);
  EXPECT_LE(figures->counters.at("fairness"), 1);
  EXPECT_GE(figures->counters.at("conflicts_per_success"), 0);
}

}  // namespace
}  // namespace aether::bench
