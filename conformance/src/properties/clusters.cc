// SRV: histories while servers break, and clusters that one server is missing from.

#include <algorithm>
#include <chrono>

#include "faults/chance.h"
#include "faults/outages.h"
#include "properties.h"
#include "racing.h"
#include "recorded_history.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = PeerCall::Kind;
using std::chrono::milliseconds;

constexpr int kClients = 4;
constexpr int kEnough = 3;  // saves after which a client is served again

// ---- SRV-06

// What everybody can read at the end belongs to the history.
void AddLastReads(RuleRun& run, Trial& t, const std::vector<std::string>& actors,
                  HistoryRecorder* recorder) {
  for (std::size_t handle = 0; handle < HandlesOf(t); ++handle) {
    for (const std::string& actor : actors) {
      PeerCall read;
      read.kind = Kind::kRead;
      read.event.actor_id = actor;
      PeerAnswer answer;
      answer.start = Clock::now();
      answer.events = ReadWhenServed(&run, t, handle, actor);
      answer.end = Clock::now();
      recorder->Add(kClients + 1 + static_cast<int>(handle), read, answer);
    }
  }
}

void HistoriesAreLinearizable(RuleRun& run) {
  constexpr int kCalls = 30;
  Outages outages(&run, {std::begin(kAllFaults), std::end(kAllFaults)});
  run.Rounds(run.Scaled(30, 18), [&](Trial& t, int round) {
    if (round >= 6 && run.HalfTheTimeIsGone()) return t.CountCases(-1);
    const std::vector<std::string> actors = {t.NewActor(), t.NewActor()};
    const auto lists =
        PlanHistory(t, actors, kClients, kCalls, run.SeedOf(static_cast<std::uint64_t>(round)));
    std::vector<ClientPlan> plans;
    for (const auto& list : lists) {
      plans.push_back({.handle = plans.size() % HandlesOf(t), .calls = list, .pause = milliseconds(1)});
    }
    Clients clients(&run, &t, std::move(plans));
    const std::uint64_t chance = Chance(run.SeedOf(0), static_cast<std::uint64_t>(round));
    (void)clients.WaitUntil([&] { return clients.answered() >= chance % 60; }, run.settings().patience);
    Spin(std::chrono::microseconds((chance >> 8) % 1000));
    if (!outages.Begin(t, round, Victims::kSome, actors[0])) return;
    const std::size_t errors = clients.errors();
    (void)clients.WaitUntil([&] { return clients.finished() || clients.errors() > errors; },
                            milliseconds(5 + (chance >> 16) % 60));
    t.MendServers();
    const auto answers = clients.Finish();
    HistoryRecorder recorder(actors, lists);
    for (const PeerAnswer& answer : answers) {
      const PeerCall& call = clients.CallOf(answer);
      if (answer.error && call.kind != Kind::kSave && answer.error->code() == ErrorCode::kUnavailable)
        continue;
      recorder.Add(static_cast<int>(answer.list) + 1, call, answer);
    }
    AddLastReads(run, t, actors, &recorder);
    RequireLegal(actors, recorder.history());
    t.Count("calls", static_cast<double>(recorder.history().size()));
  });
}

// ---- SRV-07

// Clients that save all the time, and what an outage does to them.
class Load {
 public:
  Load(RuleRun* run, Trial* t)
      : run_(run),
        t_(t),
        ledgers_(NewLedgers(*t, kClients)),
        clients_(run, t, SavePlans(*t, ledgers_, kSaves, AfterError::kTryAgain, milliseconds(4))) {}

  // Waits until each client has some more saves acknowledged. Failure when that takes longer than the
  // patience. Answers the longest that one of them went without, since `since`.
  double AwaitService(Clock::time_point since, const std::string& when) {
    struct Service {
      int saves = 0;
      bool has_more = true;  // to save
      Clock::time_point last;
      Clock::duration longest{0};
    };
    std::vector<Service> of;
    const bool all = clients_.WaitUntil(
        [&] {
          of.assign(kClients, {0, true, since, {}});
          clients_.Visit([&](const PeerAnswer& answer) {
            Service& service = of[answer.list];
            const bool settled = !answer.error || !IsOfAServer(*answer.error);
            if (settled && answer.call + 1 == kSaves) service.has_more = false;
            if (answer.error || answer.end < since || service.saves == kEnough) return;
            ++service.saves;
            service.longest = std::max(service.longest, answer.end - service.last);
            service.last = answer.end;
          });
          return std::all_of(of.begin(), of.end(),
                             [](const Service& s) { return s.saves == kEnough || !s.has_more; });
        },
        run_->settings().patience);
    Clock::duration longest{0};
    bool served = true;
    for (const Service& service : of) {
      longest = std::max(longest, service.longest);
      served = served && service.saves == kEnough;
    }
    if (all && !served) throw Inconclusive("a client ran out of saves");
    if (all) return std::chrono::duration<double>(longest).count();
    End();
    const auto worst = std::min_element(
        of.begin(), of.end(), [](const Service& a, const Service& b) { return a.saves < b.saves; });
    const auto client = static_cast<std::size_t>(worst - of.begin());
    KeepActor(*t_, ledgers_[client].actor_id());
    throw Failure(when + " client " + std::to_string(client + 1) + " cannot save for " +
                      std::to_string(run_->settings().patience.count() / 1000) + " s",
                  std::to_string(kEnough) + " saves that are acknowledged",
                  std::to_string(worst->saves) + " of them");
  }

  void End() {
    clients_.Stop();
    answers_ = clients_.Finish();
  }

  void Judge() {
    SettleSaves(*t_, clients_, answers_, &ledgers_);
    for (std::size_t handle = 0; handle < HandlesOf(*t_); ++handle) {
      RequireAllSurvived(run_, *t_, handle, &ledgers_, "when one server was broken and is back");
    }
  }

  const std::string& actor() const { return ledgers_[0].actor_id(); }

 private:
  static constexpr int kSaves = 10'000;  // more than there is time for

  RuleRun* run_;
  Trial* t_;
  std::vector<Ledger> ledgers_;
  std::vector<PeerAnswer> answers_;
  Clients clients_;
};

void OneServerMayBeMissing(RuleRun& run) {
  Outages outages(&run, {std::begin(kAllFaults), std::end(kAllFaults)});
  std::vector<double> gaps;
  run.Rounds(run.Scaled(12, 6), [&](Trial& t, int round) {
    Load load(&run, &t);
    (void)load.AwaitService(Clock::now(), "before any server is broken");
    if (!outages.Begin(t, round, Victims::kOne, load.actor())) return;
    const auto broken = Clock::now();
    gaps.push_back(
        load.AwaitService(broken, "with one server of " + std::to_string(t.ServerCount()) + " broken"));
    t.MendServers();
    t.Remark("the server is back");
    (void)load.AwaitService(Clock::now(), "after the server was mended");
    load.End();
    load.Judge();
  });
  if (gaps.empty()) return;
  run.Measure("median time without a save after a fault", MedianOf(gaps), "s");
  run.Measure("worst", WorstOf(gaps), "s");
}

constexpr Property kProperties[] = {
    {"SRV-06", HistoriesAreLinearizable},
    {"SRV-07", OneServerMayBeMissing},
};

}  // namespace

std::span<const Property> ClusterProperties() { return kProperties; }

}  // namespace aether::conformance
