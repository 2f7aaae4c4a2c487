// Clients: who calls a store while its servers break.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "rule_run.h"

namespace aether::conformance {

// What a client does after it was answered with unavailable or outcome_unknown.
enum class AfterError {
  kGoOn,      // makes its next call
  kTryAgain,  // makes the same call again, until it is answered otherwise
  kStop,
};

// The calls of one client, one after another.
struct ClientPlan {
  std::size_t handle = 0;
  std::vector<PeerCall> calls;
  AfterError after_error = AfterError::kGoOn;
  std::chrono::microseconds pause{0};  // between two calls
};

// Clients that run at the same time, each on a thread of its own. They go round Handle, which is patient:
// each call is made once, and is bounded by the settings' call limit.
class Clients {
 public:
  // Starts them.
  Clients(RuleRun* run, Trial* trial, std::vector<ClientPlan> plans);
  // Mends the servers and stops the clients. One whose call does not return is left behind, and the storage
  // with it.
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Shows each answer that has come so far; `list` is the client, `call` the position in its plan.
  void Visit(const std::function<void(const PeerAnswer&)>& visitor) const;
  std::size_t answered() const;
  std::size_t errors() const;  // unavailable or outcome_unknown among them
  bool finished() const;

  // Waits until `done` says so; false when `limit` is over.
  bool WaitUntil(const std::function<bool()>& done, std::chrono::milliseconds limit) const;
  // Lets them begin no further call, save the first of each.
  void Stop();
  // Waits until all have finished, notes their calls on the timeline, and answers them in the order of
  // their starts. Failure when a call hangs or throws.
  std::vector<PeerAnswer> Finish();

  const PeerCall& CallOf(const PeerAnswer& answer) const { return plans_[answer.list].calls[answer.call]; }
  const std::vector<ClientPlan>& plans() const { return plans_; }

 private:
  struct Shared;

  static void Live(Shared& shared, std::size_t client, EventStore& store, const ClientPlan& plan);
  void NoteAll(const std::vector<PeerAnswer>& answers);
  [[noreturn]] void FailAsHanging(PeerAnswer hung);
  void Join();

  RuleRun* run_;
  Trial* trial_;
  std::vector<ClientPlan> plans_;
  std::vector<std::string> names_;  // of the clients' handles
  std::shared_ptr<Shared> shared_;
  std::vector<std::thread> threads_;
};

bool IsOfAServer(const StoreError& error);  // unavailable or outcome_unknown

}  // namespace aether::conformance
