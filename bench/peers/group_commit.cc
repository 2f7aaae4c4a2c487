// Batches and their leaders.

#include "group_commit.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace aether::peers {

struct GroupCommit::Batch {
  std::vector<Append*> appends;
  std::atomic<std::size_t> size = 0;  // of `appends`, for looking without the lock
  std::size_t expected = 0;           // as many as were busy saving when the batch before was done
  std::atomic<int> turn = 0;          // 1: its leader may commit it
  std::atomic<int> done = 0;          // 1: the outcomes are there
};

namespace {

void Set(std::atomic<int>& flag) {
  flag.store(1, std::memory_order_release);
  flag.notify_all();
}

}  // namespace

void FailAll(std::span<Append* const> appends, const StoreError& error) {
  for (Append* const append : appends) append->outcome = error;
}

// Where nothing is flushed, a batch gains less than the wait for it costs.
GroupCommit::GroupCommit(Writer writer, Commits commits)
    : writer_(std::move(writer)),
      patience_(commits == Commits::kToDevice ? 50 : 0),
      filling_(std::make_shared<Batch>()) {}

Result<void> GroupCommit::Save(std::string_view actor_id, std::int64_t version, std::string_view text) {
  Append append{actor_id, version, text, {}};
  std::unique_lock lock(mutex_);
  const auto batch = filling_;
  batch->appends.push_back(&append);
  batch->size.store(batch->appends.size(), std::memory_order_relaxed);
  if (batch->appends.size() == 1) {
    Lead(std::move(lock), batch);
  } else {
    lock.unlock();
    batch->done.wait(0, std::memory_order_acquire);
  }
  return append.outcome;
}

void GroupCommit::Lead(std::unique_lock<std::mutex> lock, const std::shared_ptr<Batch>& batch) {
  if (writing_) {
    lock.unlock();
    batch->turn.wait(0, std::memory_order_acquire);
    lock.lock();
  }
  writing_ = true;
  if (batch->appends.size() < batch->expected) {
    lock.unlock();
    Gather(*batch);
    lock.lock();
  }
  filling_ = std::make_shared<Batch>();
  lock.unlock();

  writer_(batch->appends);

  lock.lock();
  const auto next = filling_;
  writing_ = !next->appends.empty();
  next->expected = batch->appends.size() + next->appends.size();
  const bool waiting = writing_;
  lock.unlock();
  if (waiting) Set(next->turn);
  Set(batch->done);
}

// Waits a moment for as many saves as there were threads saving just before. Without that two halves take
// turns, at twice the flushes.
void GroupCommit::Gather(const Batch& batch) const {
  const auto until = std::chrono::steady_clock::now() + patience_;
  while (batch.size.load(std::memory_order_relaxed) < batch.expected &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
}

}  // namespace aether::peers
