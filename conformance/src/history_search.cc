// The search of Wing and Gong ("Testing and verifying concurrent objects", JPDC 17, 1993): try each
// operation that may come next, on a model that is a plain list, and go back where none fits; with Lowe's
// memory of what was tried ("Testing for linearizability", CCPE 29(4), 2017).

#include "history_search.h"

#include <algorithm>
#include <map>
#include <unordered_set>

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

// What the contract says of one actor, one call after the other.
class Model {
 public:
  // Whether the store, in this state, may answer as `operation` says. Stores the event of a save.
  bool Apply(const Operation& operation) {
    switch (operation.kind) {
      case Kind::kSave:
        return Save(operation);
      case Kind::kRead:
        return Read(operation.version) == operation.shown;
      case Kind::kLatest:
        return Latest() == operation.version;
    }
    return false;
  }

  void TakeBack() { stream_.pop_back(); }

 private:
  bool Save(const Operation& operation) {
    if (operation.outcome == Outcome::kConflict && !operation.pending()) {
      return operation.version <= Latest() && operation.current == Latest();
    }
    if (operation.version <= Latest()) return false;
    stream_.push_back({operation.version, operation.event});
    return true;
  }

  std::vector<ShownEvent> Read(std::int64_t from) const {
    std::vector<ShownEvent> shown;
    for (const ShownEvent& event : stream_) {
      if (event.version >= from) shown.push_back(event);
    }
    return shown;
  }

  std::int64_t Latest() const { return stream_.empty() ? 0 : stream_.back().version; }

  std::vector<ShownEvent> stream_;
};

class Search {
 public:
  Search(std::vector<Operation> operations, std::size_t steps)
      : operations_(std::move(operations)), done_(operations_.size()), steps_(steps) {}

  Legality Run() {
    if (Extend()) return Legality::kLegal;
    return steps_ == 0 ? Legality::kUnknown : Legality::kIllegal;
  }

  std::size_t steps_left() const { return steps_; }

 private:
  // Whether what is not done yet can follow what is. An operation that is done stays so only if the answer
  // is yes.
  bool Extend() {
    // No operation may come after one that ended before it started; saves of unknown outcome never end.
    std::int64_t first_end = Operation::kPending;
    bool finished = true;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] || operations_[i].unknown()) continue;
      finished = false;
      first_end = std::min(first_end, operations_[i].end);
    }
    if (finished) return true;  // the other saves of unknown outcome never happen
    // The events stored are those of the saves done, and their versions order them: no need to keep them.
    if (!tried_.insert(done_).second) return false;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      if (done_[i] || operations_[i].start > first_end) continue;
      if (steps_ == 0) return false;
      --steps_;
      if (!model_.Apply(operations_[i])) continue;
      done_[i] = true;
      if (Extend()) return true;
      done_[i] = false;
      if (operations_[i].acknowledged() || operations_[i].unknown()) model_.TakeBack();
    }
    return false;
  }

  std::vector<Operation> operations_;
  std::vector<bool> done_;
  std::size_t steps_;
  Model model_;
  std::unordered_set<std::vector<bool>> tried_;
};

}  // namespace

Checked SearchHistory(std::span<const Operation> history, std::size_t steps) {
  std::map<std::uint32_t, std::vector<std::size_t>> actors;
  for (std::size_t i = 0; i < history.size(); ++i) {
    const Operation& op = history[i];
    if (op.end < op.start) return {Legality::kUnknown, "an operation ends before it starts", {}, {i}};
    if (op.pending() && op.kind != Kind::kSave) continue;
    if (op.kind == Kind::kSave && op.outcome == Outcome::kNothing && !op.pending()) continue;
    actors[op.actor].push_back(i);
  }
  bool unknown = false;
  for (const auto& [actor, positions] : actors) {
    std::vector<Operation> operations;
    for (const std::size_t i : positions) operations.push_back(history[i]);
    Search search(std::move(operations), steps);
    const Legality verdict = search.Run();
    steps = search.steps_left();
    if (verdict == Legality::kIllegal) {
      return {verdict, "no order of the operations explains their answers", positions, positions};
    }
    unknown = unknown || verdict == Legality::kUnknown;
  }
  if (unknown) return {Legality::kUnknown, "the search ran out of steps", {}, {}};
  return {};
}

}  // namespace aether::conformance
