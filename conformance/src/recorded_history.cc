// Planned calls, and what a history makes of their answers.

#include "recorded_history.h"

#include <random>

#include "history_drawing.h"
#include "history_search.h"

namespace aether::conformance {

namespace {

constexpr std::size_t kSearchSteps = 200'000;

using Kind = PeerCall::Kind;

void TakeRefusal(const StoreError& error, Operation* operation) {
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

}  // namespace

std::vector<std::vector<PeerCall>> PlanHistory(Trial& t, const std::vector<std::string>& actors,
                                               int clients, int calls, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::vector<PeerCall>> lists(static_cast<std::size_t>(clients));
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

HistoryRecorder::HistoryRecorder(const std::vector<std::string>& actors,
                                 const std::vector<std::vector<PeerCall>>& lists) {
  for (std::size_t i = 0; i < actors.size(); ++i) actors_[actors[i]] = static_cast<std::uint32_t>(i);
  for (const auto& list : lists) {
    for (const PeerCall& call : list) {
      if (call.kind == Kind::kSave) saved_.emplace(call.event.id, call.event);
    }
  }
  std::uint64_t number = 0;
  for (const auto& [id, event] : saved_) numbers_[id] = ++number;
}

void HistoryRecorder::Add(int client, const PeerCall& call, const PeerAnswer& answer) {
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
    for (const EventPtr& event : answer.events)
      operation.shown.push_back({event->version, NumberOf(*event)});
  }
  history_.push_back(std::move(operation));
}

std::uint64_t HistoryRecorder::NumberOf(const Event& event) const {
  const auto saved = saved_.find(event.id);
  return saved != saved_.end() && Difference(saved->second, event).empty() ? numbers_.at(event.id) : 0;
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
  Failure failure(Quote(actor) + ": " + checked.message, "answers that some order of the calls explains",
                  "");
  failure.timeline = TextTimeline(history, checked.window);
  failure.picture = SvgTimeline(history, checked.window);
  throw failure;
}

}  // namespace aether::conformance
