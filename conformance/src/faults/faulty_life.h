// Faults of a disk, and processes that they come to.

#pragma once

#include <string>
#include <vector>

#include "faults/cutter.h"

namespace aether::conformance {

struct Fault {
  faults::Plan plan;
  std::string name;  // "no space is left"
};

std::vector<Fault> FullDisk();
std::vector<Fault> FailedCalls();
std::vector<Fault> HalvesAndInterruptions();
std::vector<Fault> FailedReads();

// Whether a save on a disk that fails may be answered so.
bool IsOfADisk(ErrorCode code);

// When the fault comes.
enum class Stage { kSaves, kFirstOpen, kNextOpen };
inline constexpr Stage kStages[] = {Stage::kSaves, Stage::kFirstOpen, Stage::kNextOpen};

// One process, to which a fault comes and goes.
class FaultyLife {
 public:
  FaultyLife(RuleRun* run, Trial* trial, const DiskImage& base, Kept kept);

  // Saves and reads before the fault, under it and after it. Answers how many calls failed. Throws Failure
  // where the store does not keep to what spec/faults.md says.
  std::uint64_t Live(const Fault& fault, Stage stage, int round);

  // What is there at the end, and what has to be. Throws Inconclusive where calls were not seen.
  Remains End();

 private:
  std::string Place() const { return directory_.path().string(); }
  std::uint64_t LiveOn(const Fault& fault, Stage stage, int round);
  void Begin(const Fault& fault);
  void GoOn(int round);
  bool Opened(const Result<void>& opened);
  PeerAnswer Ask(const PeerCall& call);
  void Save(int round);
  void SaveAgain();
  void Read();
  void ReadWhatCanBeRead();

  RuleRun* run_;
  Trial* trial_;
  Kept kept_;
  DiskImage base_;
  Scratch directory_{"aether-faulty"};
  FaultLog log_{directory_.path()};
  Writing writing_;
  std::vector<Ledger> ledgers_;
  std::unique_ptr<Peer> peer_;
  bool open_ = false;
  bool reads_fail_ = false;
  std::string error_;
};

// Tries each of the faults at each stage, at the first call of its kind, the second, and so on. Of
// snapshots, at another stage each time.
void TryFaults(RuleRun& run, const std::vector<Fault>& faults, Kept kept = Kept::kEvents);

}  // namespace aether::conformance
