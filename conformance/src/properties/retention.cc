// RET: expiry, where a store has it.

#include <algorithm>
#include <chrono>

#include "properties.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kAge = std::chrono::milliseconds(1000);
constexpr auto kPatience = std::chrono::seconds(30);

// RET-01: what a read gives is always a suffix of what was saved, and whatever is certainly younger than
// the age is in it.
void ExpiryIsByAgeOldestFirst(RuleRun& run) {
  run.Once([](Trial& t) {
    t.Fresh();
    Handle& store = t.OpenWithRetention(kAge);
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    std::vector<Clock::time_point> saved_at;
    const auto save = [&] {
      events.push_back(t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1));
      saved_at.push_back(Clock::now());
      store.MustSave(events.back());
    };
    for (int i = 0; i < 5; ++i) save();
    const bool expired = t.WaitFor(
        [&] {
          if (Clock::now() - saved_at.back() > kAge / 4) save();
          const auto now_events = store.MustRead(actor);
          const auto young = Clock::now() - kAge;
          const std::size_t gone = events.size() - std::min(events.size(), now_events.size());
          RequireEqual({events.begin() + static_cast<std::ptrdiff_t>(gone), events.end()}, now_events,
                       actor);
          for (std::size_t i = 0; i < gone; ++i) {
            if (saved_at[i] > young) {
              throw Failure("an event expired before its age",
                            "kept for " + std::to_string(kAge.count()) + " ms",
                            "version " + std::to_string(events[i].version) + " is gone");
            }
          }
          return gone >= 5;
        },
        kPatience);
    if (!expired) throw Inconclusive("nothing expired within 30 s");
    t.Fresh();
  });
}

// RET-02
void ExpiryKeepsTheLatestVersion(RuleRun& run) {
  run.Once([](Trial& t) {
    t.Fresh();
    const std::string actor = t.NewActor();
    const auto await_expiry = [&](Handle& store) {
      if (!t.WaitFor([&] { return store.MustRead(actor).empty(); }, kPatience)) {
        throw Inconclusive("nothing expired within 30 s");
      }
    };
    {
      Handle& store = t.OpenWithRetention(kAge);
      t.SaveMany(store, actor, 3);
      await_expiry(store);
      t.Remark("all three events have expired");
      store.MustHaveLatest(actor, 3);
      for (const std::int64_t version : {1, 3}) store.MustRefuse(t.NewEvent(actor, version), 3);
    }
    // A counter that lives in the handle is right until here.
    t.Reopen();
    Handle& store = t.OpenWithRetention(kAge);
    store.MustHaveLatest(actor, 3);
    store.MustRefuse(t.NewEvent(actor, 3), 3);
    store.MustSave(t.NewEvent(actor, 4));
    store.MustHaveLatest(actor, 4);
    // The handle that saved the last event goes on where that has expired.
    await_expiry(store);
    store.MustSave(t.NewEvent(actor, 5));
    store.MustHaveLatest(actor, 5);
    t.Fresh();
  });
}

constexpr Property kProperties[] = {{"RET-01", ExpiryIsByAgeOldestFirst},
                                    {"RET-02", ExpiryKeepsTheLatestVersion}};

}  // namespace

std::span<const Property> RetentionProperties() { return kProperties; }

}  // namespace aether::conformance
