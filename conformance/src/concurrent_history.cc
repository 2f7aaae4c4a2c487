// Histories of concurrent calls.

#include "concurrent_history.h"

#include "racing.h"
#include "recorded_history.h"

namespace aether::conformance {

namespace {

constexpr int kCallers = 4;

using Kind = PeerCall::Kind;
using Clock = std::chrono::steady_clock;

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

void TryOne(Trial& t, Sharing sharing, std::uint64_t seed) {
  const std::vector<std::string> actors = {t.NewActor(), t.NewActor()};
  // Processes take a while until they run side by side.
  auto lists = PlanHistory(t, actors, kCallers, sharing == Sharing::kProcesses ? 40 : 12, seed);
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

  HistoryRecorder recorder(actors, lists);
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
