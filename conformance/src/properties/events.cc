// EVT: every field of an event round-trips.

#include <rapidcheck.h>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// Saves `event` as the first one of an actor or, with `before`, as the second one, and answers what is read
// back, in which only the field at hand is looked at.
Event RoundTrip(Trial& t, Event event, const Event* before = nullptr) {
  event.actor_id = t.NewActor();
  if (before != nullptr) {
    Event first = *before;
    first.actor_id = event.actor_id;
    t.store().MustSave(first);
    event.version = 2;
  }
  t.store().MustSave(event);
  const auto events = t.store().MustRead(event.actor_id);
  if (events.size() != static_cast<std::size_t>(event.version)) {
    throw Failure("a read has another number of events", std::to_string(event.version),
                  DescribeVersions(events));
  }
  return *events.back();
}

void RequireSame(const std::string& field, const std::string& expected, const std::string& actual) {
  if (expected != actual) throw Failure(field + " does not round-trip", Quote(expected), Quote(actual));
}

void RequireSame(const Timestamp& expected, const Timestamp& actual) {
  if (expected == actual) return;
  throw Failure("timestamp does not round-trip", expected.Format(),
                actual.InRange() ? actual.Format() : "out of range");
}

// EVT-01
void IdAndTypeRoundTrip(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    Event event = t.NewEvent("", 1);
    event.id = *gen::NonEmptyText();
    event.event_type = *gen::NonEmptyText();
    const Event back = RoundTrip(t, event);
    RequireSame("id", event.id, back.id);
    RequireSame("eventType", event.event_type, back.event_type);
  });
}

// EVT-02
void CommandIdRoundTrips(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    Event event = t.NewEvent("", 1);
    event.command_id = *gen::Text();
    RequireSame("commandId", event.command_id, RoundTrip(t, event).command_id);
  });
  // Nothing stays of the event before.
  run.Once([](Trial& t) {
    Event before = t.NewEvent("", 1);
    before.command_id = "earlier";
    const Event event = t.NewEvent("", 1);
    RequireSame("commandId", "", RoundTrip(t, event, &before).command_id);
  });
}

// EVT-03
void TimestampsKeepNanoseconds(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    Event event = t.NewEvent("", 1);
    event.timestamp = *gen::FineInstant();
    RequireSame(event.timestamp, RoundTrip(t, event).timestamp);
  });
}

// EVT-04: whole milliseconds, since EVT-03 looks at what is finer.
void TimestampsReachFromYear1To9999(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    Event event = t.NewEvent("", 1);
    event.timestamp = *gen::Instant();
    event.timestamp.nanoseconds -= event.timestamp.nanoseconds % 1'000'000;
    RequireSame(event.timestamp, RoundTrip(t, event).timestamp);
  });
  // The ends, both sides of 1970, and 29 February of 2000, 1600 and 2024.
  for (const Timestamp timestamp :
       {Timestamp{Timestamp::kMinSeconds, 0}, Timestamp{Timestamp::kMaxSeconds, 999'000'000},
        Timestamp{-1, 500'000'000}, Timestamp{951'782'400, 0}, Timestamp{-11'670'998'400, 0},
        Timestamp{1'709'164'800, 0}}) {
    run.Once([&](Trial& t) {
      Event event = t.NewEvent("", 1);
      event.timestamp = timestamp;
      RequireSame(event.timestamp, RoundTrip(t, event).timestamp);
    });
  }
  // Clients' clocks differ: an event may be older than the one before it.
  run.ForAll(10, [](Trial& t) {
    const Event before = t.NewEvent("", 1);
    Event event = t.NewEvent("", 1);
    event.timestamp.seconds -= *rc::gen::inRange(1, 1'000'000);
    RequireSame(event.timestamp, RoundTrip(t, event, &before).timestamp);
  });
}

constexpr Property kProperties[] = {{"EVT-01", IdAndTypeRoundTrip},
                                    {"EVT-02", CommandIdRoundTrips},
                                    {"EVT-03", TimestampsKeepNanoseconds},
                                    {"EVT-04", TimestampsReachFromYear1To9999}};

}  // namespace

std::span<const Property> EventProperties() { return kProperties; }

}  // namespace aether::conformance
