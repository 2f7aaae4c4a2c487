// PROC: two processes on one storage, and the death of one.

#include <rapidcheck.h>

#include <algorithm>

#include "concurrent_history.h"
#include "generators.h"
#include "properties.h"
#include "racing.h"

namespace aether::conformance {

namespace {

PeerCall Save(const Event& event) {
  PeerCall call;
  call.event = event;
  return call;
}

PeerCall Read(PeerCall::Kind kind, const std::string& actor) {
  PeerCall call;
  call.kind = kind;
  call.event.actor_id = actor;
  return call;
}

// Makes one call in the other process and notes the answer.
PeerAnswer Ask(Trial& t, const PeerCall& call) {
  t.peer().Start({{call}});
  return t.Answer(call);
}

void RequireOneWinner(const Event& event, const std::optional<StoreError>& mine,
                      const std::optional<StoreError>& theirs) {
  for (const auto& error : {mine, theirs}) {
    if (!error) continue;
    ThrowIfNoWord(*error);
    if (error->code() != ErrorCode::kVersionConflict) {
      throw Failure("a lost race was told as another error", "version_conflict", Describe(*error));
    }
  }
  if (mine.has_value() != theirs.has_value()) return;
  throw Failure(
      "two processes raced for version " + std::to_string(event.version) + " of " + Quote(event.actor_id),
      "exactly one of them wins", mine ? "none was acknowledged" : "both were acknowledged");
}

// PROC-01
void OneWinnerBetweenProcesses(RuleRun& run) {
  run.Rounds(run.Scaled(1000, 100), [](Trial& t, int round) {
    Handle& store = t.store();
    Peer& peer = t.peer();
    const std::string actor = t.NewActor();
    auto events = t.SaveMany(store, actor, round % 2);
    const Event mine = t.NewEvent(actor, round % 2 + 1);
    PeerCall theirs = Save(t.NewEvent(actor, round % 2 + 1));
    theirs.meeting = peer.NextMeeting(2);
    theirs.spin_ns = round % 4 == 3 ? round * 7919 % 3000 : 0;
    peer.Start({{theirs}});
    Result<void> saved;
    t.Race(1, [&](int) {
      peer.Meet(theirs.meeting);
      saved = store.SaveEvent(mine);
    });
    const PeerAnswer answer = t.Answer(theirs);
    RequireOneWinner(mine, saved ? std::nullopt : std::optional(saved.error()), answer.error);
    events.push_back(saved ? mine : theirs.event);
    store.MustReadAs(actor, events);
  });
}

// PROC-02
void ProcessesSeeEachOthersSaves(RuleRun& run) {
  run.ForAll(60, [](Trial& t) {
    Handle& store = t.store();
    (void)t.peer();
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    const int count = *rc::gen::inRange(1, 8);
    for (int version = 1; version <= count; ++version) {
      const bool theirs = *rc::gen::arbitrary<bool>();
      const bool read_first = *rc::gen::arbitrary<bool>();
      const Event event = t.NewEvent(actor, version);
      const Event stale = t.NewEvent(actor, version);
      if (theirs) {
        if (const auto answer = Ask(t, Save(event)); answer.error) {
          ThrowIfNoWord(*answer.error);
          throw Failure("a save in the other process failed", "ok", Describe(*answer.error));
        }
        // The version check has to look for itself: half of the times nothing was read before it.
        if (read_first) store.MustHaveLatest(actor, version);
        (void)store.MustRefuse(stale);
      } else {
        store.MustSave(event);
        if (read_first) {
          const auto latest = Ask(t, Read(PeerCall::Kind::kLatest, actor));
          if (!latest.error && latest.latest != version) {
            throw Failure("another process does not see the save", std::to_string(version),
                          std::to_string(latest.latest));
          }
        }
        const auto refused = Ask(t, Save(stale));
        if (!refused.error)
          throw Failure("another process saved the same version", "version_conflict", "ok");
        ThrowIfNoWord(*refused.error);
      }
      events.push_back(event);
    }
    store.MustReadAs(actor, events);
    const auto read = Ask(t, Read(PeerCall::Kind::kRead, actor));
    if (read.error) {
      ThrowIfNoWord(*read.error);
      throw Failure("a read in the other process failed", "success", Describe(*read.error));
    }
    RequireEqual(events, read.events, actor);
  });
}

// What one thread of the writer has to do, and how far it came.
struct Writing {
  std::string actor;
  std::vector<Event> planned;
  std::size_t acknowledged = 0;
};

// That `events` are the first of those that were planned: all that were acknowledged, and at most the one
// that had no answer when the process died.
void RequireIntact(const Writing& writing, const std::vector<EventPtr>& events) {
  if (events.size() < writing.acknowledged || events.size() > writing.acknowledged + 1) {
    throw Failure(
        "after the death of the writer the stream of " + Quote(writing.actor) + " has another length",
        std::to_string(writing.acknowledged) + " acknowledged events, and perhaps the next",
        DescribeVersions(events));
  }
  const std::vector<Event> expected(writing.planned.begin(),
                                    writing.planned.begin() + static_cast<std::ptrdiff_t>(events.size()));
  RequireEqual(expected, events, writing.actor);
}

void RequireSurvived(Trial& t, const Writing& writing) {
  auto events = t.store().MustRead(writing.actor);
  RequireIntact(writing, events);
  const auto seen = static_cast<std::int64_t>(events.size());
  const auto latest = t.store().GetLatestVersion(writing.actor);
  if (!latest) {
    ThrowIfNoWord(latest.error());
    throw Failure("a read failed", "success", Describe(latest.error()));
  }
  // A server goes on with what it was sent: the save without an answer may be done now, or after this.
  // Behind a higher version it is done or it never will be.
  const auto unanswered = static_cast<std::int64_t>(writing.acknowledged) + 1;
  if (*latest < seen || *latest > unanswered) {
    throw Failure("the latest version of " + Quote(writing.actor) + " is wrong", std::to_string(seen),
                  std::to_string(*latest));
  }
  const Event next = t.NewEvent(writing.actor, unanswered + 1);
  t.store().MustSave(next);
  events = t.store().MustRead(writing.actor);
  if (events.empty() || events.back()->version != next.version) {
    throw Failure("a save after the death of the writer is not the last event",
                  std::to_string(next.version), DescribeVersions(events));
  }
  RequireEqual({next}, {events.back()}, writing.actor);
  events.pop_back();
  RequireIntact(writing, events);
  if (static_cast<std::int64_t>(events.size()) < *latest) {
    throw Failure("an event that was there after the death of the writer is gone", std::to_string(*latest),
                  DescribeVersions(events));
  }
  t.store().MustHaveLatest(writing.actor, next.version);
}

// PROC-04
void AcknowledgedEventsSurviveADeath(RuleRun& run) {
  constexpr int kThreads = 3;
  constexpr int kEach = 400;
  const int rounds = run.Scaled(40, 8);
  run.Rounds(rounds, [&](Trial& t, int round) {
    t.CloseAll();
    Peer& peer = t.peer();
    std::vector<Writing> writings(kThreads);
    std::vector<std::vector<PeerCall>> lists(kThreads);
    for (std::size_t i = 0; i < kThreads; ++i) {
      writings[i].actor = t.NewActor();
      for (int version = 1; version <= kEach; ++version) {
        writings[i].planned.push_back(t.NewEvent(writings[i].actor, version));
        lists[i].push_back(Save(writings[i].planned.back()));
      }
    }
    peer.Start(lists);
    // Early, late, and in between; and some time after the answer, to meet the next call in its midst.
    const int enough = 1 + round * 53 % 200;
    int answered = 0;
    const auto take = [&](const PeerAnswer& answer) {
      Writing& writing = writings[answer.list];
      const PeerCall& call = lists[answer.list][answer.call];
      t.Note(call, answer);
      if (answer.error) {
        ThrowIfNoWord(*answer.error);
        throw Failure("a save failed", "ok", Describe(*answer.error));
      }
      writing.acknowledged = answer.call + 1;
      ++answered;
    };
    while (answered < enough) {
      const auto answer = peer.Next();
      if (!answer) throw Inconclusive("the other process ended before it was killed");
      take(*answer);
    }
    Spin(std::chrono::microseconds(round * 37 % 300));
    peer.Kill();
    while (const auto answer = peer.Next()) take(*answer);
    t.Remark("the other process is killed");
    try {
      (void)t.store();
    } catch (const AdapterError& error) {
      throw Failure("after the death of the writer the storage does not open", "an open store",
                    error.what());
    }
    for (const Writing& writing : writings) RequireSurvived(t, writing);
  });
}

// PROC-03
void ProcessesAreLinearizable(RuleRun& run) { TryHistories(run, Sharing::kProcesses); }

// ---- PROC-05

void MustSaveThere(Trial& t, Peer& peer, const Event& event) {
  const PeerCall save = Save(event);
  peer.Start({{save}});
  const auto answer = peer.Next();
  if (!answer || peer.Next()) throw Inconclusive("the other process ended");
  t.Note(save, *answer);
  if (!answer->error) return;
  ThrowIfNoWord(*answer->error);
  throw Failure("a save in a process that has the storage open fails", "ok", Describe(*answer->error));
}

std::vector<EventPtr> MustReadThere(Trial& t, Peer& peer, const std::string& actor) {
  const PeerCall read = Read(PeerCall::Kind::kRead, actor);
  peer.Start({{read}});
  const auto answer = peer.Next();
  if (!answer || peer.Next()) throw Inconclusive("the other process ended");
  t.Note(read, *answer);
  if (answer->error) {
    ThrowIfNoWord(*answer->error);
    throw Failure("a read in a process that has the storage open fails", "success",
                  Describe(*answer->error));
  }
  return answer->events;
}

// Both of them save in turn, and see what the other has saved.
void RequireOneStorage(Trial& t, Peer& first, Peer& second, const std::string& actor,
                       std::vector<Event>* events) {
  for (int i = 0; i < 4; ++i) {
    Peer& writer = i % 2 == 0 ? second : first;
    events->push_back(t.NewEvent(actor, static_cast<std::int64_t>(events->size()) + 1));
    MustSaveThere(t, writer, events->back());
    for (Peer* reader : {&first, &second}) RequireEqual(*events, MustReadThere(t, *reader, actor), actor);
  }
}

void RequireRefusal(const StoreError& error) {
  if (error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kStorageFailed) return;
  throw Failure("a process that is not let in beside another is not told so",
                "unavailable or storage_failed", Describe(error));
}

void ASecondProcessIsLetInOrRefused(RuleRun& run) {
  run.Rounds(run.Scaled(10, 4), [&](Trial& t, int round) {
    t.Fresh();
    const std::string location = t.Location();
    const std::string actor = t.NewActor();
    auto first = Peer::Launch(run.subject(), location);
    if (const auto opened = first->WaitUntilOpen(); !opened) {
      throw Inconclusive("another process does not open the storage: " + Describe(opened.error()));
    }
    std::vector<Event> events;
    for (int version = 1; version <= round % 3 * 2; ++version) {
      events.push_back(t.NewEvent(actor, version));
      MustSaveThere(t, *first, events.back());
    }
    t.Remark("a second process opens the storage");
    auto second = Peer::Launch(run.subject(), location);
    const auto let_in = second->WaitUntilOpen();
    if (let_in) {
      RequireOneStorage(t, *first, *second, actor, &events);
    } else {
      t.Remark("it is refused: " + Describe(let_in.error()));
      RequireRefusal(let_in.error());
    }
    // The first one goes on, and what it saves is there when both are gone.
    for (int i = 0; i < 3; ++i) {
      events.push_back(t.NewEvent(actor, static_cast<std::int64_t>(events.size()) + 1));
      MustSaveThere(t, *first, events.back());
      RequireEqual(events, MustReadThere(t, *first, actor), actor);
    }
    second.reset();
    if (round % 2 == 0) first->Kill();
    first.reset();
    t.Remark("both processes are gone");
    t.store().MustReadAs(actor, events);
    t.CloseAll();
  });
}

constexpr Property kProperties[] = {
    {"PROC-01", OneWinnerBetweenProcesses},      {"PROC-02", ProcessesSeeEachOthersSaves},
    {"PROC-03", ProcessesAreLinearizable},       {"PROC-04", AcknowledgedEventsSurviveADeath},
    {"PROC-05", ASecondProcessIsLetInOrRefused},
};

}  // namespace

std::span<const Property> ProcessProperties() { return kProperties; }

}  // namespace aether::conformance
