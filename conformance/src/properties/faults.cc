// FLT: a disk that fails under the store. properties/damage.cc has the rules of damage at rest.

#include <cerrno>

#include "faults/chance.h"
#include "faults/cutter.h"
#include "faults/faulty_life.h"
#include "properties.h"

namespace aether::conformance {

namespace {

using faults::Call;
using faults::Plan;

// FLT-01
void FullDisksLoseNothing(RuleRun& run) { TryFaults(run, FullDisk()); }

// FLT-02
void FailedCallsLoseNothing(RuleRun& run) { TryFaults(run, FailedCalls()); }

// FLT-03
void WritesByHalfLoseNothing(RuleRun& run) { TryFaults(run, HalvesAndInterruptions()); }

// FLT-04
void FailedSyncsAreNotTakenForGood(RuleRun& run) {
  constexpr int kStates = 50;  // of a writer
  run.Rounds(run.Scaled(8, 4), [&](Trial& t, int round) {
    Judge judge(&t, &run.subject());
    Remains remains{DiskImage::Read(t.Location()), NewLedgers(t, round % 3 + 1)};
    WatchedWriter writer(&run, &t, remains.image);
    const auto skip =
        static_cast<std::uint32_t>(Chance(run.SeedOf(0), static_cast<std::uint64_t>(round)) % 8);
    const auto failed = writer.Live(&remains.ledgers, round, Plan{Bit(Call::kSync), skip, 1, EIO, 0, 0});
    t.CountCases(static_cast<int>(failed));
    t.Count("syncs that failed", failed);
    writer.RequireWholeLog();
    Cutter(&run, &t, &judge).TryStates(writer, remains, kStates);
  });
}

constexpr Property kProperties[] = {
    {"FLT-01", FullDisksLoseNothing},
    {"FLT-02", FailedCallsLoseNothing},
    {"FLT-03", WritesByHalfLoseNothing},
    {"FLT-04", FailedSyncsAreNotTakenForGood},
};

}  // namespace

std::span<const Property> FaultProperties() { return kProperties; }

}  // namespace aether::conformance
