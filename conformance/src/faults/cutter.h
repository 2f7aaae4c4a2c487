// A writer whose file operations are recorded, and the power cuts that it might have met.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "faults/judge.h"
#include "faults/power_loss.h"
#include "faults/recording.h"
#include "faults/writing.h"

namespace aether::conformance {

// One process's life on a directory of its own: what it did to its files, and what it told.
class WatchedWriter {
 public:
  // When calls begin to fail: with the opening, or after some saves.
  enum class Since { kOpen, kSaves };

  WatchedWriter(RuleRun* run, Trial* trial, const DiskImage& base);

  // Saves what `ledgers` plan then, closes and opens the storage in between in every other round, and is
  // killed at the end. `plan`: what is to fail, if anything. Answers how many calls failed.
  std::uint32_t Live(std::vector<Ledger>* ledgers, int round, const std::optional<faults::Plan>& plan = {},
                     Since since = Since::kSaves);

  // Dies in the midst of what it does, before its `call`-th call that changes files or syncs them, or is
  // killed in the end. Another process opens the storage then, reads what is there, saves, and is killed.
  void DieAndBeFollowed(std::vector<Ledger>* ledgers, int round, std::uint32_t call);

  // Throws Inconclusive unless the operations are all that was done: anything else says nothing of the
  // store.
  void RequireWholeLog() const;

  const std::vector<FileOperation>& operations() const { return recording_.operations; }
  const Writing& writing() const { return writing_; }

 private:
  void Open(Peer& peer, bool first, bool may_fail);
  void Save(Peer& peer, bool errors_awaited);
  static void Kill(FaultLog* log, Peer* peer);

  RuleRun* run_;
  DiskImage base_;
  Scratch directory_{"aether-watched"};
  Writing writing_;
  Recording recording_;
};

// A state that a power cut has left, and what has to be in it.
struct Remains {
  DiskImage image;
  std::vector<Ledger> ledgers;
};

// Cuts the power of a writer at many moments, and has each state judged.
class Cutter {
 public:
  Cutter(RuleRun* run, Trial* trial, Judge* judge) : run_(run), trial_(trial), judge_(judge) {}

  // About `wanted` states of what `writer` did, where it began with `base`: its ledgers hold what the
  // writer planned, and what was acknowledged before it. Answers one of the states.
  Remains TryStates(const WatchedWriter& writer, const Remains& base, int wanted);

 private:
  bool Try(const Remains& remains, Loss loss);

  RuleRun* run_;
  Trial* trial_;
  Judge* judge_;
  std::vector<std::string> done_;
  std::set<std::uint64_t> tried_;
  std::uint64_t states_ = 0;
  std::uint64_t marks_ = 0;  // what was acknowledged before a state belongs to it
};

}  // namespace aether::conformance
