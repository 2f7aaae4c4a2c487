// The race in which a save comes too late.
//
// It shows in a store that checks a version in one step and appends in another, with a key that refuses the
// same version twice: the writer of a lower version has looked before the higher one was there, and appends
// after it. Both are acknowledged and both are read, so only somebody who has looked between the two can
// tell. Therefore each writer reads as soon as it has its acknowledgement, in half of the rounds somebody
// reads all the time, and the lower version starts later than the others, by as much as a save on this
// store takes: they meet whether that is a microsecond or some milliseconds.

#include "late_saves.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "racing.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr std::size_t kHandles = 4;
// An actor is used for so many rounds: its first event is raced for too, and streams stay short.
constexpr int kRoundsOfAnActor = 16;

// When a call was made, and by whom: finds it on the timeline again.
struct Span {
  int racer = 0;
  Clock::time_point start;
  Clock::time_point end;
};

struct Save {
  Event event;
  Nanoseconds delay{0};
  Span span;
  bool acknowledged = false;
  std::optional<StoreError> error;
};

struct Read {
  Span span;
  std::set<std::int64_t> versions;
};

bool Before(const Span& first, const Span& second) { return first.end < second.start; }

class LateSaves {
 public:
  explicit LateSaves(RuleRun* run) : random_(run->SeedOf(0)) {}

  // How long a save takes here when nothing else goes on.
  void Measure(Trial& t) {
    std::vector<Nanoseconds> times;
    const std::string actor = t.NewActor();
    for (std::int64_t version = 1; version <= 12; ++version) {
      const Event event = t.NewEvent(actor, version);
      Handle& store = t.store(t.offered().handles ? static_cast<std::size_t>(version) % kHandles : 0);
      const auto start = Clock::now();
      store.MustSave(event);
      times.push_back(Clock::now() - start);
    }
    std::nth_element(times.begin(), times.begin() + 6, times.end());
    typical_ = times[6];
  }

  void Round(Trial& t, int round) {
    if (round % kRoundsOfAnActor == 0) {
      actor_ = t.NewActor();
      latest_ = 0;
    }
    Plan(t, round % 3 == 2 ? 3 : 2);
    Race(t, t.offered().handles && round % 4 != 3, round % 2 == 1);
    const Read all = ReadAll(t);
    Judge(t, all);
    for (const Save& save : saves_) {
      if (save.error) ThrowIfNoWord(*save.error);
    }
    if (!all.versions.empty()) latest_ = *all.versions.rbegin();
  }

  Nanoseconds typical() const { return typical_; }

 private:
  // Versions with gaps, in any order of the racers; the lowest has to wait the longest.
  void Plan(Trial& t, std::size_t writers) {
    saves_.assign(writers, {});
    std::int64_t version = latest_;
    std::vector<Nanoseconds> delays(writers, Nanoseconds(0));
    for (std::size_t i = 1; i < writers; ++i) delays[i] = Delay();
    std::sort(delays.rbegin(), delays.rend());
    for (std::size_t i = 0; i < writers; ++i) {
      version += 1 + static_cast<std::int64_t>(random_() % 3);
      saves_[i].event = t.NewEvent(actor_, version);
      saves_[i].delay = delays[i];
    }
    std::shuffle(saves_.begin(), saves_.end(), random_);
  }

  // Up to twice the time of a save, half of them up to half of it.
  Nanoseconds Delay() {
    const double part = std::uniform_real_distribution<double>(0, 1)(random_);
    return Nanoseconds(static_cast<std::int64_t>(2 * part * part * static_cast<double>(typical_.count())));
  }

  void Race(Trial& t, bool handle_each, bool with_reader) {
    const std::size_t writers = saves_.size();
    std::vector<Handle*> handles;
    for (std::size_t i = 0; i <= writers; ++i) handles.push_back(&t.store(handle_each ? i : 0));
    reads_.assign(writers + 1, {});
    std::atomic<std::size_t> writing = writers;
    t.Race(static_cast<int>(writers) + (with_reader ? 1 : 0), [&](int racer) {
      const auto i = static_cast<std::size_t>(racer - 1);
      if (i == writers) {
        do {
          Look(*handles[i], racer);
          std::this_thread::yield();  // to a writer that shares the core
        } while (writing > 0);
        return;
      }
      const std::shared_ptr<void> at_the_end(nullptr, [&](void*) { --writing; });
      Write(*handles[i], racer);
    });
    for (const Save& save : saves_) typical_ += (save.span.end - save.span.start - typical_) / 16;
  }

  void Write(Handle& store, int racer) {
    Save& save = saves_[static_cast<std::size_t>(racer - 1)];
    Pause(save.delay);
    save.span.start = Clock::now();
    const auto saved = store.SaveEvent(save.event);
    save.span = {racer, save.span.start, Clock::now()};
    save.acknowledged = saved.has_value();
    if (saved) {
      Look(store, racer);
    } else {
      save.error = saved.error();
    }
  }

  // What is known to be stored at this moment. Keeps what differs from the look before.
  void Look(Handle& store, int racer) {
    auto& reads = reads_[static_cast<std::size_t>(racer - 1)];
    const auto start = Clock::now();
    const auto events = store.MustRead(actor_, latest_ + 1);
    const auto end = Clock::now();
    if (!reads.empty() && reads.back().versions.size() == events.size()) return;
    reads.push_back({{racer, start, end}, VersionsOf(events)});
  }

  Read ReadAll(Trial& t) {
    const auto start = Clock::now();
    const auto events = t.store().MustRead(actor_, latest_ + 1);
    return {{0, start, Clock::now()}, VersionsOf(events)};
  }

  static std::set<std::int64_t> VersionsOf(const std::vector<EventPtr>& events) {
    std::set<std::int64_t> versions;
    for (const EventPtr& event : events) versions.insert(event->version);
    return versions;
  }

  void Judge(Trial& t, const Read& all) {
    for (const Save& lower : saves_) {
      if (!all.versions.contains(lower.event.version)) continue;
      for (const Save& higher : saves_) {
        if (higher.event.version <= lower.event.version || !higher.acknowledged) continue;
        if (Before(higher.span, lower.span)) {
          Fail(t, lower, higher.event.version, "acknowledged", {higher.span, all.span});
        }
      }
      for (const auto& reads : reads_) {
        for (const Read& read : reads) JudgeRead(t, lower, read, all);
      }
    }
  }

  // `lower` is stored: whether `read`, which does not show it, was made behind a higher version.
  void JudgeRead(Trial& t, const Save& lower, const Read& read, const Read& all) {
    const std::int64_t version = lower.event.version;
    if (read.versions.contains(version)) return;
    // A read that lacks what was acknowledged before is the affair of READ-03 and READ-04.
    if (lower.acknowledged && Before(lower.span, read.span)) return;
    for (const Save& higher : saves_) {
      if (higher.event.version <= version) continue;
      const bool acknowledged = higher.acknowledged && Before(higher.span, read.span);
      if (!acknowledged && !read.versions.contains(higher.event.version)) continue;
      Fail(t, lower, higher.event.version, acknowledged ? "acknowledged" : "read",
           {higher.span, read.span, all.span});
    }
  }

  [[noreturn]] void Fail(Trial& t, const Save& lower, std::int64_t higher, const std::string& seen,
                         std::vector<Span> shown) {
    shown.push_back(lower.span);
    t.timeline().Keep([&](const Call& call) {
      return std::any_of(shown.begin(), shown.end(), [&](const Span& span) {
        return call.racer == span.racer && span.start <= call.start && call.end <= span.end;
      });
    });
    throw Failure("version " + std::to_string(lower.event.version) + " of " + Quote(actor_) +
                      " was stored when version " + std::to_string(higher) + " had been " + seen,
                  "version_conflict, with current version " + std::to_string(higher) + " or above",
                  lower.acknowledged ? "ok" : "stored all the same");
  }

  std::mt19937_64 random_;
  Nanoseconds typical_{0};  // of a save in these races, about
  std::string actor_;
  std::int64_t latest_ = 0;
  std::vector<Save> saves_;               // by racer
  std::vector<std::vector<Read>> reads_;  // by racer
};

}  // namespace

void TryLateSaves(RuleRun& run) {
  LateSaves late(&run);
  run.Once([&](Trial& t) { late.Measure(t); });
  // Slow stores get fewer rounds, not a longer run.
  constexpr int kLeast = 100;
  const int rounds = run.Scaled(2000);
  const auto end = Clock::now() + std::chrono::milliseconds(run.Scaled(20'000));
  int done = 0;
  for (; done < rounds && (done < kLeast || Clock::now() < end); ++done) {
    run.Once([&](Trial& t) { late.Round(t, done); });
  }
  if (done == rounds) return;
  run.result().message = std::to_string(done) + " of " + std::to_string(rounds) + " rounds: a save takes " +
                         std::to_string(late.typical() / std::chrono::microseconds(1)) + " microseconds";
}

}  // namespace aether::conformance
