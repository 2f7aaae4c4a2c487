// Group commit: saves of several threads in one write and one flush.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "actor_index.h"
#include "aether/result.h"
#include "log_format.h"

namespace aether::file {

// A record on its way into the log. Its owner waits for it; nothing is copied.
struct Append {
  RecordType type = RecordType::kEvent;
  std::string_view actor_id;
  std::int64_t version = 0;  // 0 in an event: unknown, and not checked
  std::string_view payload;
  std::uint64_t payload_checksum = 0;
  Actor* actor = nullptr;

  // Set by the queue when the record is accepted.
  std::int64_t previous = 0;

  // Set when it is written.
  std::uint64_t sequence = 0;
  Position position;

  bool ChecksVersion() const { return type == RecordType::kEvent && version != 0; }
};

// Records that arrive while a batch is being written wait together and become the next batch. The first
// of them leads: when the batch before is done it writes its own, in its own thread, hands on to the next
// leader and only then wakes the others, which take no lock any more.
//
// A record gets its place in the order when its version is found to be above that of the last accepted
// event of its actor, in one step: two can never take the same version. A record that finds a version
// above its own waits until that event is stored, since a conflict must name a version that readers see,
// and is looked at again if it was not.
class CommitQueue {
 public:
  // Stores the records in order: they are written, flushed as far as they are to be, and visible to readers
  // when it returns without error. After an error they never will be, or, with kOutcomeUnknown, not before
  // the log is opened again. Called by one thread at a time, without the queue's lock.
  using Writer = std::function<Result<void>(std::span<Append* const>)>;

  // A leader waits up to `patience` for as many records as there were threads saving just before.
  CommitQueue(Writer writer, std::chrono::microseconds patience);

  // Waits until `append` is stored, or kVersionConflict, or the writer's error.
  Result<void> Commit(Append& append);

 private:
  struct Batch;

  Result<void> Lead(std::unique_lock<std::mutex> lock, const std::shared_ptr<Batch>& batch,
                    std::shared_ptr<Batch> next);
  void Gather(const Batch& batch) const;
  void TakeBack(const Batch& failed);

  const Writer writer_;
  const std::chrono::microseconds patience_;
  std::mutex mutex_;
  std::shared_ptr<Batch> filling_;  // never null
  std::shared_ptr<Batch> writing_;
};

}  // namespace aether::file
