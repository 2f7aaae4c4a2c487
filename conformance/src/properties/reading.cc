// READ: what a read answers, and when.

#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <set>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();

std::vector<Event> From(const std::vector<Event>& events, std::int64_t from_version) {
  std::vector<Event> rest;
  for (const Event& event : events) {
    if (event.version >= from_version) rest.push_back(event);
  }
  return rest;
}

// Saves events of rising versions, gaps included.
std::vector<Event> SaveRising(Trial& t, Handle& store, const std::string& actor, int most) {
  std::vector<Event> events;
  for (const std::int64_t version : *gen::RisingVersions(most)) {
    events.push_back(t.NewEvent(actor, version));
    store.MustSave(events.back());
  }
  return events;
}

// Every place where "from" may be off by one.
std::set<std::int64_t> Boundaries(const std::vector<Event>& events) {
  std::set<std::int64_t> boundaries = {kMin, -1, 0, 1, kMax};
  for (const Event& event : events) {
    boundaries.insert({event.version - 1, event.version, event.version + 1});
  }
  return boundaries;
}

// READ-01
void FromVersionIsInclusive(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    for (const std::int64_t from : Boundaries(events)) {
      t.store().MustReadAs(actor, From(events, from), from);
    }
  });
}

// READ-02
void UnknownActorIsEmpty(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto from = *rc::gen::elementOf(std::vector<std::int64_t>{kMin, -1, 0, 1, 2, kMax});
    t.store().MustReadAs(actor, {}, from);
    if (t.offered().errors && !t.store().MustReplay(actor, from).events.empty()) {
      throw Failure("GetEventsWithErrors gives events of an unknown actor");
    }
  });
}

// READ-03
void OwnWritesAreSeenAtOnce(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    const int count = *rc::gen::inRange(1, 10);
    for (int version = 1; version <= count; ++version) {
      events.push_back(t.NewEvent(actor, version));
      t.store().MustSave(events.back());
      t.store().MustReadAs(actor, events);
      t.store().MustReadAs(actor, {events.back()}, version);
      if (t.offered().errors) RequireEqual(events, t.store().MustReplay(actor).events, actor);
    }
  });
}

// READ-04
void OtherHandlesSeeWritesAtOnce(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    const int count = *rc::gen::inRange(1, 8);
    for (int version = 1; version <= count; ++version) {
      const auto writer = *rc::gen::inRange<std::size_t>(0, 2);
      events.push_back(t.NewEvent(actor, version));
      t.store(writer).MustSave(events.back());
      t.store(1 - writer).MustReadAs(actor, events);
      t.store(1 - writer).MustHaveLatest(actor, version);
    }
  });
}

// READ-05
void ReadersDuringWritesSeeAPrefix(RuleRun& run) {
  const int rounds = run.Scaled(40, 8);
  run.Rounds(rounds, [&](Trial& t, int) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    for (int version = 1; version <= 40; ++version) events.push_back(t.NewEvent(actor, version));
    std::atomic<bool> done = false;
    Handle& writer = t.store();
    Handle& reader = t.store(t.offered().handles ? 1 : 0);
    t.Race(3, [&](int racer) {
      if (racer == 1) {
        try {
          for (const Event& event : events) writer.MustSave(event);
        } catch (...) {
          done = true;
          throw;
        }
        done = true;
        return;
      }
      for (int reads = 0; !done && reads < 1000; ++reads) {
        const auto seen = (racer == 2 ? writer : reader).MustRead(actor);
        if (seen.size() > events.size()) throw Failure("a read has more events than were saved");
        RequireEqual({events.begin(), events.begin() + static_cast<std::ptrdiff_t>(seen.size())}, seen,
                     actor);
      }
    });
  });
}

// READ-06: a read at and around every usual page size, then of everything. The quick profile stops beyond
// the page of 4,096.
void LongStreamsAreReadWhole(RuleRun& run) {
  const std::int64_t length = std::min(10000, run.Scaled(25000));
  run.Once([&](Trial& t) {
    const std::string actor = t.NewActor();
    const std::set<std::int64_t> edges = {64,  65,   100,  101,  128,  129,  256,  257,  500,  501,  512,
                                          513, 1000, 1001, 1024, 1025, 4096, 4097, 5001, 8193, 10000};
    std::vector<Event> events;
    for (std::int64_t version = 1; version <= length; ++version) {
      events.push_back(t.NewEvent(actor, version));
      t.store().MustSave(events.back());
      if (edges.contains(version)) t.store().MustReadAs(actor, events);
    }
    for (const std::int64_t from : {std::int64_t{2}, length - 1000, length - 1, length, length + 1}) {
      t.store().MustReadAs(actor, From(events, from), from);
    }
    t.store().MustHaveLatest(actor, length);
    if (t.offered().errors) RequireEqual(events, t.store().MustReplay(actor).events, actor);
    if (length < 10000) run.result().message = std::to_string(length) + " events in this profile";
  });
}

// READ-07
void LargeEventsAreKeptWholeOrRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    for (const std::size_t size : {std::size_t{65'536}, std::size_t{262'144}, std::size_t{1'048'576}}) {
      const std::string actor = t.NewActor();
      auto events = t.SaveMany(t.store(), actor, 1);
      Event large = t.NewEvent(actor, 2);
      large.data = JsonObject::Trusted(R"({"text":")" + std::string(size, 'x') + R"("})");
      const auto saved = t.store().SaveEvent(large);
      if (saved) {
        events.push_back(large);
      } else if (ThrowIfNoWord(saved.error()); saved.error().code() != ErrorCode::kInvalidEvent) {
        throw Failure("an event of " + std::to_string(size) + " bytes is refused with another error",
                      "success, or invalid_event", Describe(saved.error()));
      }
      t.store().MustReadAs(actor, events);
      t.store().MustHaveLatest(actor, events.back().version);
      events.push_back(t.NewEvent(actor, events.back().version + 1));
      t.store().MustSave(events.back());
      t.store().MustReadAs(actor, events);
    }
  });
}

// READ-08
void BothReadsAgree(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    for (const std::int64_t from : Boundaries(events)) {
      RequireEqual(From(events, from), t.store().MustReplay(actor, from).events, actor);
    }
  });
}

// READ-09
void ReadingChangesNothing(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    const std::string actor = t.NewActor();
    (void)t.store().MustRead(actor);
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 5));
    const int reads = *rc::gen::inRange(1, 5);
    for (int i = 0; i < reads; ++i) {
      (void)t.store().MustRead(actor, *rc::gen::inRange<std::int64_t>(0, 6));
      t.store().MustReadAs(actor, events);
      t.store().MustHaveLatest(actor, events.back().version);
    }
    events.push_back(t.NewEvent(actor, events.back().version + 1));
    t.store().MustSave(events.back());
    t.store().MustReadAs(actor, events);
  });
}

constexpr Property kProperties[] = {
    {"READ-01", FromVersionIsInclusive},
    {"READ-02", UnknownActorIsEmpty},
    {"READ-03", OwnWritesAreSeenAtOnce},
    {"READ-04", OtherHandlesSeeWritesAtOnce},
    {"READ-05", ReadersDuringWritesSeeAPrefix},
    {"READ-06", LongStreamsAreReadWhole},
    {"READ-07", LargeEventsAreKeptWholeOrRefused},
    {"READ-08", BothReadsAgree},
    {"READ-09", ReadingChangesNothing},
};

}  // namespace

std::span<const Property> ReadingProperties() { return kProperties; }

}  // namespace aether::conformance
