// Stores that publish notices wrongly.

#include <algorithm>
#include <atomic>
#include <thread>

#include "broken_store.h"

namespace aether::selftest {

namespace {

struct NoticeWithoutId : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    EventStored other = notice;
    other.event_id = "";
    DoubleStore::Announce(other);
  }
};

struct NoticeHasItsOwnTime : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    EventStored other = notice;
    other.timestamp.seconds += 1;
    DoubleStore::Announce(other);
  }
};

struct EveryFifthNoticeTwice : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    DoubleStore::Announce(notice);
    if (notice.version % 5 == 0) DoubleStore::Announce(notice);
  }
};

struct MissesTheFirstEvent : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    if (notice.version > 1) DoubleStore::Announce(notice);
  }
};

// Publishes when the lock is gone: racing saves overtake each other.
struct PublishesOutsideTheLock : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream&, const Event&) override {}
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    if (!saved) return saved;
    std::this_thread::yield();
    const std::lock_guard lock(state_->mutex);
    Announce(EventStored::Of(event));
    return saved;
  }
};

// Follows the stored events by a cursor over numbers that are taken before an event is stored, as a
// database's sequences are: who is stored behind a higher number is passed by.
struct NumbersBeforeStoring : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream&, const Event&) override {}
  Result<void> SaveEvent(const Event& event) override {
    static std::atomic<std::uint64_t> numbers = 0;
    static std::uint64_t cursor = 0;  // guarded by the mutex
    const std::uint64_t number = ++numbers;
    std::this_thread::yield();
    auto saved = DoubleStore::SaveEvent(event);
    if (!saved) return saved;
    const std::lock_guard lock(state_->mutex);
    if (number > cursor) Announce(EventStored::Of(event));
    cursor = std::max(cursor, number);
    return saved;
  }
};

struct PublishesBeforeStoring : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream&, const Event&) override {}
  Result<void> SaveEvent(const Event& event) override {
    if (const auto latest = GetLatestVersion(event.actor_id); latest && event.version > *latest) {
      const std::lock_guard lock(state_->mutex);
      Announce(EventStored::Of(event));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the fault, not a test's wait
    return DoubleStore::SaveEvent(event);
  }
};

// Subscriptions are an affair of the handle.
struct NoticesOfOneHandle : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override {
    auto subscription = DoubleStore::Subscribe(std::move(callback));
    const std::lock_guard lock(state_->mutex);
    own_.push_back(state_->subscribers.back());
    return subscription;
  }
  void Announce(const EventStored& notice) override {
    for (const auto& weak : own_) {
      if (const auto subscriber = weak.lock()) subscriber->Add(notice);
    }
  }
  std::vector<std::weak_ptr<Subscriber>> own_;
};

struct AnnouncesRefusedSaves : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream&, const Event& event) override { Announce(EventStored::Of(event)); }
};

// The end of one subscription ends them all.
struct OneEndEndsAll : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    const auto& all = state_->subscribers;
    const bool some_ended =
        std::any_of(all.begin(), all.end(), [](const auto& weak) { return weak.expired(); });
    if (!some_ended) DoubleStore::Announce(notice);
  }
};

struct CallsInTheSavingThread : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream&, const Event&) override {}
  Result<void> SaveEvent(const Event& event) override {
    auto saved = DoubleStore::SaveEvent(event);
    if (!saved) return saved;
    std::vector<std::weak_ptr<Subscriber>> subscribers;
    {
      const std::lock_guard lock(state_->mutex);
      subscribers = state_->subscribers;
    }
    for (const auto& weak : subscribers) {
      const auto subscriber = weak.lock();
      if (!subscriber) continue;
      try {
        subscriber->Call(EventStored::Of(event));
      } catch (...) {
      }
    }
    return saved;
  }
};

struct ThrowingEndsTheSubscription : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override {
    auto subscription = DoubleStore::Subscribe(std::move(callback));
    const std::lock_guard lock(state_->mutex);
    if (const auto subscriber = state_->subscribers.back().lock()) subscriber->ends_on_throw = true;
    return subscription;
  }
};

struct NoticesInMilliseconds : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    EventStored other = notice;
    other.timestamp.nanoseconds -= other.timestamp.nanoseconds % 1'000'000;
    DoubleStore::Announce(other);
  }
};

struct NoticesInAscii : DoubleStore {
  using DoubleStore::DoubleStore;
  void Announce(const EventStored& notice) override {
    EventStored other = notice;
    for (char& c : other.event_id) {
      if (static_cast<unsigned char>(c) > 0x7f) c = '?';
    }
    DoubleStore::Announce(other);
  }
};

struct AnnouncesInvalidSaves : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    auto valid = Validate(event);
    if (valid) return valid;
    const std::lock_guard lock(state_->mutex);
    Announce(EventStored::Of(event));
    return valid;
  }
};

// What a subscriber has not taken yet is kept up to a limit.
struct BoundedQueue : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override {
    auto subscription = DoubleStore::Subscribe(std::move(callback));
    const std::lock_guard lock(state_->mutex);
    if (const auto subscriber = state_->subscribers.back().lock()) subscriber->capacity = 256;
    return subscription;
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInNotices() {
  return {
      Broken<NoticeWithoutId>("notice_without_id", "NOTE-01", "notices have no event id"),
      Broken<NoticeHasItsOwnTime>("notice_has_its_own_time", "NOTE-01",
                                  "notices tell the time of publishing"),
      Broken<EveryFifthNoticeTwice>("every_fifth_notice_twice", "NOTE-01",
                                    "every fifth notice comes twice"),
      BrokenRace<NumbersBeforeStoring>(
          "numbers_before_storing", "NOTE-01",
          "a save gives no notice when one with a later number was stored before it"),
      Broken<MissesTheFirstEvent>("misses_the_first_event", "NOTE-01", "the first event gives no notice"),
      BrokenRace<PublishesOutsideTheLock>("publishes_outside_the_lock", "NOTE-02",
                                          "notices overtake each other"),
      BrokenRace<PublishesBeforeStoring>("publishes_before_storing", "NOTE-03",
                                         "the notice comes before the event"),
      Broken<NoticesOfOneHandle>("notices_of_one_handle", "NOTE-04", "other handles' saves give no notice"),
      Broken<AnnouncesRefusedSaves>("announces_refused_saves", "NOTE-05", "a refused save gives a notice"),
      Broken<OneEndEndsAll>("one_end_ends_all", "NOTE-06", "the end of one subscription ends all"),
      Broken<CallsInTheSavingThread>("calls_in_the_saving_thread", "NOTE-07",
                                     "a blocked callback blocks saves"),
      Broken<ThrowingEndsTheSubscription>("throwing_ends_the_subscription", "NOTE-08",
                                          "after an exception no notice comes"),
      Broken<NoticesInMilliseconds>("notices_in_milliseconds", "NOTE-01",
                                    "the time of a notice has milliseconds"),
      Broken<NoticesInAscii>("notices_in_ascii", "NOTE-01", "the event id of a notice is in ASCII"),
      Broken<AnnouncesInvalidSaves>("announces_invalid_saves", "NOTE-05", "an invalid save gives a notice"),
      BrokenRace<BoundedQueue>("bounded_queue", "NOTE-07",
                               "of a blocked subscriber's notices 256 are kept"),
  };
}

}  // namespace aether::selftest
