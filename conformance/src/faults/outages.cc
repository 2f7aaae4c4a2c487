// Breaking servers, and judging what their clients were told.

#include "faults/outages.h"

#include <algorithm>
#include <map>

#include "timeline.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

struct FaultWords {
  const char* verb;     // "server 1 is killed"
  const char* counted;  // a figure
  const char* noun;
};

FaultWords WordsOf(ServerFault fault) {
  switch (fault) {
    case ServerFault::kKill:
      return {" is killed", "servers killed", "killing a server"};
    case ServerFault::kPause:
      return {" is paused", "servers paused", "pausing a server"};
    case ServerFault::kCutOff:
      return {" is cut off", "servers cut off", "cutting a server off"};
  }
  return {"", "", ""};
}

}  // namespace

std::vector<int> Outages::Choose(Trial& t, int round, Victims victims, const std::string& actor) {
  const int count = t.ServerCount();
  const int kinds = static_cast<int>(kinds_.size());
  const int turn = round / kinds;  // each kind of fault has been due so often
  const int first = turn % count;
  int several = count;
  if (victims == Victims::kSome && turn % 4 == 3) several = count / 2 + 1;
  const bool one = victims == Victims::kOne || (victims == Victims::kSome && turn % 2 == 0);
  if (one) {
    // In every other turn whoever leads, since a change of leaders is the hardest; in between each meets
    // each kind of fault.
    const bool in_turn = victims == Victims::kOne && turn % 2 == 1;
    if (in_turn) return {(turn / 2 + round % kinds) % count};
    return {t.LeaderOf(actor).value_or(first)};
  }
  std::vector<int> chosen;
  for (int i = 0; i < several; ++i) chosen.push_back((first + i) % count);
  return chosen;
}

bool Outages::Begin(Trial& t, int round, Victims victims, const std::string& actor) {
  const ServerFault kind = Kind(round);
  const FaultWords words = WordsOf(kind);
  if (!impossible_.contains(kind)) {
    const auto servers = Choose(t, round, victims, actor);
    const bool possible = std::all_of(servers.begin(), servers.end(), [&](int server) {
      if (!t.BreakServer(server, kind)) return false;
      t.Remark(t.ServerCount() > 1 ? "server " + std::to_string(server) + words.verb
                                   : std::string("the server") + words.verb);
      t.Count(words.counted);
      return true;
    });
    if (possible) return true;
    t.MendServers();
    impossible_.insert(kind);
    auto& message = run_->result().message;
    message += (message.empty() ? "" : "; ") + std::string(words.noun) + " is impossible here";
  }
  const bool all = std::all_of(kinds_.begin(), kinds_.end(),
                               [&](ServerFault known) { return impossible_.contains(known); });
  if (all) throw Inconclusive("no fault of this rule is possible here");
  t.CountCases(-1);  // a round without a fault tries nothing
  return false;
}

std::size_t HandlesOf(const Trial& t) { return t.offered().handles ? 2 : 1; }

ClientPlan SavePlan(Trial& t, const Ledger& ledger, int saves, std::size_t handle, AfterError after_error) {
  ClientPlan plan{.handle = handle, .calls = {}, .after_error = after_error};
  for (int i = 0; i < saves; ++i) {
    PeerCall call;
    call.event = t.NewEvent(ledger.actor_id(), ledger.NextVersion() + i);
    plan.calls.push_back(std::move(call));
  }
  return plan;
}

std::vector<ClientPlan> SavePlans(Trial& t, const std::vector<Ledger>& ledgers, int saves,
                                  AfterError after_error, std::chrono::microseconds pause) {
  std::vector<ClientPlan> plans;
  for (const Ledger& ledger : ledgers) {
    plans.push_back(SavePlan(t, ledger, saves, plans.size() % HandlesOf(t), after_error));
    plans.back().pause = pause;
  }
  return plans;
}

void KeepActor(Trial& t, const std::string& actor) {
  constexpr std::size_t kNear = 3;  // calls around what is out of the ordinary
  std::vector<Call> calls;
  t.timeline().Keep([&](const Call& call) {
    const bool kept = call.text.starts_with("--") || call.text.find(Quote(actor)) != std::string::npos;
    if (kept) calls.push_back(call);
    return kept;
  });
  std::sort(calls.begin(), calls.end(), [](const Call& a, const Call& b) { return a.start < b.start; });
  std::set<Clock::time_point> shown;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const bool ordinary = calls[i].result == "ok" && calls[i].text.find("SaveEvent") != std::string::npos;
    if (ordinary && i > 0) continue;
    for (std::size_t k = i - std::min(i, kNear); k <= std::min(i + kNear, calls.size() - 1); ++k) {
      shown.insert(calls[k].start);
    }
  }
  t.timeline().Keep([&](const Call& call) { return shown.contains(call.start); });
}

namespace {

// What is known of one save after all attempts at it.
struct Attempts {
  bool acknowledged = false;
  bool unknown = false;
};

void SettleAttempt(const PeerCall& call, const PeerAnswer& answer, Attempts* attempts) {
  if (!answer.error) {
    attempts->acknowledged = true;
    return;
  }
  if (answer.error->code() == ErrorCode::kOutcomeUnknown) {
    attempts->unknown = true;
    return;
  }
  if (answer.error->code() == ErrorCode::kUnavailable) return;
  if (answer.error->code() == ErrorCode::kVersionConflict && attempts->unknown) {
    attempts->acknowledged = true;
    return;
  }
  if (answer.error->code() == ErrorCode::kVersionConflict) {
    throw Failure("a save meets a conflict, though nobody else saves for " + Quote(call.event.actor_id) +
                      " and no earlier attempt was of unknown outcome",
                  "ok, unavailable or outcome_unknown", Describe(*answer.error));
  }
  throw Failure("a save is answered with an error that is not true of a server that fails",
                "ok, unavailable or outcome_unknown", Describe(*answer.error));
}

}  // namespace

void SettleSaves(Trial& t, const Clients& clients, const std::vector<PeerAnswer>& answers,
                 std::vector<Ledger>* ledgers) {
  int acknowledged = 0;
  int refused = 0;
  int unknown = 0;
  for (std::size_t i = 0; i < ledgers->size(); ++i) {
    Ledger& ledger = (*ledgers)[i];
    std::map<std::size_t, Attempts> saves;
    Judged(t, ledger.actor_id(), [&] {
      for (const PeerAnswer& answer : answers) {
        if (answer.list == i) SettleAttempt(clients.CallOf(answer), answer, &saves[answer.call]);
      }
    });
    for (const auto& [call, attempts] : saves) {
      const Event& event = clients.plans()[i].calls[call].event;
      ledger.Plan(event);
      if (attempts.acknowledged) {
        ledger.Acknowledge(event.version);
        ++acknowledged;
      } else if (!attempts.unknown) {
        ledger.Refuse(event.version);
        ++refused;
      }
      unknown += attempts.unknown ? 1 : 0;
    }
  }
  t.Count("saves acknowledged", acknowledged);
  t.Count("refused as unavailable", refused);
  t.Count("of unknown outcome", unknown);
}

bool FinishInTime(RuleRun* run, Clients* clients, std::vector<PeerAnswer>* answers) {
  const bool done = clients->WaitUntil([&] { return clients->finished(); }, run->settings().patience);
  clients->Stop();
  *answers = clients->Finish();
  return done;
}

void FinishSaves(RuleRun* run, Trial& t, Clients* clients, std::vector<Ledger>* ledgers) {
  std::vector<PeerAnswer> answers;
  const bool done = FinishInTime(run, clients, &answers);
  SettleSaves(t, *clients, answers, ledgers);
  if (!done) throw Inconclusive("saves do not go on in time");
}

PeerAnswer CallWhenServed(RuleRun* run, Trial& t, std::size_t handle, const PeerCall& call) {
  Clients caller(run, &t, {{.handle = handle, .calls = {call}, .after_error = AfterError::kTryAgain}});
  std::vector<PeerAnswer> answers;
  (void)FinishInTime(run, &caller, &answers);
  if (answers.back().error) ThrowIfNoWord(*answers.back().error);
  return answers.back();
}

std::vector<EventPtr> ReadWhenServed(RuleRun* run, Trial& t, std::size_t handle, const std::string& actor) {
  PeerCall read;
  read.kind = PeerCall::Kind::kRead;
  read.event.actor_id = actor;
  const PeerAnswer answer = CallWhenServed(run, t, handle, read);
  if (answer.error) {
    throw Failure("a read fails when the server is back", "success", Describe(*answer.error));
  }
  return answer.events;
}

void RequireAllSurvived(RuleRun* run, Trial& t, std::size_t handle, std::vector<Ledger>* ledgers,
                        const std::string& when) {
  for (Ledger& ledger : *ledgers) {
    const auto events = ReadWhenServed(run, t, handle, ledger.actor_id());
    Judged(t, ledger.actor_id(), [&] { ledger.RequireSurvived(events, when); });
    ledger.Settle(events);
  }
}

double MedianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

double WorstOf(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

}  // namespace aether::conformance
