// IMM: what was saved stays as it is.

#include <rapidcheck.h>

#include <map>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// Does one of the things that must not touch what is stored already: saves, refused saves, snapshots, and
// reads, of this actor or another. `events` grows with what is saved for `actor`.
void DoSomething(Trial& t, Handle& store, const std::string& actor, const std::string& other,
                 std::vector<Event>* events) {
  const int what = *rc::gen::inRange(0, 8);
  switch (what) {
    case 0:
    case 6:
    case 7:
      if (Event event = t.NewEvent(actor, events->back().version + *rc::gen::inRange(1, 4));
          Saves(store, event)) {
        events->push_back(std::move(event));
      }
      break;
    case 1:
      (void)store.SaveEvent(t.NewEvent(actor, *rc::gen::inRange<std::int64_t>(0, events->back().version)));
      break;
    case 2:
      (void)store.SaveEvent(t.NewEvent(other, *rc::gen::inRange(1, 20)));
      break;
    case 3:
      (void)store.GetEvents(actor, *rc::gen::inRange(0, 10));
      break;
    case 4:
      if (t.offered().snapshots) {
        ActorSnapshot snapshot;
        snapshot.actor_id = actor;
        snapshot.version = *rc::gen::inRange(1, 10);
        (void)store.SaveSnapshot(snapshot);
      }
      break;
    default:
      (void)store.GetLatestVersion(other);
  }
}

// IMM-01
void ReadsBackEqualAfterLaterOperations(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    Handle& store = t.store();
    const std::string actor = t.NewActor();
    const std::string other = t.NewActor();
    std::vector<Event> events = {t.NewEvent(actor, 1)};
    store.MustSave(events[0]);
    const int operations = *rc::gen::inRange(1, 25);
    for (int i = 0; i < operations; ++i) DoSomething(t, store, actor, other, &events);
    const std::size_t handles = t.offered().handles ? 2 : 1;
    for (std::size_t i = 0; i < handles; ++i) t.store(i).MustReadAs(actor, events);
  });
}

// IMM-02
void ChangingTheSavedObjectChangesNothing(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const std::string actor = t.NewActor();
    Event event = t.NewEvent(actor, 1);
    event.command_id = "command";
    event.metadata.Set("key", "value");
    const Event copy = event;
    t.store().MustSave(event);
    t.Remark("the caller's event object is changed");
    // In place where it can be, so that a kept view or pointer shows it as well as a kept reference.
    event.id[0] = 'X';
    event.event_type[0] = 'X';
    event.command_id[0] = 'X';
    event.metadata.Set("key", "other");
    event.data = JsonObject::Trusted(R"({"changed":true})");
    event.timestamp.nanoseconds = 1;
    if (*rc::gen::arbitrary<bool>()) event.version = 2;
    t.store().MustReadAs(actor, {copy});
  });
}

// IMM-03
void RefusedSaveChangesNoEvent(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    const std::string other = t.NewActor();
    const auto others = t.SaveMany(t.store(), other, 1);
    const auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 8));
    const int tries = *rc::gen::inRange(1, 4);
    for (int i = 0; i < tries; ++i) {
      const auto last = static_cast<std::int64_t>(events.size());
      Event refused = t.NewEvent(actor, *rc::gen::inRange<std::int64_t>(-1, last + 1));
      if (*rc::gen::inRange(0, 3) == 2) {
        refused.version = last + 1;
        MakeInvalid(&refused, *rc::gen::inRange(0, kWaysToBeInvalid));
      }
      if (t.store().SaveEvent(refused)) return;  // accepted: the affair of CON-01 and INV-02 to INV-04
    }
    t.store().MustReadAs(actor, events);
    t.store().MustReadAs(other, others);
  });
}

// IMM-04
void StoredVersionIsNotOverwritten(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 6));
    // The place, not the event itself: shrinking would bring back one of an earlier trial.
    const Event& old = events[*rc::gen::inRange<std::size_t>(0, events.size())];
    Event second = t.NewEvent(actor, old.version);
    if (*rc::gen::arbitrary<bool>()) second.id = old.id;
    (void)t.store().SaveEvent(second);  // whether it is refused is CON-01's affair
    for (const EventPtr& event : t.store().MustRead(actor)) {
      if (event->version != old.version) continue;
      if (const std::string difference = Difference(old, *event); !difference.empty()) {
        throw Failure("the stored event was overwritten: " + difference);
      }
      return;
    }
    throw Failure("the stored event is gone", Describe(old), "no event of that version");
  });
}

// IMM-05
void SameIdAtHigherVersionIsASecondEvent(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 5));
    Event second = t.NewEvent(actor, events.back().version + *rc::gen::inRange(1, 3));
    second.id = events[*rc::gen::inRange<std::size_t>(0, events.size())].id;
    t.store().MustSave(second);
    events.push_back(second);
    t.store().MustReadAs(actor, events);
    // The same id in another actor's stream is a third event.
    Event elsewhere = t.NewEvent(t.NewActor(), 1);
    elsewhere.id = second.id;
    t.store().MustSave(elsewhere);
    t.store().MustReadAs(elsewhere.actor_id, {elsewhere});
  });
}

// IMM-06
void EachReadExtendsTheEarlierOnes(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    const std::string other = t.NewActor();
    std::vector<Event> saved = {t.NewEvent(actor, 1)};
    t.store().MustSave(saved[0]);
    std::vector<EventPtr> earlier;
    const int steps = *rc::gen::inRange(2, 10);
    for (int i = 0; i < steps; ++i) {
      const std::size_t reader = t.offered().handles ? *rc::gen::inRange<std::size_t>(0, 2) : 0;
      const auto now = t.store(reader).MustRead(actor);
      if (now.size() < earlier.size()) {
        throw Failure("a read is shorter than an earlier one", DescribeVersions(earlier),
                      DescribeVersions(now));
      }
      for (std::size_t k = 0; k < earlier.size(); ++k) {
        if (const std::string difference = Difference(*earlier[k], *now[k]); !difference.empty()) {
          throw Failure("event " + std::to_string(k + 1) +
                        " is not what an earlier read gave: " + difference);
        }
      }
      earlier = now;
      DoSomething(t, t.store(), actor, other, &saved);
    }
  });
}

// IMM-07
void StaysAfterReopening(RuleRun& run) {
  run.ForAll(15, [](Trial& t) {
    std::map<std::string, std::vector<Event>> streams;
    const int actors = *rc::gen::inRange(1, 4);
    for (int i = 0; i < actors; ++i) {
      const std::string actor = t.NewActor();
      streams[actor] = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 8));
      // Every field has something to lose.
      Event full = t.NewEvent(actor, streams[actor].back().version + 1);
      full.command_id = "command";
      full.metadata.Set("key", "value");
      t.store().MustSave(full);
      streams[actor].push_back(full);
    }
    t.Reopen();
    for (const auto& [actor, events] : streams) {
      t.store().MustReadAs(actor, events);
      t.store().MustHaveLatest(actor, events.back().version);
    }
    auto& [actor, events] = *streams.begin();
    if (!ConflictOf(t.store(), t.NewEvent(actor, events.back().version))) return;
    events.push_back(t.NewEvent(actor, events.back().version + 1));
    t.store().MustSave(events.back());
    t.store().MustReadAs(actor, events);
  });
}

// IMM-08
void WhatWasReadStaysAsItWas(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 6));
    const auto held = t.store().MustRead(actor);
    RequireEqual(events, held, actor);
    const int more = *rc::gen::inRange(1, 6);
    for (int i = 1; i <= more; ++i) t.store().MustSave(t.NewEvent(actor, events.back().version + i));
    (void)t.store().MustRead(actor);
    RequireEqual(events, held, actor);
    t.Reopen();
    RequireEqual(events, held, actor);
    (void)t.store().MustRead(actor);
    RequireEqual(events, held, actor);
  });
}

constexpr Property kProperties[] = {
    {"IMM-01", ReadsBackEqualAfterLaterOperations},
    {"IMM-02", ChangingTheSavedObjectChangesNothing},
    {"IMM-03", RefusedSaveChangesNoEvent},
    {"IMM-04", StoredVersionIsNotOverwritten},
    {"IMM-05", SameIdAtHigherVersionIsASecondEvent},
    {"IMM-06", EachReadExtendsTheEarlierOnes},
    {"IMM-07", StaysAfterReopening},
    {"IMM-08", WhatWasReadStaysAsItWas},
};

}  // namespace

std::span<const Property> ImmutabilityProperties() { return kProperties; }

}  // namespace aether::conformance
