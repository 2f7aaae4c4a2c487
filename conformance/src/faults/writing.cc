// What another process saves, and what it said of it.

#include "faults/writing.h"

#include <cstdio>
#include <iterator>

#include "faults/chance.h"

namespace aether::conformance {

namespace {

// Within a sector mostly, over some, over pages.
constexpr std::size_t kSizes[] = {8, 8, 8, 300, 300, 900, 1600, 7000};

bool SaysNothingWasStored(ErrorCode code) { return code != ErrorCode::kOutcomeUnknown; }

std::string Filled(const std::string& mark, std::size_t size) {
  return R"({"n":")" + mark + std::string(size, 'd') + "\"}";
}

}  // namespace

PeerCall ReadOf(const Ledger& ledger) {
  PeerCall read;
  read.kind = ledger.kept() == Kept::kSnapshots ? PeerCall::Kind::kReadSnapshot : PeerCall::Kind::kRead;
  read.event.actor_id = ledger.actor_id();
  return read;
}

void RequireSurvived(Ledger* ledger, const PeerAnswer& answer, const std::string& when) {
  if (ledger->kept() == Kept::kSnapshots) {
    ledger->RequireSurvived(answer.snapshot, when);
    ledger->Settle(answer.snapshot);
  } else {
    ledger->RequireSurvived(answer.events, when);
    ledger->Settle(answer.events);
  }
}

PeerCall Writing::PlanSave(Ledger* ledger, std::size_t size) {
  PeerCall call;
  call.event = trial_->NewEvent(ledger->actor_id(), ledger->NextVersion());
  call.event.data = JsonObject::Trusted(Filled(call.event.id, size));
  ledger->Plan(call.event);
  return call;
}

// Of the event before it.
PeerCall Writing::PlanSnapshot(Ledger* ledger, std::size_t size) {
  PeerCall call;
  call.kind = PeerCall::Kind::kSaveSnapshot;
  call.event.actor_id = ledger->actor_id();
  const std::int64_t version = ledger->NextVersion() - 1;
  call.snapshot = {ledger->actor_id(),
                   version,
                   JsonObject::Trusted(Filled(std::to_string(version), size)),
                   {1768339576, 0}};
  ledger->Plan(call.snapshot);
  return call;
}

void Writing::AddBatch(std::vector<Ledger>* ledgers, int saves, int readers, std::uint64_t seed) {
  Batch batch;
  for (Ledger& ledger : *ledgers) {
    batch.lists.emplace_back();
    for (int i = 0; i < saves; ++i) {
      const std::size_t size = kSizes[Chance(seed, batch.calls) % std::size(kSizes)];
      const bool snapshot = ledger.kept() == Kept::kSnapshots && i % 2 == 1;
      batch.lists.back().push_back(snapshot ? PlanSnapshot(&ledger, size) : PlanSave(&ledger, size));
      ++batch.calls;
    }
  }
  for (int reader = 0; reader < readers; ++reader) {
    batch.lists.emplace_back();
    for (int i = 0; i < saves; ++i) {
      batch.lists.back().push_back(ReadOf((*ledgers)[Chance(seed, batch.calls) % ledgers->size()]));
      ++batch.calls;
    }
  }
  Add(std::move(batch));
}

void Writing::AddReads(const std::vector<Ledger>& ledgers) {
  Batch batch;
  batch.lists.emplace_back();
  for (const Ledger& ledger : ledgers) batch.lists.back().push_back(ReadOf(ledger));
  batch.calls = ledgers.size();
  Add(std::move(batch));
}

void Writing::Add(Batch batch) {
  for (const auto& list : batch.lists) batch.answers.emplace_back(list.size());
  batches_.push_back(std::move(batch));
  answered_ = 0;
}

void Writing::Take(const PeerAnswer& answer, bool errors_awaited) {
  Batch& batch = batches_.back();
  const PeerCall& call = batch.lists[answer.list][answer.call];
  trial_->Note(call, answer);
  if (answer.error && !errors_awaited) {
    ThrowIfNoWord(*answer.error);
    const bool save = call.kind == PeerCall::Kind::kSave || call.kind == PeerCall::Kind::kSaveSnapshot;
    throw Failure(save ? "a save failed" : "a read failed", "ok", Describe(*answer.error));
  }
  batch.answers[answer.list][answer.call] = answer;
  ++answered_;
}

bool Writing::Finish(Peer& peer, bool errors_awaited) {
  while (answered_ < batches_.back().calls) {
    const auto answer = peer.Next();
    if (!answer) return false;
    Take(*answer, errors_awaited);
  }
  return !peer.Next().has_value() && !peer.ended();
}

std::vector<PeerAnswer> Writing::last() const {
  std::vector<PeerAnswer> all;
  for (const auto& list : batches_.back().answers) {
    for (const auto& answer : list) {
      if (answer) all.push_back(*answer);
    }
  }
  return all;
}

void Writing::Settle(const PeerAnswer& answer, std::vector<Ledger>* ledgers) const {
  Settle(batches_.back().lists[answer.list][answer.call], answer, ledgers);
}

void Writing::Settle(const PeerCall& call, const PeerAnswer& answer, std::vector<Ledger>* ledgers) const {
  for (Ledger& ledger : *ledgers) {
    if (ledger.actor_id() != call.event.actor_id) continue;
    const bool refused = answer.error && SaysNothingWasStored(answer.error->code());
    if (call.kind == PeerCall::Kind::kSave) {
      if (!answer.error) ledger.Acknowledge(call.event.version);
      if (refused) ledger.Refuse(call.event.version);
    } else if (call.kind == PeerCall::Kind::kSaveSnapshot) {
      if (!answer.error) ledger.AcknowledgeSnapshot(call.snapshot.version);
      if (refused) ledger.RefuseSnapshot(call.snapshot.version);
    } else if (!answer.error) {
      ledger.Settle(answer.snapshot);
      for (const EventPtr& event : answer.events) ledger.Acknowledge(event->version);
    }
  }
}

std::string Writing::SettleMark(const FileOperation& mark, std::vector<Ledger>* ledgers) const {
  std::size_t number = 0;
  std::size_t list = 0;
  std::size_t call = 0;
  if (std::sscanf(mark.data.c_str(), "%zu %zu %zu", &number, &list, &call) != 3) return "";
  const Batch& batch = batches_.at(number);
  const auto& answer = batch.answers.at(list).at(call);
  if (!answer) return "";  // it died before it could tell
  const PeerCall& made = batch.lists[list][call];
  Settle(made, *answer, ledgers);
  const std::string actor = Quote(made.event.actor_id);
  const std::string how = answer->error ? "answered with " + Describe(*answer->error) : "acknowledged";
  switch (made.kind) {
    case PeerCall::Kind::kSave:
      return "the save of version " + std::to_string(made.event.version) + " of " + actor + " is " + how;
    case PeerCall::Kind::kSaveSnapshot:
      return "the save of the snapshot of version " + std::to_string(made.snapshot.version) + " of " +
             actor + " is " + how;
    case PeerCall::Kind::kReadSnapshot:
      return "a read shows " +
             (answer->snapshot ? "the snapshot " + Describe(*answer->snapshot) : "no snapshot");
    default:
      return "a read of " + actor + " shows " + DescribeVersions(answer->events);
  }
}

}  // namespace aether::conformance
