// Reading: whole streams, ends of streams, latest versions.

#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "crew.h"
#include "events.h"
#include "workloads.h"

namespace aether::bench {
namespace {

constexpr std::int64_t kTail = 10;

StoreError Incomplete(std::size_t got, std::int64_t wanted) {
  return StoreError(ErrorCode::kCorrupt, "read " + std::to_string(got) + " events where " +
                                             std::to_string(wanted) +
                                             " were saved: a store that loses events is not measured");
}

// An actor that was filled, and what is in it: appending at this length may have made it longer.
struct LongActor {
  EventStore* store = nullptr;
  std::string id;
  std::int64_t size = 0;
  std::int64_t tail_from = 0;  // the version of the first of the last few events
};

Result<LongActor> FilledActor(Stage& stage, std::int64_t events, const RunSettings& settings) {
  LongActor actor;
  const auto store = stage.filled.WithActorOf(events, &actor.id, settings.fill_seconds);
  if (!store) return store.error();
  actor.store = *store;
  const auto all = actor.store->GetEvents(actor.id, 0);
  if (!all) return all.error();
  actor.size = static_cast<std::int64_t>(all->size());
  if (actor.size < events) return Incomplete(all->size(), events);
  actor.tail_from = (*all)[all->size() - kTail]->version;
  return actor;
}

// Reads an actor of `events` events from its first one on; `parsed`: and makes a tree of every payload.
Result<Figures> Replay(Stage& stage, std::int64_t events, bool parsed, const RunSettings& settings) {
  const auto actor = FilledActor(stage, events, settings);
  if (!actor) return actor.error();
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [parsed, actor = *actor](std::int64_t) -> Result<std::int64_t> {
      const auto read = actor.store->GetEvents(actor.id, 0);
      if (!read) return read.error();
      if (static_cast<std::int64_t>(read->size()) != actor.size)
        return Incomplete(read->size(), actor.size);
      if (!parsed) return actor.size;
      std::size_t members = 0;
      for (const EventPtr& event : *read) members += event->data.ToJson().size();
      return members == 0 ? 0 : actor.size;
    };
  });
}

// Reads the last few events of an actor of `events` events.
Result<Figures> ReadTail(Stage& stage, std::int64_t events, const RunSettings& settings) {
  const auto actor = FilledActor(stage, events, settings);
  if (!actor) return actor.error();
  return RunCrew({.threads = 1, .seconds = settings.seconds}, [&](int) -> Operation {
    return [actor = *actor](std::int64_t) -> Result<std::int64_t> {
      const auto read = actor.store->GetEvents(actor.id, actor.tail_from);
      if (!read) return read.error();
      if (read->size() != kTail) return Incomplete(read->size(), kTail);
      return 1;
    };
  });
}

// Asks for the latest versions of random ones of `actors` actors.
Result<Figures> Latest(Stage& stage, std::int64_t actors, const RunSettings& settings) {
  const auto store = stage.filled.WithActors(actors, 1, settings.fill_seconds);
  if (!store) return store.error();
  // Names made ahead, in random order: making them would cost as much as the fastest look-up.
  std::mt19937_64 random(1);
  std::vector<std::string> names;
  for (int i = 0; i < 4096; ++i) {
    names.push_back(ActorName(static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(actors))));
  }
  return RunCrew({.threads = 1, .seconds = settings.seconds, .timed_of = 16}, [&](int) -> Operation {
    return [&, store = *store](std::int64_t index) -> Result<std::int64_t> {
      const auto latest = store->GetLatestVersion(names[static_cast<std::size_t>(index) % names.size()]);
      if (!latest) return latest.error();
      if (*latest != 1) return Incomplete(static_cast<std::size_t>(*latest), 1);
      return 1;
    };
  });
}

}  // namespace

std::vector<Benchmark> ReadBenchmarks(const std::shared_ptr<Stage>& stage) {
  std::vector<Benchmark> benchmarks;
  for (const std::int64_t events : {1'000, 10'000, 100'000, 1'000'000}) {
    benchmarks.push_back({.workload = "replay",
                          .parameter = "events",
                          .value = events,
                          .title = "Replay of one actor",
                          .unit = "events",
                          .run = [stage, events](const RunSettings& settings) {
                            return Replay(*stage, events, false, settings);
                          }});
  }
  for (const std::int64_t events : {1'000, 100'000}) {
    benchmarks.push_back({.workload = "replay_parsed",
                          .parameter = "events",
                          .value = events,
                          .title = "Replay of one actor, every payload parsed into a tree",
                          .unit = "events",
                          .run = [stage, events](const RunSettings& settings) {
                            return Replay(*stage, events, true, settings);
                          }});
  }
  for (const std::int64_t events : {1'000, 10'000, 100'000, 1'000'000}) {
    benchmarks.push_back({.workload = "read_tail",
                          .parameter = "events",
                          .value = events,
                          .title = "Read the last 10 events of an actor of this length",
                          .unit = "reads",
                          .run = [stage, events](const RunSettings& settings) {
                            return ReadTail(*stage, events, settings);
                          }});
  }
  for (const std::int64_t actors : {1, 10, 100, 1'000, 10'000, 100'000}) {
    benchmarks.push_back(
        {.workload = "latest",
         .parameter = "actors",
         .value = actors,
         .title = "Latest version of random actors",
         .unit = "reads",
         .run = [stage, actors](const RunSettings& settings) { return Latest(*stage, actors, settings); }});
  }
  return benchmarks;
}

}  // namespace aether::bench
