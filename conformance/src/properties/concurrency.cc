// CON: optimistic concurrency, conflicts and races.

#include <rapidcheck.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "generators.h"
#include "late_saves.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// What came of the saves of a race.
class Outcomes {
 public:
  void Note(const Event& event, const Result<void>& result) {
    const std::lock_guard lock(mutex_);
    if (result) {
      stored_.push_back(event);
    } else {
      refused_.push_back({event, result.error()});
    }
  }

  // The acknowledged events, ascending by version.
  std::vector<Event> Stored() const {
    std::vector<Event> stored = stored_;
    std::stable_sort(stored.begin(), stored.end(),
                     [](const Event& a, const Event& b) { return a.version < b.version; });
    return stored;
  }

  // Every refusal has to be a version conflict that names a current version not below the attempted one.
  void RequireConflicts() const {
    for (const auto& [event, error] : refused_) {
      ThrowIfNoWord(error);
      if (error.code() != ErrorCode::kVersionConflict || !error.conflict()) {
        throw Failure("a lost race was told as another error", "version_conflict", Describe(error));
      }
      if (error.conflict()->current_version < event.version) {
        throw Failure("a conflict names a current version below the attempted one",
                      std::to_string(event.version) + " or above",
                      std::to_string(error.conflict()->current_version));
      }
    }
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Event> stored_;
  std::vector<std::pair<Event, StoreError>> refused_;
};

// CON-01
void StaleSavesAreRefused(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::int64_t latest = 0;
    for (const std::int64_t version : *gen::RisingVersions(6)) {
      if (Saves(t.store(), t.NewEvent(actor, version))) latest = version;
    }
    const auto stale = *rc::gen::oneOf(rc::gen::just(latest), rc::gen::just(latest - 1),
                                       rc::gen::inRange<std::int64_t>(-2, latest + 1));
    (void)t.store().MustRefuse(t.NewEvent(actor, stale));
  });
  // Beyond the first page of whatever the check looks through.
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, 300);
    for (const std::int64_t stale : {1, 64, 65, 256, 257, 299, 300}) {
      (void)t.store().MustRefuse(t.NewEvent(actor, stale));
    }
  });
}

// CON-02
void ConflictsNameAllThree(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::int64_t latest = 0;
    for (const std::int64_t version : *gen::RisingVersions(6)) {
      if (Saves(t.store(), t.NewEvent(actor, version))) latest = version;
    }
    const auto attempted = *rc::gen::inRange<std::int64_t>(-2, latest + 1);
    const VersionConflict expected = {actor, attempted, latest};
    const auto conflict = ConflictOf(t.store(), t.NewEvent(actor, attempted));
    if (!conflict || *conflict == expected) return;
    const auto show = [](const VersionConflict& c) {
      return "actor " + Quote(c.actor_id) + ", attempted " + std::to_string(c.attempted_version) +
             ", current " + std::to_string(c.current_version);
    };
    throw Failure("the version conflict is filled wrongly", show(expected), show(*conflict));
  });
}

// CON-03
void ConflictsLeaveNoTrace(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(0, 5));
    const auto latest = static_cast<std::int64_t>(events.size());
    const int conflicts = *rc::gen::inRange(1, 4);
    for (int i = 0; i < conflicts; ++i) {
      const auto stale = *rc::gen::inRange<std::int64_t>(-2, latest + 1);
      if (t.store().SaveEvent(t.NewEvent(actor, stale))) return;  // accepted: CON-01's affair
      t.store().MustHaveLatest(actor, latest);
    }
    events.push_back(t.NewEvent(actor, latest + 1));
    t.store().MustSave(events.back());
    t.store().MustHaveLatest(actor, latest + 1);
    t.store().MustReadAs(actor, events);
  });
  // A trace that only shows once the storage is read again.
  run.ForAll(5, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 4));
    const auto latest = static_cast<std::int64_t>(events.size());
    if (t.store().SaveEvent(t.NewEvent(actor, latest))) return;  // accepted: CON-01's affair
    t.Reopen();
    t.store().MustHaveLatest(actor, latest);
    t.store().MustReadAs(actor, events);
  });
}

// CON-04
void HigherVersionsAreStoredInARace(RuleRun& run) {
  const int rounds = run.Scaled(1000, 100);
  run.Rounds(rounds, [&](Trial& t, int round) {
    Handle& store = t.store();
    const std::string actor = t.NewActor();
    auto before = t.SaveMany(store, actor, round % 3);
    const auto latest = static_cast<std::int64_t>(before.size());
    std::vector<Event> racing;
    for (const std::int64_t step : {1, 3, 5}) racing.push_back(t.NewEvent(actor, latest + step));
    Outcomes outcomes;
    t.Race(3, [&](int racer) {
      const Event& event = racing[static_cast<std::size_t>(racer - 1)];
      outcomes.Note(event, store.SaveEvent(event));
    });
    outcomes.RequireConflicts();
    const auto stored = outcomes.Stored();
    if (stored.empty() || stored.back().version != latest + 5) {
      throw Failure("the racing save of the highest version was refused", "ok", "version_conflict");
    }
    before.insert(before.end(), stored.begin(), stored.end());
    store.MustReadAs(actor, before);
  });
}

// Rounds in which `writers` race for one version of an actor that has `existing` events.
void RaceForOneVersion(RuleRun& run, int standard_rounds, std::int64_t existing, bool handle_each) {
  const int rounds = run.Scaled(standard_rounds, 500);
  run.Rounds(rounds, [&](Trial& t, int round) {
    const int writers = round % 4 == 3 ? 8 : 2;
    const std::string actor = t.NewActor();
    auto before = t.SaveMany(t.store(), actor, existing);
    std::vector<Event> racing;
    for (int i = 0; i < writers; ++i) racing.push_back(t.NewEvent(actor, existing + 1));
    std::vector<Handle*> handles;
    for (int i = 0; i < writers; ++i) {
      handles.push_back(&t.store(handle_each ? static_cast<std::size_t>(i % 4) : 0));
    }
    Outcomes outcomes;
    t.Race(writers, [&](int racer) {
      const auto i = static_cast<std::size_t>(racer - 1);
      outcomes.Note(racing[i], handles[i]->SaveEvent(racing[i]));
    });
    const auto stored = outcomes.Stored();
    if (stored.size() < 2) outcomes.RequireConflicts();  // two winners are wrong whatever the others got
    if (stored.size() != 1) {
      throw Failure("writers raced for version " + std::to_string(existing + 1) + " of " + Quote(actor),
                    "exactly one of " + std::to_string(writers) + " wins",
                    std::to_string(stored.size()) + " were acknowledged");
    }
    before.push_back(stored[0]);
    t.store().MustReadAs(actor, before);
  });
}

// CON-05
void OneWinnerOnAnActor(RuleRun& run) { RaceForOneVersion(run, 1500, 1, false); }
// CON-06
void OneWinnerOnAFreshActor(RuleRun& run) { RaceForOneVersion(run, 1500, 0, false); }
// CON-07
void OneWinnerThroughHandles(RuleRun& run) {
  RaceForOneVersion(run, 800, 1, true);
  RaceForOneVersion(run, 800, 0, true);
}

// CON-08
void ReloadAndRetryLosesNothing(RuleRun& run) {
  const int rounds = run.Scaled(15, 3);
  run.Rounds(rounds, [&](Trial& t, int) {
    constexpr int kWriters = 4;
    constexpr int kEach = 10;
    Handle& store = t.store();
    const std::string actor = t.NewActor();
    std::vector<std::vector<Event>> wanted(kWriters);
    for (auto& events : wanted) {
      for (int i = 0; i < kEach; ++i) events.push_back(t.NewEvent(actor, 0));
    }
    t.Race(kWriters, [&](int racer) {
      for (Event& event : wanted[static_cast<std::size_t>(racer - 1)]) {
        // Each lost try means that another writer won: kWriters * kEach wins are all there are.
        for (int tries = 0;; ++tries) {
          event.version = store.MustLatest(actor) + 1;
          const auto saved = store.SaveEvent(event);
          if (saved) break;
          ThrowIfNoWord(saved.error());
          if (saved.error().code() != ErrorCode::kVersionConflict || !saved.error().conflict()) {
            throw Failure("a lost race was told as another error", "version_conflict",
                          Describe(saved.error()));
          }
          if (const auto current = saved.error().conflict()->current_version;
              store.MustLatest(actor) < current) {
            throw Failure("a conflict names a version that a read does not show yet",
                          "latest at least " + std::to_string(current), "a lower one");
          }
          if (tries > kWriters * kEach) {
            throw Failure("reload and retry does not end", "at most one retry for each other save",
                          std::to_string(tries) + " retries");
          }
        }
      }
    });
    std::vector<Event> all;
    for (const auto& events : wanted) all.insert(all.end(), events.begin(), events.end());
    std::sort(all.begin(), all.end(), [](const Event& a, const Event& b) { return a.version < b.version; });
    store.MustReadAs(actor, all);
  });
}

// CON-09
void AcknowledgedSavesAreThereExactlyOnce(RuleRun& run) {
  const int rounds = run.Scaled(20, 4);
  run.Rounds(rounds, [&](Trial& t, int) {
    constexpr int kWriters = 4;
    const std::vector<std::string> actors = {t.NewActor(), t.NewActor(), t.NewActor()};
    std::vector<std::vector<Event>> planned(kWriters);
    for (std::size_t writer = 0; writer < kWriters; ++writer) {
      for (int i = 1; i <= 12; ++i) {
        planned[writer].push_back(t.NewEvent(actors[(writer + static_cast<std::size_t>(i)) % 3], i));
      }
    }
    std::map<std::string, Outcomes> outcomes;
    for (const std::string& actor : actors) outcomes[actor];
    std::vector<Handle*> handles;
    for (std::size_t i = 0; i < kWriters; ++i) handles.push_back(&t.store(t.offered().handles ? i % 2 : 0));
    t.Race(kWriters, [&](int racer) {
      const auto i = static_cast<std::size_t>(racer - 1);
      for (const Event& event : planned[i]) {
        outcomes.at(event.actor_id).Note(event, handles[i]->SaveEvent(event));
      }
    });
    for (const std::string& actor : actors) {
      outcomes[actor].RequireConflicts();
      t.store().MustReadAs(actor, outcomes[actor].Stored());
    }
  });
  // Many saves that all have to succeed, since each writer has an actor of its own: for what is lost once
  // in a thousand.
  run.Rounds(run.Scaled(5, 3), [](Trial& t, int) {
    constexpr std::size_t kWriters = 4;
    std::vector<std::vector<Event>> planned(kWriters);
    for (auto& events : planned) {
      const std::string actor = t.NewActor();
      for (int version = 1; version <= 400; ++version) events.push_back(t.NewEvent(actor, version));
    }
    Handle& store = t.store();
    t.Race(kWriters, [&](int racer) {
      for (const Event& event : planned[static_cast<std::size_t>(racer - 1)]) store.MustSave(event);
    });
    for (const auto& events : planned) store.MustReadAs(events[0].actor_id, events);
  });
}

// CON-10
void HandlesSeeEachOthersSaves(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    // With gaps: a key of actor and version refuses the same version, and lets a lower one into a gap.
    for (const std::int64_t version : *gen::RisingVersions(9)) {
      const auto writer = *rc::gen::inRange<std::size_t>(0, 2);
      const std::int64_t before = events.empty() ? 0 : events.back().version;
      events.push_back(t.NewEvent(actor, version));
      t.store(writer).MustSave(events.back());
      const auto stale = *rc::gen::inRange<std::int64_t>(std::min(before + 1, version), version + 1);
      (void)t.store(1 - writer).MustRefuse(t.NewEvent(actor, stale));
    }
    t.store().MustReadAs(actor, events);
  });
}

// CON-11
void TheSameSaveAgainIsRefused(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const std::string actor = t.NewActor();
    const auto events = t.SaveMany(t.store(), actor, *rc::gen::inRange(1, 5));
    const std::size_t again = *rc::gen::inRange<std::size_t>(0, events.size());
    t.store().MustRefuse(events[again], events.back().version);
    t.store().MustReadAs(actor, events);
  });
}

// CON-12
void NothingIsStoredBehindAHigherVersion(RuleRun& run) { TryLateSaves(run); }

constexpr Property kProperties[] = {
    {"CON-01", StaleSavesAreRefused},
    {"CON-02", ConflictsNameAllThree},
    {"CON-03", ConflictsLeaveNoTrace},
    {"CON-04", HigherVersionsAreStoredInARace},
    {"CON-05", OneWinnerOnAnActor},
    {"CON-06", OneWinnerOnAFreshActor},
    {"CON-07", OneWinnerThroughHandles},
    {"CON-08", ReloadAndRetryLosesNothing},
    {"CON-09", AcknowledgedSavesAreThereExactlyOnce},
    {"CON-10", HandlesSeeEachOthersSaves},
    {"CON-11", TheSameSaveAgainIsRefused},
    {"CON-12", NothingIsStoredBehindAHigherVersion},
};

}  // namespace

bool Saves(Handle& store, const Event& event) {
  const auto saved = store.SaveEvent(event);
  if (!saved) ThrowIfNoWord(saved.error());
  return saved.has_value();
}

std::optional<VersionConflict> ConflictOf(Handle& store, const Event& stale) {
  const auto saved = store.SaveEvent(stale);
  if (saved) return std::nullopt;
  ThrowIfNoWord(saved.error());
  if (saved.error().code() != ErrorCode::kVersionConflict || !saved.error().conflict()) return std::nullopt;
  return *saved.error().conflict();
}

std::span<const Property> ConcurrencyProperties() { return kProperties; }

}  // namespace aether::conformance
