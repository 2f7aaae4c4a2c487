// EVT: every field of an event round-trips.

#include <rapidcheck.h>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// Saves `event` and answers what is read back, in which only the field at hand is looked at.
Event RoundTrip(Trial& t, Event event) {
  event.actor_id = t.NewActor();
  t.store().MustSave(event);
  const auto events = t.store().MustRead(event.actor_id);
  if (events.size() != 1) {
    throw Failure("a stream of one event reads otherwise", "1 event", DescribeVersions(events));
  }
  return *events[0];
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
  run.Once([](Trial& t) {
    for (const Timestamp timestamp :
         {Timestamp{Timestamp::kMinSeconds, 0}, Timestamp{Timestamp::kMaxSeconds, 999'000'000},
          Timestamp{-1, 500'000'000}}) {
      Event event = t.NewEvent("", 1);
      event.timestamp = timestamp;
      RequireSame(event.timestamp, RoundTrip(t, event).timestamp);
    }
  });
}

constexpr Property kProperties[] = {{"EVT-01", IdAndTypeRoundTrip},
                                    {"EVT-02", CommandIdRoundTrips},
                                    {"EVT-03", TimestampsKeepNanoseconds},
                                    {"EVT-04", TimestampsReachFromYear1To9999}};

}  // namespace

std::span<const Property> EventProperties() { return kProperties; }

}  // namespace aether::conformance
