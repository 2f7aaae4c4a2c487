// NS: namespaces isolate stores completely.

#include <rapidcheck.h>

#include <algorithm>
#include <mutex>

#include "near_ids.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// Saves a stream of its own length, and a snapshot, under one actor id in each namespace and in the storage
// itself.
void RequireIsolated(Trial& t, const std::vector<std::string>& names) {
  const std::string actor = t.NewActor();
  std::vector<Handle*> handles = {&t.store()};
  for (const std::string& name : names) {
    if (Handle* handle = t.OpenNamespace(name)) handles.push_back(handle);
  }
  std::vector<std::vector<Event>> streams;
  for (std::size_t i = 0; i < handles.size(); ++i) {
    const auto length = static_cast<std::int64_t>(i) % 3 + 1;
    handles[i]->MustHaveLatest(actor, 0);
    streams.push_back(t.SaveMany(*handles[i], actor, length));
    if (!t.offered().snapshots) continue;
    if (const auto other = handles[i]->GetLatestSnapshot(actor); other && *other) {
      throw Failure("a namespace shows another one's snapshot", "none", Describe(**other));
    }
    (void)handles[i]->SaveSnapshot({actor, length, JsonObject(), Timestamp()});
  }
  for (std::size_t i = 0; i < handles.size(); ++i) {
    handles[i]->MustReadAs(actor, streams[i]);
    handles[i]->MustHaveLatest(actor, streams[i].back().version);
    const auto latest = streams[i].back().version;
    handles[i]->MustRefuse(t.NewEvent(actor, latest), latest);
  }
}

// Nothing of a save in one namespace reaches the subscribers of another. The save after it, in the
// subscriber's own, is the fence.
void RequireOwnNotices(Trial& t) {
  Handle* own = t.OpenNamespace("orders");
  Handle* other = t.OpenNamespace("billing");
  if (own == nullptr || other == nullptr) return;
  const std::string actor = t.NewActor();
  std::mutex mutex;
  std::vector<std::int64_t> versions;
  const auto subscription = own->Subscribe([&](const EventStored& notice) {
    const std::lock_guard lock(mutex);
    if (notice.actor_id == actor) versions.push_back(notice.version);
  });
  if (!subscription) return;  // NOTE-01's affair
  const Event elsewhere = t.NewEvent(actor, 1);
  other->MustSave(elsewhere);
  const Event here = t.NewEvent(actor, 2);
  own->MustSave(here);
  const auto has = [&](const Event& event) {
    const std::lock_guard lock(mutex);
    return std::find(versions.begin(), versions.end(), event.version) != versions.end();
  };
  if (!t.WaitFor([&] { return has(here); })) throw Inconclusive("no notice came in time");
  if (has(elsewhere)) {
    throw Failure("a subscriber in one namespace is told of a save in another",
                  "the notice of version 2 only", "also that of version 1");
  }
}

// NS-01
void NamespacesAreIsolated(RuleRun& run) {
  run.Once([](Trial& t) { RequireIsolated(t, {"orders", "billing"}); });
  if (run.offered().notices) run.Once(RequireOwnNotices);
  if (!run.offered().malformed) return;
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    if (!t.InjectMalformed(actor, "not an event").possible) return;
    Handle* other = t.OpenNamespace("orders");
    if (other == nullptr) return;
    if (const auto replay = other->MustReplay(actor); replay.HasErrors()) {
      throw Failure("a malformed record outside a namespace is reported in it", "no errors",
                    replay.errors[0].Message());
    }
  });
}

// A namespace and an actor id that, written one after the other, look like another pair.
void RequireNotJoined(Trial& t, const std::string& separator) {
  const std::string name = t.NewActor();  // a name of this trial's own
  const std::string longer = name + separator + "b";
  const std::string actor = "b" + separator + "c";
  Handle* one = t.OpenNamespace(name);
  Handle* two = t.OpenNamespace(longer);
  if (one == nullptr || two == nullptr) return;
  const Event event = t.NewEvent(actor, 1);
  const Event other = t.NewEvent("c", 1);
  one->MustSave(event);
  const auto saved = two->SaveEvent(other);
  if (!saved) {
    ThrowIfNoWord(saved.error());
    throw Failure("actor \"c\" of namespace " + Quote(longer) + " meets actor " + Quote(actor) +
                      " of namespace " + Quote(name),
                  "ok", Describe(saved.error()));
  }
  one->MustReadAs(actor, {event});
  two->MustReadAs("c", {other});
}

// NS-02: first the usual foldings side by side, then names that run together with the actor id, then any
// two names of a family.
void NearlyCollidingNamesAreDifferent(RuleRun& run) {
  for (const char* separator : {"", ".", "_", "/", ":", "-", "|", " "}) {
    run.Once([&](Trial& t) { RequireNotJoined(t, separator); });
  }
  run.Once([](Trial& t) {
    RequireIsolated(t, {"a.b", "a_b", "a b", "A.B", "a/b", "a*b", "a>b", "a=2Eb", "a%2eb", "a", "a ",
                        "\u00e9", "e\u0301"});
  });
  run.ForAll(20, [](Trial& t) {
    const auto family =
        *rc::gen::elementOf(std::vector<Family>{Family::kSeparators, Family::kCase, Family::kNormalisation,
                                                Family::kPatterns, Family::kPrefixes, Family::kControls});
    t.Fresh();
    RequireIsolated(t,
                    *rc::gen::unique<std::vector<std::string>>(2, rc::gen::elementOf(NearNames(family))));
  });
}

constexpr Property kProperties[] = {{"NS-01", NamespacesAreIsolated},
                                    {"NS-02", NearlyCollidingNamesAreDifferent}};

}  // namespace

std::span<const Property> NamespaceProperties() { return kProperties; }

}  // namespace aether::conformance
