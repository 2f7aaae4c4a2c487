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
  std::uint64_t all = 0;
  run.Rounds(run.Scaled(9, 6), [&](Trial& t, int round) {
    t.Fresh();
    Judge judge(&t, &run.subject());
    Remains remains{DiskImage::Read(t.Location()), NewLedgers(t, round % 3 + 1)};
    WatchedWriter writer(&run, &t, remains.image);
    const auto skip =
        static_cast<std::uint32_t>(Chance(run.SeedOf(0), static_cast<std::uint64_t>(round)) % 8);
    Plan plan{Bit(Call::kSync), skip, 1, EIO, 0, 0};
    auto since = WatchedWriter::Since::kSaves;
    if (round % 3 == 1) plan = {Bit(Call::kSync) | Bit(Call::kShrink), skip, 2, EIO, 0, 0};
    if (round % 3 == 2) {  // of the directory, while the storage is made
      plan = {Bit(Call::kDirectorySync), static_cast<std::uint32_t>(round / 3 % 2), 1, EIO, 0, 0};
      since = WatchedWriter::Since::kOpen;
    }
    const auto failed = writer.Live(&remains.ledgers, round, plan, since);
    all += failed;
    t.CountCases(static_cast<int>(failed));
    t.Count("syncs that failed", failed);
    writer.RequireWholeLog();
    if (failed > 0) Cutter(&run, &t, &judge).TryStates(writer, remains, kStates);  // else that is DUR-02
  });
  if (all > 0) return;
  run.Once([](Trial&) { throw Inconclusive("the store makes no sync that can fail: nothing was tried"); });
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
