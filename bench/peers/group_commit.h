// GroupCommit: saves of several threads in one transaction, put in front of an embedded store.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>

#include "aether/result.h"
#include "commits.h"

namespace aether::peers {

// A save on its way. Its owner waits for it; nothing is copied.
struct Append {
  std::string_view actor_id;
  std::int64_t version = 0;
  std::string_view text;
  Result<void> outcome;  // success until somebody says otherwise
};

// Gives all of them the same outcome.
void FailAll(std::span<Append* const> appends, const StoreError& error);

// Saves that arrive while a batch is being committed wait together and become the next one. The first of
// them leads: it commits the batch in its own thread, hands on to the next leader, and then wakes the
// others, each of which waits on one futex and takes no lock any more.
class GroupCommit {
 public:
  // Commits the appends in order, as one transaction, and sets their outcomes: a conflict is the affair of
  // one alone. Called by one thread at a time.
  using Writer = std::function<void(std::span<Append* const>)>;

  GroupCommit(Writer writer, Commits commits);

  Result<void> Save(std::string_view actor_id, std::int64_t version, std::string_view text);

 private:
  struct Batch;

  void Lead(std::unique_lock<std::mutex> lock, const std::shared_ptr<Batch>& batch);
  void Gather(const Batch& batch) const;

  const Writer writer_;
  const std::chrono::microseconds patience_;
  std::mutex mutex_;
  std::shared_ptr<Batch> filling_;  // never null
  bool writing_ = false;
};

}  // namespace aether::peers
