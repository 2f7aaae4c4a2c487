// READ: what a read answers, and when.

#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <set>
#include <thread>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::size_t kMustFit = 65'536;  // bytes of text in a payload that no store may refuse

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
    Event event = t.NewEvent(actor, version);
    if (Saves(store, event)) events.push_back(std::move(event));
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

// Requires that `actual` are those of `events` from version `from` on.
void RequireFrom(const std::vector<Event>& events, std::int64_t from, const std::vector<EventPtr>& actual,
                 const std::string& actor) {
  const auto expected = From(events, from);
  if (expected.size() != actual.size()) {
    std::vector<EventPtr> wanted;
    for (const Event& event : expected) wanted.push_back(std::make_shared<const Event>(event));
    throw Failure(
        "a read from version " + std::to_string(from) + " gives other events than those from there on",
        DescribeVersions(wanted), DescribeVersions(actual));
  }
  RequireEqual(expected, actual, actor);
}

std::int64_t OneOf(const std::set<std::int64_t>& boundaries) {
  return *rc::gen::elementOf(std::vector<std::int64_t>(boundaries.begin(), boundaries.end()));
}

// READ-01: one boundary, which makes for short cases, then all of them.
void FromVersionIsInclusive(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    const std::int64_t from = OneOf(Boundaries(events));
    RequireFrom(events, from, t.store().MustRead(actor, from), actor);
  });
  run.ForAll(40, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    for (const std::int64_t from : Boundaries(events)) {
      RequireFrom(events, from, t.store().MustRead(actor, from), actor);
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
//
// In half of the rounds the writer does not wait for anybody; in the others it gives the readers time for
// some reads at each save, so that a fault that is rare has its occasion. Readers do not read more often
// than that: a writer that the machine has put aside shows them nothing new.
void ReadersDuringWritesSeeAPrefix(RuleRun& run) {
  const int rounds = run.Scaled(60, 24);
  run.Rounds(rounds, [&](Trial& t, int round) {
    constexpr int kReadsPerSave = 30;
    constexpr auto kPause = std::chrono::milliseconds(2);
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    for (int version = 1; version <= 40; ++version) events.push_back(t.NewEvent(actor, version));
    std::atomic<bool> done = false;
    std::atomic<int> reads = 0;
    std::atomic<int> allowed = kReadsPerSave;
    const auto let_them_read = [&] {
      const auto end = std::chrono::steady_clock::now() + kPause;
      while (reads < allowed && std::chrono::steady_clock::now() < end) std::this_thread::yield();
    };
    Handle& writer = t.store();
    Handle& reader = t.store(t.offered().handles ? 1 : 0);
    t.Race(3, [&](int racer) {
      if (racer == 1) {
        try {
          for (const Event& event : events) {
            allowed += kReadsPerSave;
            writer.MustSave(event);
            if (round % 2 == 1) let_them_read();
          }
        } catch (...) {
          done = true;
          throw;
        }
        done = true;
        return;
      }
      while (!done) {
        if (reads >= allowed) {
          std::this_thread::yield();
          continue;
        }
        ++reads;
        const auto seen = (racer == 2 ? writer : reader).MustRead(actor);
        if (seen.size() > events.size()) throw Failure("a read has more events than were saved");
        for (std::size_t i = 0; i < seen.size(); ++i) {
          if (seen[i]->version != events[i].version) {
            throw Failure("a read during writes has a hole", "version " + std::to_string(events[i].version),
                          DescribeVersions(seen));
          }
          if (const std::string difference = Difference(events[i], *seen[i]); !difference.empty()) {
            throw Failure("a read during writes has an event that is not whole: " + difference);
          }
        }
      }
    });
  });
}

// READ-06: a read at and around every usual page size, then of everything. The quick profile stops beyond
// the page of 4,096, and beyond that of 1,024 where a save takes milliseconds.
void LongStreamsAreReadWhole(RuleRun& run) {
  constexpr std::int64_t kLeast = 1025;
  std::int64_t length = std::min(10000, run.Scaled(25000));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(run.Scaled(50'000));
  run.Once([&](Trial& t) {
    const std::string actor = t.NewActor();
    const std::set<std::int64_t> edges = {64,  65,   100,  101,  128,  129,  256,  257,  500,  501,  512,
                                          513, 1000, 1001, 1024, 1025, 4096, 4097, 5001, 8193, 10000};
    std::vector<Event> events;
    for (std::int64_t version = 1; version <= length; ++version) {
      events.push_back(t.NewEvent(actor, version));
      t.store().MustSave(events.back());
      if (edges.contains(version)) t.store().MustReadAs(actor, events);
      if (version >= kLeast && version < length && std::chrono::steady_clock::now() > end) length = version;
    }
    for (const std::int64_t from : {std::int64_t{2}, std::int64_t{65}, std::int64_t{257},
                                    std::int64_t{1001}, length - 1000, length - 1, length, length + 1}) {
      t.store().MustReadAs(actor, From(events, from), from);
    }
    t.store().MustHaveLatest(actor, length);
    if (t.offered().errors) RequireEqual(events, t.store().MustReplay(actor).events, actor);
    if (length < 10000) run.result().message = std::to_string(length) + " of 10000 events in this profile";
  });
}

// READ-07: a store may have a limit, but not below 64 KiB.
void LargeEventsAreKeptWholeOrRefused(RuleRun& run) {
  for (const std::size_t size : {4'096, 16'384, 65'535, 65'536, 262'144, 1'048'576}) {
    run.Once([&](Trial& t) {
      const std::string actor = t.NewActor();
      auto events = t.SaveMany(t.store(), actor, 1);
      Event large = t.NewEvent(actor, 2);
      large.data = JsonObject::Trusted(R"({"text":")" + std::string(size, 'x') + R"("})");
      const auto saved = t.store().SaveEvent(large);
      if (saved) {
        events.push_back(large);
      } else if (ThrowIfNoWord(saved.error()); saved.error().code() != ErrorCode::kInvalidEvent) {
        throw Failure("an event of " + std::to_string(size) + " bytes is refused with another error",
                      size <= kMustFit ? "ok" : "ok, or invalid_event", Describe(saved.error()));
      } else if (size <= kMustFit) {
        throw Failure("an event with a text of " + std::to_string(size) + " bytes is refused",
                      "ok: up to " + std::to_string(kMustFit) + " bytes every store has to take",
                      Describe(saved.error()));
      }
      t.store().MustReadAs(actor, events);
      t.store().MustHaveLatest(actor, events.back().version);
      events.push_back(t.NewEvent(actor, events.back().version + 1));
      t.store().MustSave(events.back());
      t.store().MustReadAs(actor, events);
    });
  }
}

// READ-08
void BothReadsAgree(RuleRun& run) {
  // That GetEvents is right is READ-01's affair: here only the two have to agree.
  const auto agree = [](Trial& t, const std::string& actor, std::int64_t from) {
    const auto events = t.store().MustRead(actor, from);
    const auto replayed = t.store().MustReplay(actor, from).events;
    if (events.size() != replayed.size()) {
      throw Failure("GetEventsWithErrors gives other events than GetEvents", DescribeVersions(events),
                    DescribeVersions(replayed));
    }
    for (std::size_t i = 0; i < events.size(); ++i) {
      if (const std::string difference = Difference(*events[i], *replayed[i]); !difference.empty()) {
        throw Failure("GetEventsWithErrors gives another event than GetEvents: " + difference);
      }
    }
  };
  run.ForAll(60, [&](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    agree(t, actor, OneOf(Boundaries(events)));
  });
  run.ForAll(40, [&](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = SaveRising(t, t.store(), actor, 5);
    for (const std::int64_t from : Boundaries(events)) agree(t, actor, from);
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
