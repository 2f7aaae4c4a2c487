// NS: namespaces isolate stores completely.

#include <rapidcheck.h>

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
    (void)handles[i]->MustRefuse(t.NewEvent(actor, streams[i].back().version));
  }
}

// NS-01
void NamespacesAreIsolated(RuleRun& run) {
  run.Once([](Trial& t) { RequireIsolated(t, {"orders", "billing"}); });
}

// NS-02: first the usual foldings side by side, then any two names of a family.
void NearlyCollidingNamesAreDifferent(RuleRun& run) {
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
