// SNAP: the snapshot of an actor.

#include <rapidcheck.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "generators.h"
#include "near_ids.h"
#include "properties.h"

namespace aether::conformance {

namespace {

ActorSnapshot MakeSnapshot(const std::string& actor, std::int64_t version, const std::string& mark) {
  return {actor, version, JsonObject::Trusted(R"({"mark":")" + mark + R"("})"), {1768339576, 0}};
}

void MustSaveSnapshot(Handle& store, const ActorSnapshot& snapshot) {
  const auto saved = store.SaveSnapshot(snapshot);
  if (!saved) ThrowIfNoWord(saved.error());
  if (!saved) throw Failure("a snapshot is refused: " + Describe(snapshot), "ok", Describe(saved.error()));
}

std::optional<ActorSnapshot> MustGetSnapshot(Handle& store, const std::string& actor) {
  auto snapshot = store.GetLatestSnapshot(actor);
  if (!snapshot) ThrowIfNoWord(snapshot.error());
  if (!snapshot) throw Failure("GetLatestSnapshot failed", "success", Describe(snapshot.error()));
  return *std::move(snapshot);
}

void MustHaveSnapshot(Handle& store, const ActorSnapshot& expected) {
  const auto actual = MustGetSnapshot(store, expected.actor_id);
  if (actual == expected) return;
  throw Failure("the latest snapshot is another", Describe(expected) + " at " + expected.timestamp.Format(),
                !actual ? "none"
                        : Describe(*actual) + " at " +
                              (actual->timestamp.InRange() ? actual->timestamp.Format() : "out of range"));
}

// SNAP-01
void NoneWithoutOne(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    t.SaveMany(t.store(), actor, *rc::gen::inRange(0, 3));
    if (const auto snapshot = MustGetSnapshot(t.store(), actor)) {
      throw Failure("an actor without a snapshot has one", "none", Describe(*snapshot));
    }
  });
}

void RequireNumberRoundTrips(Trial& t, const std::string& number) {
  const std::string actor = t.NewActor();
  const ActorSnapshot snapshot = {
      actor, 1, JsonObject::Trusted(R"({"value":)" + number + "}"), {1768339576, 0}};
  MustSaveSnapshot(t.store(), snapshot);
  if (number.find_first_of(".e") == std::string::npos) return MustHaveSnapshot(t.store(), snapshot);
  // A double may come back in other digits, as long as it is the same double.
  const auto back = MustGetSnapshot(t.store(), actor);
  const nlohmann::json state = back ? back->state.ToJson() : nlohmann::json();
  const auto found = state.find("value");
  if (found != state.end() && found->is_number() &&
      found->get<double>() == std::strtod(number.c_str(), nullptr)) {
    return;
  }
  throw Failure("a number in a snapshot's state does not round-trip", number,
                back ? Quote(back->state.text()) : "none");
}

// SNAP-02
void SnapshotsRoundTrip(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    ActorSnapshot snapshot;
    snapshot.actor_id = t.NewActor();
    snapshot.version = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
    snapshot.state = *gen::Payload();
    snapshot.timestamp = *gen::Instant();
    MustSaveSnapshot(t.store(), snapshot);
    MustHaveSnapshot(t.store(), snapshot);
  });
  // Numbers are as exact as in an event (DATA-02, DATA-03).
  run.ForAll(30, [](Trial& t) {
    const std::string number =
        *rc::gen::oneOf(gen::Integer64Text(), rc::gen::map(gen::FiniteDouble(), gen::DoubleText));
    RequireNumberRoundTrips(t, number);
  });
  run.Once([](Trial& t) {
    for (const char* number : {"9007199254740993", "-9007199254740993", "9223372036854775807",
                               "-9223372036854775808", "18446744073709551615", "0.1", "5e-324", "1e21"}) {
      RequireNumberRoundTrips(t, number);
    }
  });
}

// SNAP-03
void HighestVersionWins(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto versions = *rc::gen::unique<std::vector<std::int64_t>>(
        *rc::gen::inRange<std::size_t>(2, 6), rc::gen::inRange<std::int64_t>(1, 1000));
    std::int64_t highest = 0;
    for (const std::int64_t version : versions) {
      Handle& store = t.store(t.offered().handles ? *rc::gen::inRange<std::size_t>(0, 2) : 0);
      MustSaveSnapshot(store, MakeSnapshot(actor, version, std::to_string(version)));
      highest = std::max(highest, version);
      if (!*rc::gen::arbitrary<bool>()) continue;
      MustHaveSnapshot(t.store(), MakeSnapshot(actor, highest, std::to_string(highest)));
    }
    MustHaveSnapshot(t.store(), MakeSnapshot(actor, highest, std::to_string(highest)));
  });
  run.Rounds(run.Scaled(200, 60), [](Trial& t, int) {
    const std::string actor = t.NewActor();
    MustSaveSnapshot(t.store(), MakeSnapshot(actor, 1, "1"));
    std::vector<ActorSnapshot> racing;
    for (const std::int64_t version : {2, 3}) {
      racing.push_back(MakeSnapshot(actor, version, std::to_string(version)));
    }
    Handle& one = t.store();
    Handle& two = t.store(t.offered().handles ? 1 : 0);
    t.Race(2, [&](int racer) {
      MustSaveSnapshot(racer == 1 ? one : two, racing[static_cast<std::size_t>(racer - 1)]);
    });
    MustHaveSnapshot(one, racing.back());
  });
}

// SNAP-04
void EqualVersionReplaces(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto version = *rc::gen::inRange<std::int64_t>(1, 100);
    const int times = *rc::gen::inRange(2, 5);
    for (int i = 0; i < times; ++i) {
      const auto snapshot = MakeSnapshot(actor, version, "take " + std::to_string(i));
      MustSaveSnapshot(t.store(), snapshot);
      MustHaveSnapshot(t.store(), snapshot);
    }
  });
}

// SNAP-05
void RequireUntouched(Trial& t, int count, std::int64_t version) {
  const std::string actor = t.NewActor();
  auto events = t.SaveMany(t.store(), actor, count);
  const auto latest = static_cast<std::int64_t>(events.size());
  const auto before = ConflictOf(t.store(), t.NewEvent(actor, latest));
  if (!before || before->current_version != latest) return;  // the affair of CON-01 and CON-02
  MustSaveSnapshot(t.store(), MakeSnapshot(actor, version, "x"));
  t.store().MustReadAs(actor, events);
  t.store().MustHaveLatest(actor, latest);
  // The version check is the events' own, before and after.
  t.store().MustRefuse(t.NewEvent(actor, latest), latest);
  events.push_back(t.NewEvent(actor, latest + 1));
  t.store().MustSave(events.back());
  t.store().MustReadAs(actor, events);
}

void EventsAreUntouched(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    RequireUntouched(t, *rc::gen::inRange(0, 5), *rc::gen::inRange<std::int64_t>(1, 20));
  });
  run.ForAll(20, [](Trial& t) {  // a snapshot behind the latest event
    const int count = *rc::gen::inRange(2, 6);
    RequireUntouched(t, count, *rc::gen::inRange<std::int64_t>(1, count));
  });
}

// SNAP-06
void AheadOfTheLatestEventIsAccepted(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    const int events = *rc::gen::inRange(0, 4);
    t.SaveMany(t.store(), actor, events);
    const auto snapshot = MakeSnapshot(actor, events + *rc::gen::inRange<std::int64_t>(1, 1000), "ahead");
    MustSaveSnapshot(t.store(), snapshot);
    MustHaveSnapshot(t.store(), snapshot);
  });
}

// SNAP-07
void RequireOwnSnapshots(Trial& t, const std::vector<std::string>& actors) {
  std::vector<ActorSnapshot> saved;
  for (const std::string& actor : actors) {
    const auto snapshot = MakeSnapshot(actor, 1, "of " + std::to_string(saved.size()));
    const auto result = t.store().SaveSnapshot(snapshot);
    if (result) saved.push_back(snapshot);
    if (!result) ThrowIfNoWord(result.error());
    if (!result && result.error().code() != ErrorCode::kInvalidEvent) {
      throw Failure("a snapshot is refused with another error", "ok, or invalid_event",
                    Describe(result.error()));
    }
  }
  for (const ActorSnapshot& snapshot : saved) MustHaveSnapshot(t.store(), snapshot);
}

void ActorsHaveTheirOwn(RuleRun& run) {
  for (const Family family : {Family::kSeparators, Family::kCase, Family::kNormalisation, Family::kPatterns,
                              Family::kPrefixes, Family::kLong, Family::kControls}) {
    const auto names = NearNames(family);
    run.ForAll(15, [&](Trial& t) {
      const std::string prefix = t.NewActor() + "~";  // ends the number, whatever name follows
      std::vector<std::string> actors;
      for (const std::string& name :
           *rc::gen::unique<std::vector<std::string>>(2, rc::gen::elementOf(names))) {
        actors.push_back(prefix + name);
      }
      RequireOwnSnapshots(t, actors);
    });
    run.Once([&](Trial& t) { RequireOwnSnapshots(t, names); });
  }
}

// SNAP-08
void StaysAfterReopening(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto snapshot = MakeSnapshot(actor, *rc::gen::inRange<std::int64_t>(2, 100), "kept");
    MustSaveSnapshot(t.store(), snapshot);
    if (*rc::gen::arbitrary<bool>()) MustSaveSnapshot(t.store(), MakeSnapshot(actor, 1, "older"));
    t.Reopen();
    MustHaveSnapshot(t.store(), snapshot);
  });
}

constexpr Property kProperties[] = {
    {"SNAP-01", NoneWithoutOne},     {"SNAP-02", SnapshotsRoundTrip},
    {"SNAP-03", HighestVersionWins}, {"SNAP-04", EqualVersionReplaces},
    {"SNAP-05", EventsAreUntouched}, {"SNAP-06", AheadOfTheLatestEventIsAccepted},
    {"SNAP-07", ActorsHaveTheirOwn}, {"SNAP-08", StaysAfterReopening},
};

}  // namespace

std::span<const Property> SnapshotProperties() { return kProperties; }

}  // namespace aether::conformance
