// Histories that were recorded on the store under test: planned, put together and judged.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "history.h"
#include "rule_run.h"

namespace aether::conformance {

// What `clients` callers are to do, `calls` each. Versions rise along the list, about as fast for
// everybody, so that most saves meet another one of the same version.
std::vector<std::vector<PeerCall>> PlanHistory(Trial& t, const std::vector<std::string>& actors,
                                               int clients, int calls, std::uint64_t seed);

// Turns calls and answers into a history.
class HistoryRecorder {
 public:
  HistoryRecorder(const std::vector<std::string>& actors, const std::vector<std::vector<PeerCall>>& lists);

  // An error that any store may answer to a read is Inconclusive, and any other but a refused save a
  // Failure.
  void Add(int client, const PeerCall& call, const PeerAnswer& answer);

  const std::vector<Operation>& history() const { return history_; }

 private:
  // 0 for one that nobody saved, or that has changed.
  std::uint64_t NumberOf(const Event& event) const;

  std::map<std::string, std::uint32_t> actors_;
  std::map<std::string, Event> saved_;
  std::map<std::string, std::uint64_t> numbers_;
  std::vector<Operation> history_;
};

// A Failure that shows the calls that contradict each other, unless `history` is linearizable.
void RequireLegal(const std::vector<std::string>& actors, const std::vector<Operation>& history);

}  // namespace aether::conformance
