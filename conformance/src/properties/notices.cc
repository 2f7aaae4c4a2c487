// NOTE: EventStored is published once per successful save, in order, never for a refused one.
//
// That a notice does not come is never shown by waiting: notices of an actor come in version order, so a
// later save of the same actor is the fence behind which nothing can follow.

#include <rapidcheck.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "properties.h"

namespace aether::conformance {

namespace {

// Collects the notices of a subscription.
class Collector {
 public:
  EventStoredCallback Callback() {
    return [this](const EventStored& notice) { Add(notice); };
  }

  void Add(const EventStored& notice) {
    const std::lock_guard lock(mutex_);
    notices_.push_back(notice);
  }

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
  mutable std::mutex mutex_;
  std::vector<EventStored> notices_;
};

std::unique_ptr<Subscription> MustSubscribe(Handle& store, EventStoredCallback callback) {
  auto subscription = store.Subscribe(std::move(callback));
  if (!subscription) throw Failure("Subscribe failed", "success", Describe(subscription.error()));
  return *std::move(subscription);
}

// Saves a last event of `actor` and waits for its notice: those before it have come then, or never will.
void Fence(Trial& t, Handle& store, const std::string& actor, const Collector& collector,
           std::vector<Event>* events) {
  const std::int64_t next = events->empty() ? 1 : events->back().version + 1;
  events->push_back(t.NewEvent(actor, next));
  store.MustSave(events->back());
  if (!t.WaitFor([&] { return collector.Has(events->back()); })) {
    throw Failure("the notice of a save does not come", "a notice in time",
                  "none for " + Describe(events->back()));
  }
}

std::string Show(const EventStored& notice) {
  return Quote(notice.actor_id) + " version " + std::to_string(notice.version) + " id " +
         Quote(notice.event_id) + " at " +
         (notice.timestamp.InRange() ? notice.timestamp.Format() : "out of range");
}

void RequireNotices(const std::vector<Event>& events, const std::vector<EventStored>& notices) {
  for (std::size_t i = 0; i < std::max(events.size(), notices.size()); ++i) {
    const std::string expected = i < events.size() ? Show(EventStored::Of(events[i])) : "no further notice";
    const std::string actual = i < notices.size() ? Show(notices[i]) : "none";
    if (expected != actual) {
      throw Failure("notice " + std::to_string(i + 1) + " is not that of the save", expected, actual);
    }
  }
}

// NOTE-01
void OneNoticeForEachSave(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    t.SaveMany(t.store(), t.NewActor(), *rc::gen::inRange(0, 3));  // before the subscription: no notice
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    const int count = *rc::gen::inRange(0, 6);
    for (int version = 1; version <= count; ++version) {
      events.push_back(t.NewEvent(actor, version));
      events.back().timestamp.seconds += version;
      t.store().MustSave(events.back());
    }
    Fence(t, t.store(), actor, collector, &events);
    RequireNotices(events, collector.Of(actor));
  });
}

// NOTE-02: racing writers on one actor.
void NoticesComeInVersionOrder(RuleRun& run) {
  const int rounds = run.Scaled(10, 3);
  run.Once([&](Trial& t) {
    for (int round = 0; round < rounds; ++round) {
      const std::string actor = t.NewActor();
      Collector collector;
      const auto subscription = MustSubscribe(t.store(), collector.Callback());
      Handle& store = t.store();
      std::vector<std::vector<Event>> planned(4);
      for (int version = 1; version <= 60; ++version) {
        planned[static_cast<std::size_t>(version) % 4].push_back(t.NewEvent(actor, version));
      }
      t.Race(4, [&](int racer) {
        for (const Event& event : planned[static_cast<std::size_t>(racer - 1)])
          (void)store.SaveEvent(event);
      });
      std::vector<Event> events;
      events.push_back(t.NewEvent(actor, 60));
      Fence(t, t.store(), actor, collector, &events);
      std::int64_t before = 0;
      for (const EventStored& notice : collector.Of(actor)) {
        if (notice.version <= before) {
          throw Failure("notices of an actor do not rise", "above version " + std::to_string(before),
                        "version " + std::to_string(notice.version));
        }
        before = notice.version;
      }
    }
  });
}

// NOTE-03
void TheEventCanBeReadWhenItsNoticeArrives(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    Handle& store = t.store();
    Collector collector;
    std::atomic<std::int64_t> unread = 0;
    const auto subscription = MustSubscribe(store, [&](const EventStored& notice) {
      if (notice.actor_id == actor) {
        const auto events = store.GetEvents(actor, notice.version);
        const auto latest = store.GetLatestVersion(actor);
        const bool readable = events && !events->empty() && events->front()->version == notice.version &&
                              latest && *latest >= notice.version;
        if (!readable) unread = notice.version;
      }
      collector.Add(notice);
    });
    std::vector<Event> events = t.SaveMany(store, actor, *rc::gen::inRange(1, 10));
    Fence(t, store, actor, collector, &events);
    if (unread != 0) {
      throw Failure("a notice came before its event could be read",
                    "version " + std::to_string(unread) + " is read", "it is not there yet");
    }
  });
}

// NOTE-04
void EveryHandlesSavesAreSeen(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    Collector collector;
    const auto subscription = MustSubscribe(t.store(0), collector.Callback());
    std::vector<Event> events;
    const int count = *rc::gen::inRange(1, 6);
    for (int version = 1; version <= count; ++version) {
      events.push_back(t.NewEvent(actor, version));
      t.store(*rc::gen::inRange<std::size_t>(0, 2)).MustSave(events.back());
    }
    Fence(t, t.store(1), actor, collector, &events);
    RequireNotices(events, collector.Of(actor));
  });
}

// NOTE-05
void RefusedSavesGiveNone(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 4));
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    const int refusals = *rc::gen::inRange(1, 4);
    for (int i = 0; i < refusals; ++i) {
      const auto stale = *rc::gen::inRange<std::int64_t>(0, events.back().version + 1);
      if (t.store().SaveEvent(t.NewEvent(actor, stale))) return;  // accepted: CON-01's affair
    }
    Fence(t, t.store(), actor, collector, &events);
    RequireNotices({events.back()}, collector.Of(actor));
  });
}

// NOTE-06
void EndedSubscriptionsGetNothing(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    Collector ended;
    Collector lasting;
    auto subscription = MustSubscribe(t.store(), ended.Callback());
    const auto other = MustSubscribe(t.store(), lasting.Callback());
    Fence(t, t.store(), actor, ended, &events);
    subscription.reset();
    t.Remark("the first subscription ends");
    const std::size_t before = ended.Of(actor).size();
    for (int i = *rc::gen::inRange(0, 3); i >= 0; --i) Fence(t, t.store(), actor, lasting, &events);
    if (ended.Of(actor).size() != before) {
      throw Failure("a subscription that has ended gets notices", std::to_string(before) + " notices",
                    std::to_string(ended.Of(actor).size()));
    }
    t.store().MustReadAs(actor, events);
  });
}

// A door that a subscriber waits at.
class Door {
 public:
  ~Door() { Open(); }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void PassThrough() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.wait(lock, [this] { return open_; });
  }
  bool SomebodyWaits() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool waiting_ = false;
};

// NOTE-07
void SavesFinishWhileASubscriberBlocks(RuleRun& run) {
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    Handle& store = t.store();
    Collector collector;
    Door door;
    const auto subscription = MustSubscribe(store, [&](const EventStored& notice) {
      door.PassThrough();
      collector.Add(notice);
    });
    std::vector<Event> events;
    for (int version = 1; version <= 20; ++version) events.push_back(t.NewEvent(actor, version));
    std::atomic<bool> saved = false;
    std::exception_ptr failure;
    std::thread writer([&] {
      try {
        for (const Event& event : events) store.MustSave(event);
      } catch (...) {
        failure = std::current_exception();
      }
      saved = true;
    });
    const bool finished = t.WaitFor([&] { return saved.load(); });
    const bool blocked = t.WaitFor([&] { return door.SomebodyWaits(); });
    door.Open();
    writer.join();
    if (failure) std::rethrow_exception(failure);
    if (!finished) throw Failure("a blocked subscriber holds up saves", "saves finish", "they wait for it");
    if (!blocked) throw Failure("no notice reaches the subscriber", "a notice", "none");
    Fence(t, store, actor, collector, &events);
    RequireNotices(events, collector.Of(actor));
  });
}

// NOTE-08
void AThrowingSubscriberDoesNoHarm(RuleRun& run) {
  run.ForAll(5, [](Trial& t) {
    const std::string actor = t.NewActor();
    Collector throwing;
    Collector calm;
    const auto first = MustSubscribe(t.store(), [&](const EventStored& notice) {
      throwing.Add(notice);
      throw std::runtime_error("a subscriber's own trouble");
    });
    const auto second = MustSubscribe(t.store(), calm.Callback());
    std::vector<Event> events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 5));
    Fence(t, t.store(), actor, throwing, &events);
    Fence(t, t.store(), actor, calm, &events);
    RequireNotices(events, calm.Of(actor));
    t.store().MustReadAs(actor, events);
  });
}

constexpr Property kProperties[] = {
    {"NOTE-01", OneNoticeForEachSave},
    {"NOTE-02", NoticesComeInVersionOrder},
    {"NOTE-03", TheEventCanBeReadWhenItsNoticeArrives},
    {"NOTE-04", EveryHandlesSavesAreSeen},
    {"NOTE-05", RefusedSavesGiveNone},
    {"NOTE-06", EndedSubscriptionsGetNothing},
    {"NOTE-07", SavesFinishWhileASubscriberBlocks},
    {"NOTE-08", AThrowingSubscriberDoesNoHarm},
};

}  // namespace

std::span<const Property> NoticeProperties() { return kProperties; }

}  // namespace aether::conformance
