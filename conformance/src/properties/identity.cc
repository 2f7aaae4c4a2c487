// ID: actor ids that nearly collide never share a stream.

#include <rapidcheck.h>

#include <algorithm>
#include <optional>
#include <set>

#include "near_ids.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// Saves one event for each of `ids` and reads each stream. An id that is refused as invalid is left out:
// whether it is accepted is ID-08's affair.
void RequireIsolated(Trial& t, std::vector<std::string> ids) {
  Handle& store = t.store();
  std::vector<Event> events;
  for (const std::string& id : ids) {
    const Event event = t.NewEvent(id, 1);
    const auto saved = store.SaveEvent(event);
    if (saved) {
      events.push_back(event);
    } else if (saved.error().code() == ErrorCode::kVersionConflict) {
      throw Failure("the first event of " + Quote(id) + " meets another actor's stream", "ok",
                    Describe(saved.error()));
    } else if (ThrowIfNoWord(saved.error());
               saved.error().code() != ErrorCode::kInvalidEvent || saved.error().field() != "actorId") {
      throw Failure("an id is refused with another error", "ok, or invalid_event (field actorId)",
                    Describe(saved.error()));
    }
  }
  for (const Event& event : events) {
    store.MustReadAs(event.actor_id, {event});
    store.MustHaveLatest(event.actor_id, 1);
  }
}

// First every name of the family as it is, on a fresh storage; then two of them, under a
// prefix that makes them this trial's own, so that a failure comes down to two ids.
void IsolatesFamily(RuleRun& run, Family family) {
  const auto names = NearNames(family);
  run.ForAll(100, [&](Trial& t) {
    const std::string prefix = t.NewActor() + "~";  // ends the number, whatever name follows
    const auto picked = *rc::gen::unique<std::vector<std::string>>(2, rc::gen::elementOf(names));
    std::vector<std::string> ids;
    for (const std::string& name : picked) ids.push_back(prefix + name);
    RequireIsolated(t, ids);
  });
  run.Once([&](Trial& t) {
    t.Fresh();
    RequireIsolated(t, names);
    t.Fresh();
  });
}

// ID-01 to ID-07
void Separators(RuleRun& run) { IsolatesFamily(run, Family::kSeparators); }
void Case(RuleRun& run) { IsolatesFamily(run, Family::kCase); }
void Normalisation(RuleRun& run) { IsolatesFamily(run, Family::kNormalisation); }
void Patterns(RuleRun& run) { IsolatesFamily(run, Family::kPatterns); }
void Prefixes(RuleRun& run) { IsolatesFamily(run, Family::kPrefixes); }
void Long(RuleRun& run) { IsolatesFamily(run, Family::kLong); }
void Controls(RuleRun& run) { IsolatesFamily(run, Family::kControls); }

// The first of the names of all families that the store refuses when they are saved one after the other.
std::optional<std::string> RefusedName(Trial& t) {
  std::set<std::string> tried;
  // Rises, so that ids that are folded into one do not conflict: ID-01 to ID-07's affair.
  std::int64_t version = 0;
  for (const Family family : {Family::kSeparators, Family::kCase, Family::kNormalisation, Family::kPatterns,
                              Family::kPrefixes, Family::kLong, Family::kControls}) {
    for (const std::string& id : NearNames(family)) {
      if (!tried.insert(id).second) continue;
      const auto saved = t.store().SaveEvent(t.NewEvent(id, ++version));
      if (saved) continue;
      ThrowIfNoWord(saved.error());
      return id;
    }
  }
  return std::nullopt;
}

// ID-08
void EveryIdIsAccepted(RuleRun& run) {
  std::optional<std::string> refused;
  run.Once([&](Trial& t) {
    t.Fresh();
    refused = RefusedName(t);
    t.Fresh();
  });
  if (!refused) return;
  run.Once([&](Trial& t) {  // alone, so that the timeline is no longer than it has to be
    t.Fresh();
    const auto saved = t.store().SaveEvent(t.NewEvent(*refused, 1));
    if (!saved) throw Failure("an actor id is refused", "ok", Describe(saved.error()));
  });
  run.Once([](Trial& t) {  // or only where others are
    t.Fresh();
    if (const auto id = RefusedName(t))
      throw Failure("the actor id " + Quote(*id) + " is refused", "ok", "an error");
  });
}

constexpr Property kProperties[] = {
    {"ID-01", Separators}, {"ID-02", Case}, {"ID-03", Normalisation}, {"ID-04", Patterns},
    {"ID-05", Prefixes},   {"ID-06", Long}, {"ID-07", Controls},      {"ID-08", EveryIdIsAccepted},
};

}  // namespace

std::span<const Property> IdentityProperties() { return kProperties; }

}  // namespace aether::conformance
