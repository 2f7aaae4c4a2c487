// INV: what a store refuses, and what a closed handle answers.

#include <rapidcheck.h>

#include "properties.h"

namespace aether::conformance {

namespace {

void MustRefuseAsInvalid(Handle& store, const Event& event, const std::string& field) {
  const auto saved = store.SaveEvent(event);
  if (!saved) ThrowIfNoWord(saved.error());
  if (saved || saved.error().code() != ErrorCode::kInvalidEvent || saved.error().field() != field) {
    throw Failure("an event with a bad " + field + " is not refused", "invalid_event (field " + field + ")",
                  saved ? "ok" : Describe(saved.error()));
  }
}

const std::string kNotUtf8 = "a\xC3\x28\xFF";

// INV-01 to INV-03
void EmptyActorIdIsRefused(RuleRun& run) {
  run.Once([](Trial& t) { MustRefuseAsInvalid(t.store(), t.NewEvent("", 1), "actorId"); });
}

void EmptyEventIdIsRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    Event event = t.NewEvent(t.NewActor(), 1);
    event.id = "";
    MustRefuseAsInvalid(t.store(), event, "id");
  });
}

void EmptyTypeIsRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    Event event = t.NewEvent(t.NewActor(), 1);
    event.event_type = "";
    MustRefuseAsInvalid(t.store(), event, "eventType");
  });
}

// INV-04
void TextThatIsNotUtf8IsRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    const Event sound = t.NewEvent(t.NewActor(), 1);
    Event event = sound;
    event.id = kNotUtf8;
    MustRefuseAsInvalid(t.store(), event, "id");
    event = sound;
    event.event_type = kNotUtf8;
    MustRefuseAsInvalid(t.store(), event, "eventType");
    event = sound;
    event.actor_id = kNotUtf8;
    MustRefuseAsInvalid(t.store(), event, "actorId");
    event = sound;
    event.command_id = kNotUtf8;
    MustRefuseAsInvalid(t.store(), event, "commandId");
    event = sound;
    event.metadata.Set(kNotUtf8, "v");
    MustRefuseAsInvalid(t.store(), event, "metadata");
    event = sound;
    event.metadata.Set("k", kNotUtf8);
    MustRefuseAsInvalid(t.store(), event, "metadata");
  });
}

// INV-05
void RefusedEventsLeaveNoTrace(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(0, 4));
    Event bad = t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        bad.id = "";
        break;
      case 1:
        bad.event_type = "";
        break;
      case 2:
        bad.command_id = kNotUtf8;
        break;
      default:
        bad.metadata.Set("k", kNotUtf8);
    }
    if (t.store().SaveEvent(bad)) return;  // accepted: INV-02 to INV-04 look at that
    t.store().MustHaveLatest(actor, static_cast<std::int64_t>(events.size()));
    events.push_back(t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1));
    t.store().MustSave(events.back());
    t.store().MustReadAs(actor, events);
  });
}

template <typename T>
void RequireClosed(const char* call, const Result<T>& result) {
  if (!result && result.error().code() == ErrorCode::kClosed) return;
  throw Failure(std::string(call) + " on a closed handle answers otherwise", "closed",
                result ? "success" : Describe(result.error()));
}

// INV-06
void ClosedHandlesAnswerClosed(RuleRun& run) {
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, 2);
    Handle& store = t.store();
    if (const auto closed = store.Close(); !closed) {
      throw Failure("Close failed", "success", Describe(closed.error()));
    }
    RequireClosed("SaveEvent", store.SaveEvent(t.NewEvent(actor, 3)));
    RequireClosed("GetEvents", store.GetEvents(actor));
    RequireClosed("GetLatestVersion", store.GetLatestVersion(actor));
    if (t.offered().errors) RequireClosed("GetEventsWithErrors", store.GetEventsWithErrors(actor));
    if (t.offered().snapshots) {
      RequireClosed("SaveSnapshot", store.SaveSnapshot({actor, 1, JsonObject(), Timestamp()}));
      RequireClosed("GetLatestSnapshot", store.GetLatestSnapshot(actor));
    }
    if (t.offered().notices) RequireClosed("Subscribe", store.Subscribe([](const EventStored&) {}));
    t.Reopen();
    t.store().MustReadAs(actor, events);
    t.store().MustHaveLatest(actor, 2);
  });
}

// INV-07
void ClosingOneHandleLeavesTheOthers(RuleRun& run) {
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(0), actor, 2);
    if (const auto closed = t.store(1).Close(); !closed) {
      throw Failure("Close failed", "success", Describe(closed.error()));
    }
    t.store(0).MustReadAs(actor, events);
    events.push_back(t.NewEvent(actor, 3));
    t.store(0).MustSave(events.back());
    t.store(0).MustReadAs(actor, events);
    t.Reopen();
  });
}

constexpr Property kProperties[] = {
    {"INV-01", EmptyActorIdIsRefused},
    {"INV-02", EmptyEventIdIsRefused},
    {"INV-03", EmptyTypeIsRefused},
    {"INV-04", TextThatIsNotUtf8IsRefused},
    {"INV-05", RefusedEventsLeaveNoTrace},
    {"INV-06", ClosedHandlesAnswerClosed},
    {"INV-07", ClosingOneHandleLeavesTheOthers},
};

}  // namespace

std::span<const Property> InvalidInputProperties() { return kProperties; }

}  // namespace aether::conformance
