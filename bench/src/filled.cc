// Filling stores.

#include "filled.h"

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "events.h"

namespace aether::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kThreads = 64;

Clock::time_point Until(double seconds) {
  return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// Calls `save(thread)` from so many threads, again and again, until one of them answers that there is no
// more to do, fails, or time is over.
Result<void> FillFromThreads(int thread_count, Clock::time_point until,
                             const std::function<Result<bool>(int thread)>& save) {
  std::atomic<bool> ends{false};
  std::mutex mutex;
  std::optional<StoreError> error;
  const auto fail = [&](StoreError why) {
    const std::lock_guard lock(mutex);
    if (!error) error = std::move(why);
    ends = true;
  };
  std::vector<std::thread> threads;
  for (int thread = 0; thread < thread_count; ++thread) {
    threads.emplace_back([&, thread] {
      while (!ends) {
        const auto more = save(thread);
        if (!more) return fail(more.error());
        if (!*more) return;
        if (Clock::now() >= until) {
          return fail(
              StoreError(ErrorCode::kNotFound, "filling the store took longer than --fill-seconds"));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (error) return *error;
  return {};
}

// Takes one from `count` unless it is 0.
bool Claim(std::atomic<std::int64_t>& count) {
  std::int64_t left = count.load();
  while (left > 0 && !count.compare_exchange_weak(left, left - 1)) {
  }
  return left > 0;
}

std::vector<Event> EventPerThread() {
  std::vector<Event> events;
  for (int thread = 0; thread < kThreads; ++thread) events.push_back(MakeEvent("unset", 1));
  return events;
}

}  // namespace

Result<Filled> MakeEmpty(const Subject& subject) {
  Filled filled;
  try {
    filled.storage = subject.make();
  } catch (const std::exception& e) {
    return StoreError(ErrorCode::kUnavailable, std::string("the adapter: ") + e.what());
  }
  auto store = filled.storage->Open();
  if (!store) return store.error();
  filled.store = *std::move(store);
  return filled;
}

namespace {

// Saves the next `events` events of an actor from so many threads. Answers the events per second.
Result<double> Append(EventStore& store, const std::string& actor_id, std::int64_t events, int threads,
                      Clock::time_point until, std::atomic<std::int64_t>& version) {
  std::vector<Event> drafts = EventPerThread();
  for (Event& draft : drafts) draft.actor_id = actor_id;
  std::atomic<std::int64_t> wanted{events};
  const auto begin = Clock::now();
  auto filled = FillFromThreads(threads, until, [&](int thread) -> Result<bool> {
    if (!Claim(wanted)) return false;
    Event& event = drafts[static_cast<std::size_t>(thread)];
    MakeNext(version.fetch_add(1), &event);
    const auto saved = store.SaveEvent(event);
    if (saved) return true;
    if (saved.error().code() != ErrorCode::kVersionConflict) return saved.error();
    wanted.fetch_add(1);  // another thread's higher version was first
    return true;
  });
  if (!filled) return filled.error();
  return static_cast<double>(events) / std::chrono::duration<double>(Clock::now() - begin).count();
}

}  // namespace

Result<void> FillActor(EventStore& store, const std::string& actor_id, std::int64_t events,
                       double seconds) {
  const auto until = Until(seconds);
  std::atomic<std::int64_t> version{0};
  // Racing for an actor shares flushes in one store and is a waste in another: a tenth of the events tells.
  const std::int64_t trial = events / 20;
  const auto alone = Append(store, actor_id, trial, 1, until, version);
  if (!alone) return alone.error();
  const auto racing = Append(store, actor_id, trial, kThreads, until, version);
  if (!racing) return racing.error();
  const auto rest =
      Append(store, actor_id, events - 2 * trial, *racing > *alone ? kThreads : 1, until, version);
  if (!rest) return rest.error();
  return {};
}

Result<void> FillActors(EventStore& store, std::int64_t actors, std::int64_t events, double seconds) {
  std::vector<Event> drafts = EventPerThread();
  std::atomic<std::int64_t> next_actor{0};
  return FillFromThreads(kThreads, Until(seconds), [&](int thread) -> Result<bool> {
    const std::int64_t actor = next_actor.fetch_add(1);
    if (actor >= actors) return false;
    Event& event = drafts[static_cast<std::size_t>(thread)];
    event.actor_id = ActorName(actor);
    for (std::int64_t version = 0; version < events; ++version) {
      MakeNext(version, &event);
      if (const auto saved = store.SaveEvent(event); !saved) return saved.error();
    }
    return true;
  });
}

Result<EventStore*> FilledStores::WithActorOf(std::int64_t events, std::string* actor_id, double seconds) {
  if (!long_actors_.store) {
    auto empty = MakeEmpty(subject_);
    if (!empty) return empty.error();
    long_actors_ = *std::move(empty);
  }
  *actor_id = "actor-of-" + std::to_string(events);
  auto length = lengths_.find(events);
  if (length == lengths_.end()) {
    length = lengths_.emplace(events, FillActor(*long_actors_.store, *actor_id, events, seconds)).first;
  }
  if (!length->second) return length->second.error();
  return long_actors_.store.get();
}

Result<EventStore*> FilledStores::WithActors(std::int64_t actors, std::int64_t events, double seconds) {
  const auto fill = [&]() -> Result<Filled> {
    auto filled = MakeEmpty(subject_);
    if (!filled) return filled.error();
    if (auto full = FillActors(*filled->store, actors, events, seconds); !full) return full.error();
    return filled;
  };
  const std::pair key(actors, events);
  auto filled = by_actors_.find(key);
  if (filled == by_actors_.end()) filled = by_actors_.emplace(key, fill()).first;
  if (!filled->second) return filled->second.error();
  return filled->second->store.get();
}

}  // namespace aether::bench
