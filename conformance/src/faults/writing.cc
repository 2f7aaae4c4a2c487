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

}  // namespace

void Writing::AddBatch(std::vector<Ledger>* ledgers, int saves, int readers, std::uint64_t seed) {
  Batch batch;
  for (Ledger& ledger : *ledgers) {
    batch.lists.emplace_back();
    for (int i = 0; i < saves; ++i) {
      PeerCall call;
      call.event = trial_->NewEvent(ledger.actor_id(), ledger.NextVersion());
      const std::size_t size = kSizes[Chance(seed, batch.calls) % std::size(kSizes)];
      call.event.data = JsonObject::Trusted(R"({"n":")" + call.event.id + std::string(size, 'd') + "\"}");
      ledger.Plan(call.event);
      batch.lists.back().push_back(call);
      ++batch.calls;
    }
  }
  for (int reader = 0; reader < readers; ++reader) {
    batch.lists.emplace_back();
    for (int i = 0; i < saves; ++i) {
      PeerCall call;
      call.kind = PeerCall::Kind::kRead;
      call.event.actor_id = (*ledgers)[Chance(seed, batch.calls) % ledgers->size()].actor_id();
      batch.lists.back().push_back(call);
      ++batch.calls;
    }
  }
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
    throw Failure(call.kind == PeerCall::Kind::kSave ? "a save failed" : "a read failed", "ok",
                  Describe(*answer.error));
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
    if (call.kind == PeerCall::Kind::kSave) {
      if (!answer.error) {
        ledger.Acknowledge(call.event.version);
      } else if (SaysNothingWasStored(answer.error->code())) {
        ledger.Refuse(call.event.version);
      }
    } else if (!answer.error) {
      for (const EventPtr& event : answer.events) ledger.Acknowledge(event->version);
    }
  }
}

std::string Writing::Marks::Settle(const FileOperation& mark, std::vector<Ledger>* ledgers) {
  std::size_t list = 0;
  std::size_t call = 0;
  if (std::sscanf(mark.data.c_str(), "%zu %zu", &list, &call) != 2) return "";
  while (batch_ < writing_.batches_.size() && seen_ == writing_.batches_[batch_].calls) {
    ++batch_;
    seen_ = 0;
  }
  if (batch_ == writing_.batches_.size()) return "";
  ++seen_;
  const Batch& batch = writing_.batches_[batch_];
  const auto& answer = batch.answers.at(list).at(call);
  if (!answer) return "";  // it died before it could tell
  const PeerCall& made = batch.lists[list][call];
  writing_.Settle(made, *answer, ledgers);
  const std::string actor = Quote(made.event.actor_id);
  if (made.kind != PeerCall::Kind::kSave)
    return "a read of " + actor + " shows " + DescribeVersions(answer->events);
  return "the save of version " + std::to_string(made.event.version) + " of " + actor + " is " +
         (answer->error ? "answered with " + Describe(*answer->error) : "acknowledged");
}

}  // namespace aether::conformance
