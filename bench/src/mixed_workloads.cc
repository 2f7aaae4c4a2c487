// What applications do: reading and writing at once, and waiting for notices.

#include <condition_variable>
#include <mutex>
#include <random>
#include <string>

#include "crew.h"
#include "events.h"
#include "workloads.h"

namespace aether::bench {
namespace {

constexpr std::int64_t kActors = 1'000;
constexpr std::int64_t kEventsEach = 10;
constexpr std::chrono::seconds kNoticeLimit{10};

// Of ten operations one appends to an actor of the thread's own; the others load random actors, as a
// command handler does before it decides.
Result<Figures> Mixed(const Subject& subject, const RunSettings& settings) {
  auto filled = MakeEmpty(subject);
  if (!filled) return filled.error();
  EventStore& store = *filled->store;
  if (auto full = FillActors(store, kActors, kEventsEach, settings.fill_seconds); !full)
    return full.error();
  return RunCrew({.threads = 8, .seconds = settings.seconds}, [&](int thread) -> Operation {
    Event event = MakeEvent(ActorName(kActors + thread), 1);
    event.version = 0;
    std::minstd_rand random(static_cast<unsigned>(thread) + 1);
    return [&store, event, random](std::int64_t index) mutable -> Result<std::int64_t> {
      if (index % 10 == 0) {
        MakeNext(event.version, &event);
        if (const auto saved = store.SaveEvent(event); !saved) return saved.error();
      } else {
        const auto read = store.GetEvents(ActorName(static_cast<std::int64_t>(random() % kActors)), 1);
        if (!read) return read.error();
      }
      return 1;
    };
  });
}

// The last version that a notice told of.
class Told {
 public:
  void Set(std::int64_t version) {
    const std::lock_guard lock(mutex_);
    version_ = version;
    changed_.notify_one();
  }

  bool WaitFor(std::int64_t version) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kNoticeLimit, [&] { return version_ >= version; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int64_t version_ = 0;
};

// Saves an event and waits for its notice, one after the other.
Result<Figures> Notices(const Subject& subject, const RunSettings& settings) {
  auto filled = MakeEmpty(subject);
  if (!filled) return filled.error();
  auto* const notifier = dynamic_cast<EventNotifier*>(filled->store.get());
  if (notifier == nullptr) return StoreError(ErrorCode::kNotFound, "the store gives no notices");
  Told told;
  const auto subscription =
      notifier->Subscribe([&](const EventStored& notice) { told.Set(notice.version); });
  if (!subscription) return subscription.error();
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    Event event = MakeEvent(ActorName(0), 1);
    event.version = 0;
    return [&, event](std::int64_t) mutable -> Result<std::int64_t> {
      MakeNext(event.version, &event);
      if (const auto saved = filled->store->SaveEvent(event); !saved) return saved.error();
      if (!told.WaitFor(event.version)) return StoreError(ErrorCode::kUnavailable, "a notice did not come");
      return 1;
    };
  });
}

}  // namespace

std::vector<Benchmark> MixedBenchmarks(const std::shared_ptr<Stage>& stage) {
  return {{.workload = "mixed",
           .parameter = "threads",
           .value = 8,
           .title = "Nine loads of 10 events to one append, random actors",
           .unit = "operations",
           .run = [stage](const RunSettings& settings) { return Mixed(stage->subject, settings); }},
          {.workload = "notices",
           .title = "Append, and wait for its notice",
           .unit = "events",
           .run = [stage](const RunSettings& settings) { return Notices(stage->subject, settings); }}};
}

}  // namespace aether::bench
