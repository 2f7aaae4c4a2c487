// Saving: distinct actors, one contended actor, events of several sizes, long streams.

#include <algorithm>
#include <atomic>
#include <string>

#include "crew.h"
#include "events.h"
#include "workloads.h"

namespace aether::bench {
namespace {

// Saves `event` as the next one of its actor.
Result<std::int64_t> SaveNext(EventStore& store, Event& event) {
  MakeNext(event.version, &event);
  if (const auto saved = store.SaveEvent(event); !saved) return saved.error();
  return 1;
}

// Each thread appends to an actor of its own, `first` as its first event.
Result<Figures> AppendToActors(const Subject& subject, const CrewSettings& settings, const Event& first) {
  auto filled = MakeEmpty(subject);
  if (!filled) return filled.error();
  return RunCrew(settings, [&](int thread) -> Operation {
    Event event = first;
    event.actor_id = ActorName(thread);
    event.version = 0;
    return [&store = *filled->store, event](std::int64_t) mutable { return SaveNext(store, event); };
  });
}

// Where appending takes less than a microsecond, not every one is timed.
int TimedOf(const Subject& subject) { return subject.durability == Durability::kMemory ? 8 : 1; }

// Jain's index: 1 when all had the same share, 1/n when one had all.
double Fairness(const std::vector<std::int64_t>& shares) {
  double sum = 0;
  double squares = 0;
  for (const std::int64_t share : shares) {
    sum += static_cast<double>(share);
    squares += static_cast<double>(share) * static_cast<double>(share);
  }
  return squares == 0 ? 0 : sum * sum / (static_cast<double>(shares.size()) * squares);
}

// All threads append to one actor; who loses reads the latest version again and tries again.
Result<Figures> AppendContended(const Subject& subject, const CrewSettings& settings) {
  auto filled = MakeEmpty(subject);
  if (!filled) return filled.error();
  EventStore& store = *filled->store;
  std::atomic<std::int64_t> conflicts{0};
  std::atomic<std::int64_t> successes{0};
  std::vector<std::int64_t> shares(static_cast<std::size_t>(settings.threads));
  auto figures = RunCrew(settings, [&](int thread) -> Operation {
    Event event = MakeEvent(ActorName(0), 1);
    return [&, event, thread](std::int64_t) mutable -> Result<std::int64_t> {
      for (;;) {
        const auto latest = store.GetLatestVersion(event.actor_id);
        if (!latest) return latest.error();
        MakeNext(*latest, &event);
        const auto saved = store.SaveEvent(event);
        if (saved) break;
        if (saved.error().code() != ErrorCode::kVersionConflict) return saved.error();
        conflicts.fetch_add(1, std::memory_order_relaxed);
      }
      successes.fetch_add(1, std::memory_order_relaxed);
      ++shares[static_cast<std::size_t>(thread)];
      return 1;
    };
  });
  if (!figures) return figures;
  figures->counters["conflicts_per_success"] =
      static_cast<double>(conflicts.load()) /
      static_cast<double>(std::max<std::int64_t>(successes.load(), 1));
  figures->counters["fairness"] = Fairness(shares);
  return figures;
}

// Appends to an actor that has `events` events already: so few more that it stays about that long.
Result<Figures> AppendAtLength(Stage& stage, std::int64_t events, const RunSettings& settings) {
  std::string actor_id;
  const auto store = stage.filled.WithActorOf(events, &actor_id, settings.fill_seconds);
  if (!store) return store.error();
  const auto latest = (*store)->GetLatestVersion(actor_id);
  if (!latest) return latest.error();
  CrewSettings crew{.threads = 1, .seconds = settings.seconds, .timed_of = TimedOf(stage.subject)};
  crew.most_operations = std::max<std::int64_t>(500, events / 50);
  return RunCrew(crew, [&](int) -> Operation {
    Event event = MakeEvent(actor_id, 1);
    event.version = *latest;
    return [store = *store, event](std::int64_t) mutable { return SaveNext(*store, event); };
  });
}

}  // namespace

std::vector<Benchmark> AppendBenchmarks(const std::shared_ptr<Stage>& stage) {
  std::vector<Benchmark> benchmarks;
  for (const int threads : {1, 8, 64}) {
    benchmarks.push_back({.workload = "append",
                          .parameter = "threads",
                          .value = threads,
                          .title = "Append, distinct actors",
                          .unit = "events",
                          .run = [stage, threads](const RunSettings& settings) {
                            return AppendToActors(stage->subject,
                                                  {threads, settings.seconds, TimedOf(stage->subject)},
                                                  MakeEvent(ActorName(0), 1));
                          }});
  }
  benchmarks.push_back({.workload = "append_contended",
                        .parameter = "threads",
                        .value = 8,
                        .title = "Append, all to one actor",
                        .unit = "events",
                        .run = [stage](const RunSettings& settings) {
                          return AppendContended(stage->subject, {8, settings.seconds});
                        }});
  for (const int bytes : {256, 4096, 65536}) {
    benchmarks.push_back({.workload = "append_size",
                          .parameter = "bytes",
                          .value = bytes,
                          .title = "Append, events of this size",
                          .unit = "events",
                          .run = [stage, bytes](const RunSettings& settings) {
                            return AppendToActors(
                                stage->subject, {1, settings.seconds, TimedOf(stage->subject)},
                                MakeEventOfSize(ActorName(0), 1, static_cast<std::size_t>(bytes)));
                          }});
  }
  for (const std::int64_t events : {1'000, 10'000, 100'000, 1'000'000}) {
    benchmarks.push_back({.workload = "append_at",
                          .parameter = "events",
                          .value = events,
                          .title = "Append to an actor of this length",
                          .unit = "events",
                          .run = [stage, events](const RunSettings& settings) {
                            return AppendAtLength(*stage, events, settings);
                          }});
  }
  return benchmarks;
}

}  // namespace aether::bench
