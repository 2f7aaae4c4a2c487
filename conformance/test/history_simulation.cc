// Simulate(): calls with a start, a moment and an end each, executed in the order of their moments.

#include "history_simulation.h"

#include <algorithm>

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

struct Planned {
  Operation operation;
  std::int64_t moment;
};

class Store {
 public:
  Store(Random* random, const Simulation& simulation)
      : random_(*random), simulation_(simulation), streams_(static_cast<std::size_t>(simulation.actors)) {}

  void Execute(Operation* op) {
    std::vector<ShownEvent>& stream = streams_[op->actor];
    const std::int64_t latest = stream.empty() ? 0 : stream.back().version;
    if (op->kind == Kind::kLatest) op->version = latest;
    if (op->kind == Kind::kRead) Read(stream, latest, op);
    if (op->kind == Kind::kSave) Save(latest, &stream, op);
  }

 private:
  void Read(const std::vector<ShownEvent>& stream, std::int64_t latest, Operation* op) {
    const std::int64_t tail = simulation_.read_tail > 0 ? simulation_.read_tail : latest + 1;
    op->version = latest + 2 - Pick(&random_, 0, tail + 1);
    const auto from =
        std::lower_bound(stream.begin(), stream.end(), op->version,
                         [](const ShownEvent& event, std::int64_t v) { return event.version < v; });
    op->shown.assign(from, stream.end());
  }

  void Save(std::int64_t latest, std::vector<ShownEvent>* stream, Operation* op) {
    op->version = latest + (Chance(&random_, 70) ? 1 : Pick(&random_, -2, 4));
    op->event = ++events_;
    if (!lost_.empty() && lost_.back().actor == op->actor && Chance(&random_, 40)) {
      op->version = lost_.back().version;  // the client tries again
      op->event = lost_.back().event;
      lost_.pop_back();
    }
    if (op->outcome == Outcome::kNothing) return;
    const bool accepted = op->version > latest;
    if (op->outcome == Outcome::kUnknown) {
      lost_.push_back(*op);
      if (!accepted || Chance(&random_, 30)) return;
    } else {
      op->outcome = accepted ? Outcome::kStored : Outcome::kConflict;
      if (!accepted) op->current = latest;
    }
    if (accepted) stream->push_back({op->version, op->event});
  }

  Random& random_;
  const Simulation& simulation_;
  std::vector<std::vector<ShownEvent>> streams_;
  std::vector<Operation> lost_;
  std::uint64_t events_ = 0;
};

Planned Plan(Random* random, const Simulation& simulation, std::int64_t* now) {
  Planned planned;
  Operation& op = planned.operation;
  op.actor = static_cast<std::uint32_t>(Pick(random, 0, simulation.actors - 1));
  op.kind = Chance(random, 50) ? Kind::kSave : Chance(random, 60) ? Kind::kRead : Kind::kLatest;
  op.start = *now + Pick(random, 0, simulation.pause);
  planned.moment = op.start + Pick(random, 0, simulation.duration);
  op.end = planned.moment + Pick(random, 0, simulation.duration);
  *now = op.end;
  if (op.kind != Kind::kSave || !Chance(random, simulation.lost_percent)) return planned;
  op.outcome = Chance(random, 70) ? Outcome::kUnknown : Outcome::kNothing;
  if (op.outcome == Outcome::kNothing) return planned;
  planned.moment += Pick(random, 0, 10 * simulation.duration);  // also after its end
  if (Chance(random, 30)) op.end = Operation::kPending;
  return planned;
}

}  // namespace

std::int64_t Pick(Random* random, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>((*random)() % static_cast<std::uint64_t>(most - least + 1));
}

std::vector<Operation> Simulate(Random* random, const Simulation& simulation) {
  std::vector<Planned> planned;
  const int clients = simulation.clients;
  std::vector<std::int64_t> now(static_cast<std::size_t>(clients));
  for (int i = 0; i < simulation.operations; ++i) {
    const auto client = static_cast<std::size_t>(i % clients);
    planned.push_back(Plan(random, simulation, &now[client]));
    planned.back().operation.client = static_cast<std::int32_t>(client) + 1;
  }
  std::stable_sort(planned.begin(), planned.end(),
                   [](const Planned& a, const Planned& b) { return a.moment < b.moment; });
  Store store(random, simulation);
  std::vector<Operation> history;
  for (Planned& plan : planned) {
    store.Execute(&plan.operation);
    history.push_back(std::move(plan.operation));
  }
  std::stable_sort(history.begin(), history.end(),
                   [](const Operation& a, const Operation& b) { return a.start < b.start; });
  return history;
}

}  // namespace aether::conformance
