// SRV: a server behind the store dies, stands still, or is cut off. properties/clusters.cc has the rules in
// which several clients race, or one server of several is missing.

#include <algorithm>
#include <chrono>

#include "collector.h"
#include "faults/chance.h"
#include "faults/outages.h"
#include "properties.h"
#include "racing.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = PeerCall::Kind;
using std::chrono::milliseconds;

constexpr std::chrono::microseconds kPause{300};  // between the saves of clients that a fault has to meet

std::vector<ServerFault> AllFaults() { return {std::begin(kAllFaults), std::end(kAllFaults)}; }

PeerCall CallFor(Kind kind, const std::string& actor) {
  PeerCall call;
  call.kind = kind;
  call.event.actor_id = actor;
  return call;
}

// Waits for some answers, and some time more, so that a fault meets calls in their midst.
void WaitForTraffic(RuleRun& run, const Clients& clients, std::size_t answers, std::uint64_t chance) {
  (void)clients.WaitUntil([&] { return clients.answered() >= answers || clients.finished(); },
                          run.settings().patience);
  Spin(std::chrono::microseconds(chance % 400));
}

// How long a fault lasts: a moment, until a call has met it, or until as many have as there are clients.
void WaitInFault(RuleRun& run, const Clients& clients, int way) {
  const std::size_t before = clients.errors();
  const auto met_by = [&](std::size_t calls) {
    return [&clients, before, calls] { return clients.finished() || clients.errors() >= before + calls; };
  };
  if (way % 3 == 0) (void)clients.WaitUntil([&] { return clients.finished(); }, milliseconds(30));
  if (way % 3 == 1) (void)clients.WaitUntil(met_by(1), run.settings().patience);
  if (way % 3 == 2) (void)clients.WaitUntil(met_by(clients.plans().size()), run.settings().patience);
}

// A fault comes into the traffic of clients, lasts, and goes. False where it is impossible.
bool Strike(RuleRun& run, Trial& t, Outages* outages, int round, const Clients& clients,
            const std::string& actor) {
  const std::uint64_t chance = Chance(run.SeedOf(0), static_cast<std::uint64_t>(round));
  WaitForTraffic(run, clients, chance % 16, chance >> 8);
  if (!outages->Begin(t, round, Victims::kSome, actor)) return false;
  WaitInFault(run, clients, round / 3);
  t.MendServers();
  t.Remark("the server is back");
  return true;
}

// ---- SRV-01

// The last version that was acknowledged is taken, and the next one is free.
void RequireVersionsContinue(RuleRun& run, Trial& t, std::vector<Ledger>* ledgers) {
  for (std::size_t i = 0; i < ledgers->size(); ++i) {
    const Ledger& ledger = (*ledgers)[i];
    if (ledger.LastAcknowledged() == 0) continue;
    PeerCall stale;
    stale.event = t.NewEvent(ledger.actor_id(), ledger.LastAcknowledged());
    const PeerAnswer answer = CallWhenServed(&run, t, i % HandlesOf(t), stale);
    if (answer.error && answer.error->code() == ErrorCode::kVersionConflict) continue;
    KeepActor(t, ledger.actor_id());
    throw Failure("version " + std::to_string(stale.event.version) + " of " + Quote(ledger.actor_id()) +
                      " is taken a second time",
                  "version_conflict", DescribeAnswer(stale, answer));
  }
  Clients clients(&run, &t, SavePlans(t, *ledgers, 1, AfterError::kTryAgain));
  FinishSaves(&run, t, &clients, ledgers);
}

void AcknowledgedEventsSurviveTheServer(RuleRun& run) {
  constexpr int kClients = 3;
  constexpr int kSaves = 60;
  constexpr int kOnOneStorage = 40;  // then a server takes long to start
  Outages outages(&run, {ServerFault::kKill});
  std::vector<std::vector<Ledger>> earlier;
  run.Rounds(run.Scaled(40, 10), [&](Trial& t, int round) {
    if (round >= 4 && run.HalfTheTimeIsGone()) return t.CountCases(-1);
    if (round % kOnOneStorage == 0) {
      t.Fresh();
      earlier.clear();
    }
    auto ledgers = NewLedgers(t, kClients);
    Clients clients(&run, &t, SavePlans(t, ledgers, kSaves, AfterError::kStop));
    const std::uint64_t chance = Chance(run.SeedOf(0), static_cast<std::uint64_t>(round));
    WaitForTraffic(run, clients, chance % 100, chance >> 8);
    if (!outages.Begin(t, round, Victims::kSome, ledgers[0].actor_id())) return;
    t.MendServers();
    if (round % 4 == 3) {  // and once more, while it starts
      Spin(std::chrono::microseconds(chance % 5000));
      (void)outages.Begin(t, round, Victims::kSome, ledgers[0].actor_id());
      t.MendServers();
    }
    const auto answers = clients.Finish();
    t.Remark("the server is back");
    SettleSaves(t, clients, answers, &ledgers);
    RequireAllSurvived(&run, t, 0, &ledgers, "after the server was killed");
    RequireVersionsContinue(run, t, &ledgers);
    RequireAllSurvived(&run, t, HandlesOf(t) - 1, &ledgers, "after the server was killed");
    earlier.push_back(std::move(ledgers));
    RequireAllSurvived(&run, t, 0, &earlier[static_cast<std::size_t>(round) / 2 % earlier.size()],
                       "after the server was killed again");
  });
}

// ---- SRV-02

// Nobody but the trial has saved for the actor that is read.
void JudgeInFault(const PeerCall& call, const PeerAnswer& answer, const std::vector<Event>& saved) {
  const std::string what = DescribeCall(call) + " while the server is away";
  if (answer.error) {
    const bool is_true = answer.error->code() == ErrorCode::kUnavailable ||
                         (call.kind == Kind::kSave && answer.error->code() == ErrorCode::kOutcomeUnknown);
    if (is_true) return;
    throw Failure(what + " is answered with an error that is not true",
                  call.kind == Kind::kSave ? "unavailable or outcome_unknown" : "unavailable",
                  Describe(*answer.error));
  }
  if (call.kind == Kind::kSave) return;  // whether it is stored then, SRV-01 tells
  const auto count = static_cast<std::int64_t>(saved.size());
  if (std::find(answer.events.begin(), answer.events.end(), nullptr) != answer.events.end()) {
    throw Failure(what + " is answered with an event that is null");
  }
  if (call.kind == Kind::kLatest ? answer.latest < count : answer.events.size() < saved.size()) {
    throw Failure(what + " is answered as if what was saved were not there",
                  "unavailable, or versions 1 to " + std::to_string(count), DescribeAnswer(call, answer));
  }
  if ((call.kind == Kind::kLatest && answer.latest > count) || !answer.replay_errors.empty()) {
    throw Failure(what + " is answered with what is not there",
                  "unavailable, or versions 1 to " + std::to_string(count), DescribeAnswer(call, answer));
  }
  if (call.kind != Kind::kLatest) RequireEqual(saved, answer.events, call.event.actor_id);
}

void CallsEndInTime(RuleRun& run) {
  constexpr std::int64_t kSaved = 3;
  Outages outages(&run, AllFaults());
  std::vector<double> times;
  run.Rounds(run.Scaled(6, 3), [&](Trial& t, int round) {
    const std::string actor = t.NewActor();
    const std::vector<Event> saved = t.SaveMany(t.store(), actor, kSaved);
    (void)t.store(HandlesOf(t) - 1);
    if (!outages.Begin(t, round, Victims::kAll, actor)) return;
    std::vector<Kind> kinds = {Kind::kRead, Kind::kLatest};
    if (t.offered().errors) kinds.push_back(Kind::kReplay);
    std::vector<ClientPlan> plans;
    for (const Kind kind : kinds) {
      const PeerCall call = CallFor(kind, actor);
      plans.push_back({.handle = plans.size() % HandlesOf(t), .calls = {call, call}});
    }
    for (const Ledger& other : NewLedgers(t, 2)) {
      plans.push_back(SavePlan(t, other, 2, plans.size() % HandlesOf(t), AfterError::kGoOn));
    }
    Clients clients(&run, &t, std::move(plans));
    for (const PeerAnswer& answer : clients.Finish()) {
      JudgeInFault(clients.CallOf(answer), answer, saved);
      times.push_back(std::chrono::duration<double>(answer.end - answer.start).count());
      t.Count("calls while servers were broken");
    }
  });
  if (!times.empty()) run.Measure("longest call", WorstOf(times), "s");
}

// ---- SRV-03

// What the answers of earlier rounds have said of saves has to hold for ever.
class Said {
 public:
  explicit Said(RuleRun* run) : run_(run) {}

  void Add(std::vector<Ledger> ledgers) { earlier_.push_back(std::move(ledgers)); }

  void RequireStillTrue(Trial& t, std::size_t rounds) {
    for (std::size_t i = earlier_.size() - std::min(rounds, earlier_.size()); i < earlier_.size(); ++i) {
      RequireAllSurvived(run_, t, 0, &earlier_[i], "some time after the fault");
    }
  }

 private:
  RuleRun* run_;
  std::vector<std::vector<Ledger>> earlier_;
};

void WhatIsSaidOfASaveIsTrue(RuleRun& run) {
  constexpr int kClients = 4;
  constexpr int kSaves = 14;
  Outages outages(&run, AllFaults());
  Said said(&run);
  run.Rounds(run.Scaled(18, 9), [&](Trial& t, int round) {
    if (round >= 6 && run.HalfTheTimeIsGone()) return t.CountCases(-1);
    auto ledgers = NewLedgers(t, kClients);
    auto plans = SavePlans(t, ledgers, kSaves, AfterError::kTryAgain, kPause);
    // Some insist. The others leave it at that, so that nothing stands in the way of what comes late.
    plans[2].after_error = plans[3].after_error = AfterError::kStop;
    Clients clients(&run, &t, std::move(plans));
    if (!Strike(run, t, &outages, round, clients, ledgers[0].actor_id())) return;
    std::vector<PeerAnswer> answers;
    const bool done = FinishInTime(&run, &clients, &answers);
    SettleSaves(t, clients, answers, &ledgers);
    RequireAllSurvived(&run, t, HandlesOf(t) - 1, &ledgers, "when the server is back");
    if (!done) throw Inconclusive("the retry of a save is not answered in time");
    said.RequireStillTrue(t, 2);
    said.Add(std::move(ledgers));
  });
  run.Once([&](Trial& t) { said.RequireStillTrue(t, SIZE_MAX); });
}

// ---- SRV-04

void TheStoreRecoversByItself(RuleRun& run) {
  constexpr std::chrono::seconds kBusy{2};  // what the machine, not the store, may add to the patience
  Outages outages(&run, AllFaults());
  std::vector<double> times;
  run.Rounds(run.Scaled(9, 3), [&](Trial& t, int round) {
    const std::size_t handles = HandlesOf(t);
    // A client for each call that has to be served, so that none waits for another.
    const auto plans = [&](AfterError after_error) {
      std::vector<ClientPlan> all;
      for (std::size_t i = 0; i < handles; ++i) {
        const Ledger ledger(t.NewActor());
        all.push_back(SavePlan(t, ledger, 1, i, after_error));
        for (const Kind kind : {Kind::kRead, Kind::kLatest}) {
          all.push_back(
              {.handle = i, .calls = {CallFor(kind, ledger.actor_id())}, .after_error = after_error});
        }
      }
      return all;
    };
    const std::string actor = t.NewActor();
    t.store().MustSave(t.NewEvent(actor, 1));
    (void)t.store(handles - 1);
    if (!outages.Begin(t, round, Victims::kSome, actor)) return;
    (void)Clients(&run, &t, plans(AfterError::kGoOn)).Finish();  // so that the store takes notice
    t.MendServers();
    t.Remark("the server is back");
    const auto back = Clock::now();
    Clients clients(&run, &t, plans(AfterError::kTryAgain));
    std::vector<PeerAnswer> answers;
    (void)FinishInTime(&run, &clients, &answers);
    std::vector<std::optional<PeerAnswer>> last(clients.plans().size());
    for (const PeerAnswer& answer : answers) last[answer.list] = answer;
    for (const auto& answer : last) {
      const bool in_time = answer->end - back <= run.settings().patience + kBusy;
      // A conflict is one with its own save, whose outcome was unknown.
      const bool conflict = answer->error && answer->error->code() == ErrorCode::kVersionConflict;
      const bool served = !answer->error || (conflict && clients.CallOf(*answer).kind == Kind::kSave);
      if (served && in_time) continue;
      throw Failure("a handle does not serve again within " +
                        std::to_string(run.settings().patience.count() / 1000) +
                        " s after the server was started: " + DescribeCall(clients.CallOf(*answer)),
                    "an answer in time",
                    DescribeAnswer(clients.CallOf(*answer), *answer) + (in_time ? "" : ", too late"));
    }
    for (const auto& answer : last) {
      times.push_back(std::chrono::duration<double>(answer->end - back).count());
    }
  });
  if (times.empty()) return;
  run.Measure("median time until a handle serves again", MedianOf(times), "s");
  run.Measure("worst", WorstOf(times), "s");
}

// ---- SRV-05

void SaveFences(RuleRun& run, Trial& t, std::vector<Ledger>* ledgers, const Collector& collector) {
  Clients clients(&run, &t, SavePlans(t, *ledgers, 1, AfterError::kTryAgain));
  FinishSaves(&run, t, &clients, ledgers);
  for (const ClientPlan& plan : clients.plans()) {
    const Event& fence = plan.calls[0].event;
    if (t.WaitFor([&] { return collector.Has(fence); })) continue;
    KeepActor(t, fence.actor_id);
    throw Failure("a subscription gives no notices any more when the server is back", "a notice in time",
                  "none for " + Describe(fence));
  }
}

void NoticesGoOn(RuleRun& run) {
  constexpr int kClients = 2;
  constexpr int kSaves = 16;
  Outages outages(&run, AllFaults());
  run.Rounds(run.Scaled(9, 6), [&](Trial& t, int round) {
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    auto ledgers = NewLedgers(t, kClients);
    Clients clients(&run, &t, SavePlans(t, ledgers, kSaves, AfterError::kTryAgain, kPause));
    if (!Strike(run, t, &outages, round, clients, ledgers[0].actor_id())) return;
    FinishSaves(&run, t, &clients, &ledgers);
    SaveFences(run, t, &ledgers, collector);
    for (const Ledger& ledger : ledgers) {
      std::vector<Event> stored;
      for (const EventPtr& event : ReadWhenServed(&run, t, 0, ledger.actor_id())) stored.push_back(*event);
      Judged(t, ledger.actor_id(), [&] { RequireVersions(stored, collector.Of(ledger.actor_id())); });
      t.Count("notices", static_cast<double>(stored.size()));
    }
  });
}

constexpr Property kProperties[] = {
    {"SRV-01", AcknowledgedEventsSurviveTheServer},
    {"SRV-02", CallsEndInTime},
    {"SRV-03", WhatIsSaidOfASaveIsTrue},
    {"SRV-04", TheStoreRecoversByItself},
    {"SRV-05", NoticesGoOn},
};

}  // namespace

std::span<const Property> ServerProperties() { return kProperties; }

}  // namespace aether::conformance
