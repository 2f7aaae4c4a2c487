// Writing: saves and reads that another process is told to make, and what it answered.

#pragma once

#include <cstddef>
#include <vector>

#include "faults/fault_log.h"
#include "faults/ledger.h"
#include "rule_run.h"

namespace aether::conformance {

// The call that reads what a ledger looks at.
PeerCall ReadOf(const Ledger& ledger);
// Throws Failure unless its answer, which is no error, has what the ledger says; notes what it showed.
void RequireSurvived(Ledger* ledger, const PeerAnswer& answer, const std::string& when);

// Batches of calls of one process.
class Writing {
 public:
  explicit Writing(Trial* trial) : trial_(trial) {}

  // A batch in which thread i saves `saves` events for ledgers[i], which plans them; `readers` threads more
  // read the actors meanwhile. Every other save is that of a snapshot where the ledgers look at them. The
  // sizes depend on `seed`.
  void AddBatch(std::vector<Ledger>* ledgers, int saves, int readers, std::uint64_t seed);
  // A batch that reads each of the ledgers' actors.
  void AddReads(const std::vector<Ledger>& ledgers);
  // Has `peer` make the calls of the last batch.
  void Start(Peer& peer) { peer.Start(batches_.back().lists, batches_.size() - 1); }
  // Notes an answer to the last batch. An error that says nothing of the rule is Inconclusive; any other
  // is a Failure, unless errors are awaited.
  void Take(const PeerAnswer& answer, bool errors_awaited = false);
  // Waits for all answers. False when the process ended before.
  bool Finish(Peer& peer, bool errors_awaited = false);

  // Does to the ledgers what was answered to a call, by list and call of the last batch.
  void Settle(const PeerAnswer& answer, std::vector<Ledger>* ledgers) const;
  // The same for a mark of a log. Answers what it tells, in words.
  std::string SettleMark(const FileOperation& mark, std::vector<Ledger>* ledgers) const;

  // All answers to the last batch so far.
  std::vector<PeerAnswer> last() const;
  std::size_t answered() const { return answered_; }

 private:
  struct Batch {
    std::vector<std::vector<PeerCall>> lists;
    std::vector<std::vector<std::optional<PeerAnswer>>> answers;
    std::size_t calls = 0;
  };

  void Add(Batch batch);
  PeerCall PlanSave(Ledger* ledger, std::size_t size);
  PeerCall PlanSnapshot(Ledger* ledger, std::size_t size);
  void Settle(const PeerCall& call, const PeerAnswer& answer, std::vector<Ledger>* ledgers) const;

  Trial* trial_;
  std::vector<Batch> batches_;
  std::size_t answered_ = 0;  // of the last batch
};

}  // namespace aether::conformance
