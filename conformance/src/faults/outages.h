// Outages: what befalls the servers behind a storage, and what clients may say of it afterwards.

#pragma once

#include <set>
#include <string>
#include <vector>

#include "faults/clients.h"
#include "faults/ledger.h"

namespace aether::conformance {

inline constexpr ServerFault kAllFaults[] = {ServerFault::kKill, ServerFault::kPause, ServerFault::kCutOff};

// Which of several servers a fault meets. Of a single one it is always that one.
enum class Victims {
  kAll,
  kOne,   // each in turn, the leader too where it is known
  kSome,  // one, all, or most of them, in turn
};

// The faults of one rule, round by round. Counts them as figures of the rule.
class Outages {
 public:
  Outages(RuleRun* run, std::vector<ServerFault> kinds) : run_(run), kinds_(std::move(kinds)) {}

  // Breaks the servers that are due in this round. False where that kind of fault is impossible: nothing is
  // broken then. Inconclusive when all kinds are. `actor`: whose leader is asked for.
  bool Begin(Trial& t, int round, Victims victims, const std::string& actor);
  // The kind that is due in this round.
  ServerFault Kind(int round) const { return kinds_[static_cast<std::size_t>(round) % kinds_.size()]; }

 private:
  std::vector<int> Choose(Trial& t, int round, Victims victims, const std::string& actor);

  RuleRun* run_;
  std::vector<ServerFault> kinds_;
  std::set<ServerFault> impossible_;
};

// `saves` saves of an actor that nobody else saves for, on top of what the ledger holds.
ClientPlan SavePlan(Trial& t, const Ledger& ledger, int saves, std::size_t handle, AfterError after_error);

// So many of each ledger, each by a client of its own, through the handles in turn.
std::vector<ClientPlan> SavePlans(Trial& t, const std::vector<Ledger>& ledgers, int saves,
                                  AfterError after_error, std::chrono::microseconds pause = {});

// Does to ledgers[i] what was answered to the saves of client i. A Failure when the only writer of an actor
// meets a conflict that is not with its own save of unknown outcome.
void SettleSaves(Trial& t, const Clients& clients, const std::vector<PeerAnswer>& answers,
                 std::vector<Ledger>* ledgers);

// Leaves on the timeline what is about this actor, and remarks; of many saves that went well only those
// near something else.
void KeepActor(Trial& t, const std::string& actor);

// Lets `body` judge one actor: a Failure then tells of it alone.
template <typename Body>
void Judged(Trial& t, const std::string& actor, Body body) {
  try {
    body();
  } catch (const Failure&) {
    KeepActor(t, actor);
    throw;
  }
}

// Waits for the clients as long as the patience lasts, then stops them. False when one of them is not done.
bool FinishInTime(RuleRun* run, Clients* clients, std::vector<PeerAnswer>* answers);

// Waits so for saves, and settles them. Inconclusive when they are not done.
void FinishSaves(RuleRun* run, Trial& t, Clients* clients, std::vector<Ledger>* ledgers);

// Makes a call, again while the store is unavailable. Inconclusive when that does not end: SRV-04 is the
// rule on it.
PeerAnswer CallWhenServed(RuleRun* run, Trial& t, std::size_t handle, const PeerCall& call);
// Reads an actor so; a Failure when the read fails.
std::vector<EventPtr> ReadWhenServed(RuleRun* run, Trial& t, std::size_t handle, const std::string& actor);

// Reads every ledger's actor through a handle. A Failure, which tells of that actor only, when something of
// it is not as it has to be.
void RequireAllSurvived(RuleRun* run, Trial& t, std::size_t handle, std::vector<Ledger>* ledgers,
                        const std::string& when);

// How many handles the rules of servers use.
std::size_t HandlesOf(const Trial& t);

// The middle of them, and the largest; of at least one.
double MedianOf(std::vector<double> values);
double WorstOf(const std::vector<double>& values);

}  // namespace aether::conformance
