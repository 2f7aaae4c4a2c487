// NOTE: EventStored is published once per successful save, in order, never for a refused one.
//
// That a notice does not come is never shown by waiting: notices of an actor come in version order, so a
// later save of the same actor is the fence behind which nothing can follow.

#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "collector.h"
#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

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
      events.back().timestamp.nanoseconds = 123'456'789;
      events.back().id += *gen::Text();
      t.store().MustSave(events.back());
    }
    Fence(t, t.store(), actor, collector, &events);
    RequireNotices(events, collector.Of(actor));
  });
  // More than a few, and one after the other: what is wrong by itself is shown before anything races.
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    auto events = t.SaveMany(t.store(), actor, 30);
    Fence(t, t.store(), actor, collector, &events);
    RequireNotices(events, collector.Of(actor));
  });
  // Writers with a handle and an actor each: what is numbered first may be stored last, and a cursor over
  // the numbers passes it by.
  run.Rounds(run.Scaled(10, 3), [](Trial& t, int) {
    constexpr std::size_t kWriters = 4;
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    std::vector<std::vector<Event>> planned(kWriters);
    std::vector<Handle*> handles;
    for (std::size_t i = 0; i < kWriters; ++i) {
      handles.push_back(&t.store(t.offered().handles ? i : 0));
      const std::string actor = t.NewActor();
      for (int version = 1; version <= 60; ++version) planned[i].push_back(t.NewEvent(actor, version));
    }
    t.Race(kWriters, [&](int racer) {
      const auto i = static_cast<std::size_t>(racer - 1);
      for (const Event& event : planned[i]) handles[i]->MustSave(event);
    });
    for (auto& events : planned) {
      Fence(t, t.store(), events.front().actor_id, collector, &events);
      RequireNotices(events, collector.Of(events.front().actor_id));
    }
  });
}

// NOTE-02: racing writers on one actor.
void NoticesComeInVersionOrder(RuleRun& run) {
  const int rounds = run.Scaled(10, 3);
  run.Rounds(rounds, [&](Trial& t, int) {
    const std::string actor = t.NewActor();
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    Handle& store = t.store();
    std::vector<std::vector<Event>> planned(4);
    for (int version = 1; version <= 60; ++version) {
      planned[static_cast<std::size_t>(version) % 4].push_back(t.NewEvent(actor, version));
    }
    std::mutex mutex;
    std::vector<Event> stored;
    t.Race(4, [&](int racer) {
      for (const Event& event : planned[static_cast<std::size_t>(racer - 1)]) {
        const auto saved = store.SaveEvent(event);
        const std::lock_guard lock(mutex);
        if (saved) stored.push_back(event);
      }
    });
    std::sort(stored.begin(), stored.end(),
              [](const Event& a, const Event& b) { return a.version < b.version; });
    Fence(t, t.store(), actor, collector, &stored);
    std::int64_t before = 0;
    for (const EventStored& notice : collector.Of(actor)) {
      if (notice.version < before) {
        throw Failure("a notice comes behind one of a higher version",
                      "above version " + std::to_string(before),
                      "version " + std::to_string(notice.version));
      }
      before = notice.version;
    }
    // What has not come before the fence's notice comes out of order, or never.
    for (const Event& event : stored) {
      if (collector.Has(event)) continue;
      throw Failure("a notice does not come before that of a higher version",
                    "the notice of version " + std::to_string(event.version), "none so far");
    }
    if (collector.overlapped()) {
      throw Failure("two calls of one callback overlap", "one at a time", "two at once");
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
    RequireVersions(events, collector.Of(actor));
  });
}

// A notice of `saved`, and none of what was refused before it.
void RequireOnly(const Event& saved, const std::vector<EventStored>& notices) {
  for (const EventStored& notice : notices) {
    if (notice.version == saved.version) continue;
    throw Failure("a refused save gave a notice",
                  "only the notice of version " + std::to_string(saved.version),
                  "also one of version " + std::to_string(notice.version));
  }
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
    RequireOnly(events.back(), collector.Of(actor));
  });
  run.ForAll(20, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    Collector collector;
    const auto subscription = MustSubscribe(t.store(), collector.Callback());
    Event invalid = t.NewEvent(actor, 2);  // not the version of the fence
    MakeInvalid(&invalid, *rc::gen::inRange(0, kWaysToBeInvalid));
    if (t.store().SaveEvent(invalid)) return;  // accepted: the affair of INV-02 to INV-04
    Fence(t, t.store(), actor, collector, &events);
    RequireOnly(events.back(), collector.Of(actor));
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

// NOTE-06: a subscription that ends while its callback runs ends when that is over, and nothing comes
// after.
void EndedSubscriptionsGetNothing(RuleRun& run) {
  run.ForAll(10, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    // Shared with the callbacks, so that a notice that comes too late finds them.
    const auto ended = std::make_shared<Collector>();
    const auto door = std::make_shared<Door>();
    Collector lasting;
    auto subscription = MustSubscribe(t.store(), [ended, door](const EventStored& notice) {
      door->PassThrough();
      ended->Add(notice);
    });
    // The end of a subscription waits for its callback: no failure may leave that at the door.
    const std::shared_ptr<void> opens_at_the_end(nullptr, [door](void*) { door->Open(); });
    const auto other = MustSubscribe(t.store(), lasting.Callback());
    // In a thread of its own: that a save waits for the callback is NOTE-07's affair, and must not hang
    // this.
    std::atomic<bool> saved = false;
    std::exception_ptr failure;
    std::thread saving([&] {
      try {
        Fence(t, t.store(), actor, lasting, &events);
      } catch (...) {
        failure = std::current_exception();
      }
      saved = true;
    });
    const bool in_time = t.WaitFor([&] { return saved.load(); });
    if (!in_time) door->Open();
    saving.join();
    if (failure) std::rethrow_exception(failure);
    if (!in_time) return;
    if (!t.WaitFor([&] { return door->SomebodyWaits(); })) {
      throw Failure("no notice reaches the subscriber", "a notice in time", "none");
    }
    std::atomic<bool> has_ended = false;
    std::thread ending([&] {
      subscription.reset();
      has_ended = true;
    });
    t.Remark("the first subscription ends while its callback runs");
    const bool too_soon = t.WaitFor([&] { return has_ended.load(); }, std::chrono::milliseconds(5));
    door->Open();
    ending.join();
    if (too_soon) {
      throw Failure("the end of a subscription does not wait for its callback", "it waits",
                    "the callback still runs");
    }
    const std::size_t before = ended->Of(actor).size();
    for (int i = *rc::gen::inRange(0, 3); i >= 0; --i) Fence(t, t.store(), actor, lasting, &events);
    if (ended->Of(actor).size() != before) {
      throw Failure("a subscription that has ended gets notices", std::to_string(before) + " notices",
                    std::to_string(ended->Of(actor).size()));
    }
    t.store().MustReadAs(actor, events);
  });
}

// NOTE-07
void SavesFinishWhileASubscriberBlocks(RuleRun& run) {
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    Handle& store = t.store();
    Collector collector;
    Collector calm;
    Door door;
    const auto subscription = MustSubscribe(store, [&](const EventStored& notice) {
      door.PassThrough();
      collector.Add(notice);
    });
    const auto other = MustSubscribe(store, calm.Callback());
    std::vector<Event> events;
    std::atomic<int> calls = 0;  // that have come back
    std::atomic<bool> finished = false;
    std::exception_ptr failure;
    std::thread writer([&] {
      try {
        for (int version = 1; version <= 300; ++version) {
          events.push_back(t.NewEvent(actor, version));
          store.MustSave(events.back());
          ++calls;
          // From the second save on somebody blocks.
          if (version == 1 && !t.WaitFor([&] { return door.SomebodyWaits(); })) {
            throw Failure("no notice reaches the subscriber", "a notice in time", "none");
          }
          if (version % 50 == 0) store.MustHaveLatest(actor, version);
        }
        (void)store.MustRead(actor);
      } catch (...) {
        failure = std::current_exception();
      }
      finished = true;
    });
    // Slow is not blocked: only when no call comes back any more saves are held up.
    bool held_up = false;
    for (int seen = -1; !finished && !held_up;) {
      seen = calls;
      held_up = !t.WaitFor([&] { return finished || calls != seen; });
    }
    const bool others_served = held_up || failure || t.WaitFor([&] { return calm.Has(events.back()); });
    door.Open();
    writer.join();
    if (failure) std::rethrow_exception(failure);
    if (held_up) throw Failure("a blocked subscriber holds up saves", "saves finish", "they wait for it");
    if (!others_served)
      throw Failure("a blocked subscriber holds up another one", "its notices come", "they wait");
    Fence(t, store, actor, collector, &events);
    RequireVersions(events, collector.Of(actor));
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
    RequireVersions(events, calm.Of(actor));
    (void)t.WaitFor([&] { return throwing.Has(events.back()); });
    RequireVersions(events, throwing.Of(actor));
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
