// VER: versions rise strictly within an actor.

#include <rapidcheck.h>

#include <algorithm>
#include <limits>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();

void RequireAscending(const std::vector<EventPtr>& events) {
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (events[i - 1]->version >= events[i]->version) {
      throw Failure("a read does not ascend strictly",
                    "a version above " + std::to_string(events[i - 1]->version),
                    std::to_string(events[i]->version));
    }
  }
}

// VER-01: versions of three digits throughout, since VER-08 looks at the number of digits.
void ReadsAscend(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::int64_t version = 100;
    const int count = *rc::gen::inRange(2, 100);
    for (int i = 0; i < count; ++i) {
      t.store().MustSave(t.NewEvent(actor, version));
      version += *rc::gen::inRange(1, 10);
    }
    const auto events = t.store().MustRead(actor);
    if (events.size() != static_cast<std::size_t>(count)) {
      throw Failure("a read has another number of events", std::to_string(count), DescribeVersions(events));
    }
    RequireAscending(events);
    RequireAscending(t.store().MustRead(actor, *rc::gen::inRange<std::int64_t>(100, version)));
  });
  // Two threads in turns: whatever a store keeps by thread, versions order the stream.
  run.ForAll(5, [](Trial& t) {
    const std::string actor = t.NewActor();
    const int count = *rc::gen::inRange(2, 30);
    for (int i = 0; i < count; ++i) {
      const Event event = t.NewEvent(actor, 100 + i);
      if (i % 2 == 0) {
        t.store().MustSave(event);
      } else {
        t.Race(1, [&](int) { t.store().MustSave(event); });
      }
    }
    RequireAscending(t.store().MustRead(actor));
  });
}

// VER-02
void GapsAreAccepted(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    for (const std::int64_t version : *gen::RisingVersions(6)) {
      events.push_back(t.NewEvent(actor, version));
      t.store().MustSave(events.back());
    }
    t.store().MustReadAs(actor, events);
  });
}

// VER-03
void LatestIsTheLastSaved(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    for (const std::int64_t version : *gen::RisingVersions(8)) {
      if (!Saves(t.store(), t.NewEvent(actor, version))) return;  // VER-02's affair
      t.store().MustHaveLatest(actor, version);
    }
    if (const auto events = t.store().MustRead(actor); !events.empty()) {
      t.store().MustHaveLatest(actor, events.back()->version);
    }
  });
  // Around the usual pages; the quick profile stops beyond that of 256.
  run.Once([&](Trial& t) {
    const std::string actor = t.NewActor();
    const int length = std::min(1100, run.Scaled(1500));
    for (int version = 1; version <= length; ++version) {
      t.store().MustSave(t.NewEvent(actor, version));
      if (version % 64 <= 1 || version % 100 <= 1) t.store().MustHaveLatest(actor, version);
    }
    t.store().MustHaveLatest(actor, length);
  });
}

// VER-04
void LatestIsZeroWithoutEvents(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string known = t.NewActor();
    t.SaveMany(t.store(), known, *rc::gen::inRange(0, 3));
    const std::string unknown = t.NewActor();
    t.store().MustHaveLatest(unknown, 0);
    (void)t.store().MustRead(unknown);
    t.store().MustHaveLatest(unknown, 0);
  });
}

// VER-05
void ActorsAreIndependent(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::vector<std::string> actors = {t.NewActor(), t.NewActor(), t.NewActor()};
    std::vector<std::vector<Event>> streams(actors.size());
    const auto order = *rc::gen::container<std::vector<std::size_t>>(
        *rc::gen::inRange<std::size_t>(1, 15), rc::gen::inRange<std::size_t>(0, actors.size()));
    for (const std::size_t i : order) {
      const auto version = static_cast<std::int64_t>(streams[i].size()) + 1;
      streams[i].push_back(t.NewEvent(actors[i], version));
      t.store().MustSave(streams[i].back());
    }
    for (std::size_t i = 0; i < actors.size(); ++i) {
      t.store().MustHaveLatest(actors[i], static_cast<std::int64_t>(streams[i].size()));
      t.store().MustReadAs(actors[i], streams[i]);
    }
  });
}

// VER-06
void NewActorRefusesZeroAndBelow(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string actor = t.NewActor();
    t.store().MustRefuse(t.NewEvent(actor, *rc::gen::inRange<std::int64_t>(-1000, 1)), 0);
    t.store().MustHaveLatest(actor, 0);
    t.store().MustReadAs(actor, {});
  });
  run.Once([](Trial& t) {
    for (const std::int64_t version : {std::int64_t{0}, std::int64_t{-1}, kMin}) {
      t.store().MustRefuse(t.NewEvent(t.NewActor(), version), 0);
    }
  });
}

// VER-07
void TheLargestVersionIsTheLast(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(0, 3));
    if (*rc::gen::arbitrary<bool>()) {
      events.push_back(t.NewEvent(actor, kMax - 1));
      t.store().MustSave(events.back());
    }
    events.push_back(t.NewEvent(actor, kMax));
    t.store().MustSave(events.back());
    t.store().MustHaveLatest(actor, kMax);
    for (const std::int64_t version : {kMax, kMax - 1, kMin}) {
      t.store().MustRefuse(t.NewEvent(actor, version), kMax);
    }
    t.store().MustReadAs(actor, events);
    t.store().MustReadAs(actor, {events.back()}, kMax);
  });
}

// VER-08
void VersionsOrderAsNumbers(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    const std::vector<std::int64_t> edges = {9,
                                             10,
                                             99,
                                             100,
                                             255,
                                             256,
                                             999,
                                             1000,
                                             65535,
                                             65536,
                                             9999999,
                                             10000000,
                                             2147483647,
                                             2147483648,
                                             4294967295,
                                             4294967296,
                                             9007199254740992,
                                             9007199254740993,
                                             999999999999999999,
                                             1000000000000000000};
    const auto first = *rc::gen::inRange<std::size_t>(0, 2);
    for (std::size_t i = first; i < edges.size(); ++i) {
      events.push_back(t.NewEvent(actor, edges[i]));
      t.store().MustSave(events.back());
      t.store().MustHaveLatest(actor, edges[i]);
    }
    t.store().MustReadAs(actor, events);
  });
}

constexpr Property kProperties[] = {
    {"VER-01", ReadsAscend},
    {"VER-02", GapsAreAccepted},
    {"VER-03", LatestIsTheLastSaved},
    {"VER-04", LatestIsZeroWithoutEvents},
    {"VER-05", ActorsAreIndependent},
    {"VER-06", NewActorRefusesZeroAndBelow},
    {"VER-07", TheLargestVersionIsTheLast},
    {"VER-08", VersionsOrderAsNumbers},
};

}  // namespace

std::span<const Property> VersionProperties() { return kProperties; }

}  // namespace aether::conformance
