// Batches, their leaders, and the version check.

#include "commit_queue.h"

#include <atomic>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

namespace aether::file {

struct CommitQueue::Batch {
  std::vector<Append*> appends;
  std::atomic<std::size_t> size = 0;  // of `appends`, for looking without the lock
  std::size_t expected = 0;           // as many as were busy saving when the batch before was done
  std::atomic<int> turn = 0;          // 1: its leader may write it
  std::atomic<int> done = 0;          // 1: `outcome` is there
  Result<void> outcome;
};

namespace {

void Set(std::atomic<int>& flag) {
  flag.store(1, std::memory_order_release);
  flag.notify_all();
}

void WaitFor(const std::atomic<int>& flag) { flag.wait(0, std::memory_order_acquire); }

// Copying a failed Result must not lack memory: it would end the process. Copying its error may.
Result<void> CopyOf(const Result<void>& outcome) {
  if (outcome) return {};
  try {
    StoreError error = outcome.error();
    return error;
  } catch (const std::exception&) {
    return StoreError(ErrorCode::kOutcomeUnknown, "out of memory");
  }
}

void Accept(Append& append) {
  if (append.type != RecordType::kEvent) return;
  append.previous = append.actor->accepted;
  if (append.ChecksVersion()) append.actor->accepted = append.version;
}

}  // namespace

CommitQueue::CommitQueue(Writer writer, std::chrono::microseconds patience)
    : writer_(std::move(writer)), patience_(patience), filling_(std::make_shared<Batch>()) {}

Result<void> CommitQueue::Commit(Append& append) {
  std::unique_lock lock(mutex_);
  while (append.ChecksVersion() && append.version <= append.actor->accepted) {
    const std::int64_t latest = append.actor->latest();
    if (append.version <= latest) return StoreError::Conflict(append.actor_id, append.version, latest);
    const auto pending = writing_ ? writing_ : filling_;
    lock.unlock();
    WaitFor(pending->done);
    lock.lock();
  }
  // What may lack memory comes first: whoever is in a batch is written, and has a leader.
  const auto batch = filling_;
  auto next = batch->appends.empty() ? std::make_shared<Batch>() : nullptr;
  batch->appends.push_back(&append);
  Accept(append);
  batch->size.store(batch->appends.size(), std::memory_order_relaxed);
  if (batch->appends.size() == 1) return Lead(std::move(lock), batch, std::move(next));
  lock.unlock();
  WaitFor(batch->done);
  return CopyOf(batch->outcome);
}

// `next` is an empty batch, to be filled while this one is written.
Result<void> CommitQueue::Lead(std::unique_lock<std::mutex> lock, const std::shared_ptr<Batch>& batch,
                               std::shared_ptr<Batch> next) {
  if (writing_) {
    lock.unlock();
    WaitFor(batch->turn);
    lock.lock();
  }
  writing_ = batch;
  if (batch->appends.size() < batch->expected) {
    lock.unlock();
    Gather(*batch);
    lock.lock();
  }
  filling_ = next;
  lock.unlock();

  try {
    batch->outcome = writer_(batch->appends);
  } catch (const std::exception&) {  // not even memory for the error; this text needs none
    batch->outcome = StoreError(ErrorCode::kOutcomeUnknown, "out of memory");
  }

  lock.lock();
  if (!batch->outcome) TakeBack(*batch);
  writing_.reset();
  const bool waiting = !next->appends.empty();
  next->expected = batch->appends.size() + next->appends.size();
  lock.unlock();
  if (waiting) Set(next->turn);
  Set(batch->done);
  return CopyOf(batch->outcome);
}

// The threads of the batch before are just waking up, and most come back at once with another record.
// Without a moment's patience they would miss this batch: two halves would take turns, and half of the
// flushes with them.
void CommitQueue::Gather(const Batch& batch) const {
  const auto until = std::chrono::steady_clock::now() + patience_;
  while (batch.size.load(std::memory_order_relaxed) < batch.expected &&
         std::chrono::steady_clock::now() < until) {
    std::this_thread::yield();
  }
}

// The records accepted on top of the failed ones stay accepted: their versions are above what is stored.
// Each is accepted again, from what is stored on, since the one before it may be gone.
void CommitQueue::TakeBack(const Batch& failed) {
  for (const Append* append : failed.appends) append->actor->accepted = append->actor->latest();
  for (const Append* append : filling_->appends) append->actor->accepted = append->actor->latest();
  for (Append* append : filling_->appends) Accept(*append);
}

}  // namespace aether::file
