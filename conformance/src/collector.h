// Collector: the notices of a subscription.

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "rule_run.h"

namespace aether::conformance {

// Collects the notices of a subscription.
class Collector {
 public:
  EventStoredCallback Callback() {
    return [this](const EventStored& notice) { Add(notice); };
  }

  void Add(const EventStored& notice) {
    if (inside_.exchange(true)) overlapped_ = true;
    {
      const std::lock_guard lock(mutex_);
      notices_.push_back(notice);
    }
    inside_ = false;
  }

  // Whether two calls ran at the same time.
  bool overlapped() const { return overlapped_; }

  std::vector<EventStored> Of(const std::string& actor) const {
    const std::lock_guard lock(mutex_);
    std::vector<EventStored> found;
    for (const EventStored& notice : notices_) {
      if (notice.actor_id == actor) found.push_back(notice);
    }
    return found;
  }

  bool Has(const Event& event) const {
    const std::lock_guard lock(mutex_);
    for (const EventStored& notice : notices_) {
      if (notice.actor_id == event.actor_id && notice.version == event.version) return true;
    }
    return false;
  }

 private:
  std::atomic<bool> inside_ = false;
  std::atomic<bool> overlapped_ = false;
  mutable std::mutex mutex_;
  std::vector<EventStored> notices_;
};

// A Failure when there is no subscription.
std::unique_ptr<Subscription> MustSubscribe(Handle& store, EventStoredCallback callback);

// One notice for each event, in this order; a Failure otherwise. What else a notice tells is NOTE-01's
// affair.
void RequireVersions(const std::vector<Event>& events, const std::vector<EventStored>& notices);

}  // namespace aether::conformance
