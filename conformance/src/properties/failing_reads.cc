// FLT: reads that fail; and the faults of other rules, where snapshots are saved.

#include "faults/damager.h"
#include "faults/faulty_life.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// FLT-07
void FailedReadsAreTold(RuleRun& run) { TryFaults(run, FailedReads()); }

// FLT-08
void SnapshotsSurviveABadDisk(RuleRun& run) {
  std::vector<Fault> all = FullDisk();
  for (const auto& more : {FailedCalls(), HalvesAndInterruptions()})
    all.insert(all.end(), more.begin(), more.end());
  TryFaults(run, all, Kept::kSnapshots);
}

// FLT-09
void ADamagedSnapshotIsNone(RuleRun& run) {
  TryDamage(
      run, 400, Kept::kSnapshots,
      [](Damager& damager, int i) {
        return i % 4 == 3 ? damager.Truncate() : damager.Damage(i / 4 * 3 + i % 4);
      },
      [](const Look& look, const Stored& stored, const DiskImage&) {
        if (!look.opened) return;
        for (std::size_t i = 0; i < stored.ledgers.size(); ++i) {
          const PeerAnswer& answer = look.reads[i];
          if (!answer.thrown.empty()) {
            throw Failure("an exception left the store", "an error value", "exception: " + answer.thrown);
          }
          if (!answer.error) stored.ledgers[i].RequireSurvived(answer.snapshot, "after damage");
        }
      });
}

constexpr Property kProperties[] = {
    {"FLT-07", FailedReadsAreTold},
    {"FLT-08", SnapshotsSurviveABadDisk},
    {"FLT-09", ADamagedSnapshotIsNone},
};

}  // namespace

std::span<const Property> ReadFaultProperties() { return kProperties; }

}  // namespace aether::conformance
