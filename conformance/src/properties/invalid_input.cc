// INV: what a store refuses, and what a closed handle answers.

#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <mutex>

#include "properties.h"

namespace aether::conformance {

namespace {

void MustRefuseAsInvalid(Trial& t, const Event& event, const std::string& field, const std::string& what) {
  t.Remark("an event whose " + field + " is " + what);
  const auto saved = t.store().SaveEvent(event);
  if (!saved) ThrowIfNoWord(saved.error());
  if (!saved && saved.error().code() == ErrorCode::kInvalidEvent && saved.error().field() == field) return;
  throw Failure("an event whose " + field + " is " + what +
                    (saved ? " is accepted" : " is refused with another error"),
                "invalid_event (field " + field + ")", saved ? "ok" : Describe(saved.error()));
}

const std::string kNotUtf8 = "a\xC3\x28\xFF";

// INV-01 to INV-03
void EmptyActorIdIsRefused(RuleRun& run) {
  run.Once([](Trial& t) { MustRefuseAsInvalid(t, t.NewEvent("", 1), "actorId", "empty"); });
}

void EmptyEventIdIsRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    Event event = t.NewEvent(t.NewActor(), 1);
    event.id = "";
    MustRefuseAsInvalid(t, event, "id", "empty");
  });
}

void EmptyTypeIsRefused(RuleRun& run) {
  run.Once([](Trial& t) {
    Event event = t.NewEvent(t.NewActor(), 1);
    event.event_type = "";
    MustRefuseAsInvalid(t, event, "eventType", "empty");
  });
}

// INV-04
void TextThatIsNotUtf8IsRefused(RuleRun& run) {
  const auto refuse = [&](const std::string& field, const std::function<void(Event*)>& damage) {
    run.Once([&](Trial& t) {
      Event event = t.NewEvent(t.NewActor(), 1);
      damage(&event);
      MustRefuseAsInvalid(t, event, field, "not UTF-8");
    });
  };
  refuse("id", [](Event* event) { event->id = kNotUtf8; });
  refuse("eventType", [](Event* event) { event->event_type = kNotUtf8; });
  refuse("actorId", [](Event* event) { event->actor_id = kNotUtf8; });
  refuse("commandId", [](Event* event) { event->command_id = kNotUtf8; });
  refuse("metadata", [](Event* event) { event->metadata.Set(kNotUtf8, "v"); });
  refuse("metadata", [](Event* event) { event->metadata.Set("k", kNotUtf8); });
}

// The notice of the sound save that follows is the fence behind which no other can come.
void RequireNoNotice(Trial& t) {
  const std::string actor = t.NewActor();
  std::mutex mutex;
  std::vector<std::int64_t> versions;
  const auto subscription = t.store().Subscribe([&](const EventStored& notice) {
    const std::lock_guard lock(mutex);
    if (notice.actor_id == actor) versions.push_back(notice.version);
  });
  if (!subscription) return;  // NOTE-01's affair
  Event bad = t.NewEvent(actor, 2);
  MakeInvalid(&bad, 1);
  if (t.store().SaveEvent(bad)) return;  // accepted: INV-03 looks at that
  const Event sound = t.NewEvent(actor, 1);
  t.store().MustSave(sound);
  const auto has = [&](const Event& event) {
    const std::lock_guard lock(mutex);
    return std::find(versions.begin(), versions.end(), event.version) != versions.end();
  };
  if (!t.WaitFor([&] { return has(sound); })) throw Inconclusive("no notice came in time");
  if (has(bad)) {
    throw Failure("a save that was refused as invalid gives a notice", "no notice of version 2", "one");
  }
}

// INV-05
void RefusedEventsLeaveNoTrace(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(0, 4));
    Event bad = t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1);
    MakeInvalid(&bad, *rc::gen::inRange(0, kWaysToBeInvalid));
    if (t.store().SaveEvent(bad)) return;  // accepted: INV-02 to INV-04 look at that
    if (t.offered().snapshots) {
      if (const auto snapshot = t.store().GetLatestSnapshot(actor); snapshot && *snapshot) {
        throw Failure("a refused event left a snapshot", "none", Describe(**snapshot));
      }
    }
    t.store().MustHaveLatest(actor, static_cast<std::int64_t>(events.size()));
    events.push_back(t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1));
    t.store().MustSave(events.back());
    t.store().MustReadAs(actor, events);
  });
  if (run.offered().notices) run.Once(RequireNoNotice);
}

template <typename T>
void RequireClosed(const char* call, const Result<T>& result) {
  if (!result && result.error().code() == ErrorCode::kClosed) return;
  throw Failure(std::string(call) + " on a closed handle answers otherwise", "closed",
                result ? "success" : Describe(result.error()));
}

// What one caller saves while another one closes the handle.
struct Overtaken {
  std::string actor;
  std::vector<Event> planned;
  std::vector<Event> saved;
  bool unclear = false;  // whether the next one was stored
};

void SaveUntilClosed(Handle& store, Overtaken* caller) {
  for (const Event& event : caller->planned) {
    const auto result = store.SaveEvent(event);
    if (result) {
      caller->saved.push_back(event);
      continue;
    }
    caller->unclear = result.error().code() == ErrorCode::kOutcomeUnknown;
    if (!caller->unclear && result.error().code() != ErrorCode::kUnavailable) {
      RequireClosed("a save that Close overtook", result);
    }
    return;
  }
}

// INV-06, for calls that are under way when Close is called.
void CallsUnderWayFinishOrAreClosed(Trial& t) {
  std::vector<Overtaken> callers(3);
  for (Overtaken& caller : callers) {
    caller.actor = t.NewActor();
    for (int version = 1; version <= 50; ++version) caller.planned.push_back(t.NewEvent(caller.actor, version));
  }
  Handle& store = t.store();
  t.Race(static_cast<int>(callers.size()) + 1, [&](int racer) {
    if (racer <= static_cast<int>(callers.size())) {
      return SaveUntilClosed(store, &callers[static_cast<std::size_t>(racer - 1)]);
    }
    for (int i = 0; i < 3; ++i) (void)store.MustLatest(callers[0].actor);  // some saves are under way by now
    if (const auto closed = store.Close(); !closed) {
      throw Failure("Close failed", "success", Describe(closed.error()));
    }
  });
  t.Reopen();
  for (Overtaken& caller : callers) {
    const auto events = t.store().MustRead(caller.actor);
    if (caller.unclear && events.size() == caller.saved.size() + 1) {
      caller.saved.push_back(caller.planned[caller.saved.size()]);
    }
    RequireEqual(caller.saved, events, caller.actor);
  }
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
  run.Rounds(run.Scaled(50, 10), [](Trial& t, int) { CallsUnderWayFinishOrAreClosed(t); });
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

void MakeInvalid(Event* event, int way) {
  switch (way) {
    case 0:
      event->id = "";
      break;
    case 1:
      event->event_type = "";
      break;
    case 2:
      event->command_id = kNotUtf8;
      break;
    default:
      event->metadata.Set("k", kNotUtf8);
  }
}

std::span<const Property> InvalidInputProperties() { return kProperties; }

}  // namespace aether::conformance
