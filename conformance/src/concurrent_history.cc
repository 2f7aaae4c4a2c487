// Histories of concurrent calls.

#include "concurrent_history.h"

#include <algorithm>
#include <map>
#include <random>
#include <thread>

#include "history.h"
#include "history_drawing.h"
#include "history_search.h"
#include "racing.h"

namespace aether::conformance {

namespace {

constexpr int kCallers = 4;
constexpr std::size_t kSearchSteps = 200'000;

using Kind = PeerCall::Kind;
using Clock = std::chrono::steady_clock;

// What the callers are to do. Versions rise along the list, about as fast for everybody, so that most saves
// meet another one of the same version.
std::vector<std::vector<PeerCall>> Plan(Trial& t, const std::vector<std::string>& actors, int calls,
                                        std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<PeerCall>> lists(kCallers);
  for (auto& list : lists) {
    std::int64_t version = 1;
    for (int i = 0; i < calls; ++i) {
      PeerCall call;
      const std::string& actor = actors[random() % actors.size()];
      const auto dice = random() % 10;
      call.kind = dice < 5 ? Kind::kSave : dice < 8 ? Kind::kRead : Kind::kLatest;
      if (call.kind == Kind::kSave) {
        call.event = t.NewEvent(actor, version);
        version += static_cast<std::int64_t>(random() % 3);
      } else {
        call.event.actor_id = actor;
        call.from_version = random() % 4 == 0 ? version : 0;
      }
      call.spin_ns = random() % 3 == 0 ? static_cast<int>(random() % 2000) : 0;
      list.push_back(call);
    }
  }
  return lists;
}

// Turns calls and answers into a history.
class Recorder {
 public:
  Recorder(const std::vector<std::string>& actors, const std::vector<std::vector<PeerCall>>& lists) {
    for (std::size_t i = 0; i < actors.size(); ++i) actors_[actors[i]] = static_cast<std::uint32_t>(i);
    for (const auto& list : lists) {
      for (const PeerCall& call : list) {
        if (call.kind == Kind::kSave) saved_.emplace(call.event.id, call.event);
      }
    }
    std::uint64_t number = 0;
    for (const auto& [id, event] : saved_) numbers_[id] = ++number;
  }

  void Add(int client, const PeerCall& call, const PeerAnswer& answer) {
    Operation operation;
    operation.actor = actors_.at(call.event.actor_id);
    operation.client = client;
    operation.start = answer.start.time_since_epoch().count();
    operation.end = answer.end.time_since_epoch().count();
    if (call.kind == Kind::kSave) {
      operation.version = call.event.version;
      operation.event = numbers_.at(call.event.id);
      if (answer.error) TakeRefusal(*answer.error, &operation);
    } else {
      // An error that any store may answer tells nothing; another one is a failure.
      if (answer.error) {
        ThrowIfNoWord(*answer.error);
        throw Failure("a read failed in the midst of other calls", "success", Describe(*answer.error));
      }
      operation.kind = call.kind == Kind::kRead ? Operation::Kind::kRead : Operation::Kind::kLatest;
      operation.version = call.kind == Kind::kRead ? call.from_version : answer.latest;
      for (const EventPtr& event : answer.events) operation.shown.push_back({event->version, NumberOf(*event)});
    }
    history_.push_back(std::move(operation));
  }

  const std::vector<Operation>& history() const { return history_; }

 private:
  static void TakeRefusal(const StoreError& error, Operation* operation) {
    switch (error.code()) {
      case ErrorCode::kVersionConflict:
        operation->outcome = Operation::Outcome::kConflict;
        operation->current = error.conflict()->current_version;
        break;
      case ErrorCode::kOutcomeUnknown:
        operation->outcome = Operation::Outcome::kUnknown;
        break;
      case ErrorCode::kUnavailable:
      case ErrorCode::kStorageFull:
      case ErrorCode::kStorageFailed:
        operation->outcome = Operation::Outcome::kNothing;
        break;
      default:
        throw Failure("a save failed in the midst of other calls", "ok or version_conflict", Describe(error));
    }
  }

  // 0 for one that nobody saved, or that has changed.
  std::uint64_t NumberOf(const Event& event) const {
    const auto saved = saved_.find(event.id);
    return saved != saved_.end() && Difference(saved->second, event).empty() ? numbers_.at(event.id) : 0;
  }

  std::map<std::string, std::uint32_t> actors_;
  std::map<std::string, Event> saved_;
  std::map<std::string, std::uint64_t> numbers_;
  std::vector<Operation> history_;
};

// Makes one call on this thread.
PeerAnswer Make(Handle& store, const PeerCall& call) {
  PeerAnswer answer;
  const auto take = [&](const auto& result) {
    answer.end = Clock::now();
    if (!result) answer.error = result.error();
    return result.has_value();
  };
  if (call.spin_ns > 0) Spin(std::chrono::nanoseconds(call.spin_ns));
  answer.start = Clock::now();
  if (call.kind == Kind::kSave) {
    (void)take(store.SaveEvent(call.event));
  } else if (call.kind == Kind::kRead) {
    if (auto events = store.GetEvents(call.event.actor_id, call.from_version); take(events)) {
      answer.events = *std::move(events);
    }
  } else if (const auto latest = store.GetLatestVersion(call.event.actor_id); take(latest)) {
    answer.latest = *latest;
  }
  return answer;
}

void RequireLegal(const std::vector<std::string>& actors, const std::vector<Operation>& history) {
  const Checked checked = CheckHistory(history);
  if (checked.verdict == Legality::kLegal) return;
  if (checked.verdict == Legality::kUnknown) throw Inconclusive(checked.message);
  // Two checkers that share nothing have to agree before a store is accused.
  if (SearchHistory(history, kSearchSteps).verdict == Legality::kLegal) {
    throw std::logic_error("the kit's two history checkers disagree: " + checked.message);
  }
  const std::string& actor = actors[history[checked.window.front()].actor];
  Failure failure(Quote(actor) + ": " + checked.message, "answers that some order of the calls explains", "");
  failure.timeline = TextTimeline(history, checked.window);
  failure.picture = SvgTimeline(history, checked.window);
  throw failure;
}

void TryOne(Trial& t, Sharing sharing, std::uint64_t seed) {
  const std::vector<std::string> actors = {t.NewActor(), t.NewActor()};
  // Processes take a while until they run side by side.
  auto lists = Plan(t, actors, sharing == Sharing::kProcesses ? 40 : 12, seed);
  const std::size_t theirs = sharing == Sharing::kProcesses ? kCallers / 2 : 0;  // the last ones
  const std::size_t ours = kCallers - theirs;
  std::vector<Handle*> handles;
  for (std::size_t i = 0; i < ours; ++i) handles.push_back(&t.store(sharing == Sharing::kHandles ? i % 2 : 0));
  std::uint32_t meeting = 0;
  if (theirs > 0) {
    meeting = t.peer().NextMeeting(kCallers);
    for (std::size_t i = ours; i < kCallers; ++i) lists[i][0].meeting = meeting;
    t.peer().Start({lists.begin() + static_cast<std::ptrdiff_t>(ours), lists.end()});
  }
  std::vector<std::vector<PeerAnswer>> answers(kCallers);
  t.Race(static_cast<int>(ours), [&](int racer) {
    const auto i = static_cast<std::size_t>(racer - 1);
    if (meeting != 0) t.peer().Meet(meeting);
    for (const PeerCall& call : lists[i]) answers[i].push_back(Make(*handles[i], call));
  });
  std::size_t missing = theirs * lists[0].size();
  while (missing > 0) {
    const auto answer = t.peer().Next();
    if (!answer) throw Inconclusive("the other process ended without an answer");
    t.Note(lists[ours + answer->list][answer->call], *answer);
    answers[ours + answer->list].push_back(*answer);
    --missing;
  }
  if (theirs > 0) (void)t.peer().Next();  // the end of the lists

  Recorder recorder(actors, lists);
  for (std::size_t i = 0; i < kCallers; ++i) {
    for (std::size_t k = 0; k < answers[i].size(); ++k) {
      recorder.Add(static_cast<int>(i) + 1, lists[i][k], answers[i][k]);
    }
  }
  RequireLegal(actors, recorder.history());
}

}  // namespace

void TryHistories(RuleRun& run, Sharing sharing) {
  run.Rounds(run.Scaled(200, 40),
             [&](Trial& t, int round) { TryOne(t, sharing, run.SeedOf(static_cast<std::uint64_t>(round))); });
}

}  // namespace aether::conformance
