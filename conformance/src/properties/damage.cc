// FLT: damage of what is stored, at rest.

#include <algorithm>

#include "faults/damager.h"
#include "properties.h"

namespace aether::conformance {

namespace {

bool Has(const std::vector<EventPtr>& events, std::int64_t version) {
  return std::any_of(events.begin(), events.end(),
                     [&](const EventPtr& e) { return e->version == version; });
}

// That what the store tells of damaged files is true: an event is right, or its loss is told. What was
// damaged at the very end is not told from a record that a crash has torn, and a `cut` tail not from events
// that were never saved.
void RequireHonest(const Look& look, const Stored& stored, const DiskImage& image, bool cut) {
  if (!look.opened) return;
  std::vector<bool> tells;
  for (std::size_t i = 0; i < stored.ledgers.size(); ++i) {
    const PeerAnswer& answer = look.reads[i];
    if (!answer.thrown.empty()) {
      throw Failure("an exception left the store", "an error value", "exception: " + answer.thrown);
    }
    if (!answer.error) stored.ledgers[i].RequireSurvived(answer.events, "after damage");
    tells.push_back(answer.error || !answer.replay_errors.empty());
  }
  std::vector<bool> shown(stored.ledgers.size());  // a later event of this actor
  bool shown_of_any = false;
  for (auto saved = stored.saved.rbegin(); saved != stored.saved.rend(); ++saved) {
    if (tells[saved->ledger]) continue;
    const auto& events = look.reads[saved->ledger].events;
    if (Has(events, saved->version)) {
      shown[saved->ledger] = shown_of_any = true;
      continue;
    }
    const bool at_the_end =
        cut ? !shown[saved->ledger] : !shown_of_any && IsDamaged(saved->extents, stored.image, image);
    if (at_the_end) continue;
    throw Failure("after damage an event is missing from the stream of " +
                      Quote(stored.ledgers[saved->ledger].actor_id()) + ", and nothing tells it",
                  "version " + std::to_string(saved->version) + ", or an error", DescribeVersions(events));
  }
}

// FLT-05
void DamageIsTold(RuleRun& run) {
  TryDamage(
      run, 800, Kept::kEvents, [](Damager& damager, int i) { return damager.Damage(i); },
      [](const Look& look, const Stored& stored, const DiskImage& image) {
        RequireHonest(look, stored, image, false);
      });
}

// FLT-06
void ACutTailIsAPrefix(RuleRun& run) {
  TryDamage(
      run, 400, Kept::kEvents,
      [](Damager& damager, int i) { return i % 2 == 0 ? damager.Truncate() : damager.ZeroTail(); },
      [](const Look& look, const Stored& stored, const DiskImage& image) {
        RequireHonest(look, stored, image, true);
      });
}

constexpr Property kProperties[] = {
    {"FLT-05", DamageIsTold},
    {"FLT-06", ACutTailIsAPrefix},
};

}  // namespace

std::span<const Property> DamageProperties() { return kProperties; }

}  // namespace aether::conformance
