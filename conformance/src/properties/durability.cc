// DUR: what is left when a process dies, and when the power goes.

#include <chrono>

#include "faults/chance.h"
#include "faults/cutter.h"
#include "patiently.h"
#include "properties.h"
#include "racing.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

// ---- DUR-01, DUR-03

// What is known from one crash to the next.
struct Crashes {
  std::vector<Ledger> ledgers;
  std::string location;
  std::unique_ptr<FaultLog>
      no_syncs;  // what the system was given survives a process, so that no disk is waited for
  std::chrono::nanoseconds open_time{0};

  void Begin(RuleRun& run, Trial& t) {
    location = t.Location();
    if (!run.offered().watched) return;
    no_syncs = std::make_unique<FaultLog>(location);
    no_syncs->SkipSyncs();
  }
};

void ReadAll(Trial& t, Peer& peer, std::vector<Ledger>* ledgers, const std::string& when) {
  for (Ledger& ledger : *ledgers) {
    const PeerCall read = ReadOf(ledger);
    peer.Start({{read}});
    const auto answer = peer.Next();
    if (!answer || peer.Next()) throw Inconclusive("the other process ended before it was killed");
    t.Note(read, *answer);
    if (answer->error) {
      ThrowIfNoWord(*answer->error);
      throw Failure(when + " a read failed", "success", Describe(*answer->error));
    }
    RequireSurvived(&ledger, *answer, when);
  }
}

// Another process on the storage. One that was killed may keep it for a moment.
std::unique_ptr<Peer> OpenAfterACrash(RuleRun& run, Trial& t, Crashes* crashes) {
  auto opened = Patiently(run.settings().patience, [&]() -> Result<std::unique_ptr<Peer>> {
    auto peer = Peer::Launch(run.subject(), crashes->location, crashes->no_syncs.get());
    const auto start = Clock::now();
    if (const auto open = peer->WaitUntilOpen(); !open) return open.error();
    crashes->open_time = Clock::now() - start;
    return peer;
  });
  if (!opened) {
    throw Failure("after the death of the writer the storage does not open", "an open store",
                  Describe(opened.error()));
  }
  t.Remark("another process opens the storage");
  return *std::move(opened);
}

void KillWhileOpening(RuleRun& run, Trial& t, const Crashes& crashes, int round) {
  auto peer = Peer::Launch(run.subject(), crashes.location, crashes.no_syncs.get());
  Spin(crashes.open_time * (round * 29 % 100) / 100);
  peer->Kill();
  t.Remark("another process is killed while it opens the storage");
  t.CountCases(1);
  t.Count("writers killed while opening");
}

void KillWhileSaving(Trial& t, Peer& peer, Crashes* crashes, int round) {
  constexpr int kSaves = 200;
  Writing writing(&t);
  writing.AddBatch(&crashes->ledgers, kSaves, 0, static_cast<std::uint64_t>(round));
  writing.Start(peer);
  const auto take = [&](const PeerAnswer& answer) {
    writing.Take(answer);
    writing.Settle(answer, &crashes->ledgers);
  };
  // Early, late, and in between; and some time after the answer, to meet the next call in its midst.
  const std::size_t enough = static_cast<std::size_t>(round * 53 % 150);
  while (writing.answered() < enough) {
    const auto answer = peer.Next();
    if (!answer) throw Inconclusive("the other process ended before it was killed");
    take(*answer);
  }
  Spin(std::chrono::microseconds(round * 37 % 300));
  peer.Kill();
  while (const auto answer = peer.Next()) take(*answer);
  t.Remark("the other process is killed");
  t.Count("writers killed while saving");
  t.Count("saves answered", static_cast<double>(writing.answered()));
}

void SurviveCrashes(RuleRun& run, Kept kept) {
  constexpr int kOnOneStorage = 40;  // then it is too large to be read after each crash
  Crashes crashes;
  run.Rounds(run.Scaled(40, 12), [&](Trial& t, int round) {
    const int crash = round % kOnOneStorage;
    if (crash == 0) {
      t.Fresh();
      crashes.ledgers = NewLedgers(t, 3, kept);
      crashes.Begin(run, t);
    }
    const std::string when = "after " + std::to_string(crash) + " deaths of writers";
    if (round % 3 != 0) KillWhileOpening(run, t, crashes, round);
    const auto peer = OpenAfterACrash(run, t, &crashes);
    ReadAll(t, *peer, &crashes.ledgers, when);
    KillWhileSaving(t, *peer, &crashes, round);
  });
}

void AcknowledgedEventsSurviveCrashes(RuleRun& run) { SurviveCrashes(run, Kept::kEvents); }
void AcknowledgedSnapshotsSurviveCrashes(RuleRun& run) { SurviveCrashes(run, Kept::kSnapshots); }

// ---- DUR-02, DUR-04

void SurvivePowerLoss(RuleRun& run, Kept kept) {
  constexpr int kStates = 60;  // of a writer
  constexpr int kDeaths = 4;   // and fewer states of each
  run.Rounds(run.Scaled(5, 2), [&](Trial& t, int round) {
    t.Fresh();
    Judge judge(&t, &run.subject());
    const Remains fresh{DiskImage::Read(t.Location()), NewLedgers(t, round % 3 + 1, kept)};
    Remains remains = fresh;
    // The second writer begins with what the first one's power cut left: recovery is cut as well.
    for (int life = 0; life < 2; ++life) {
      WatchedWriter writer(&run, &t, remains.image);
      writer.Live(&remains.ledgers, round);
      writer.RequireWholeLog();
      t.Count("file operations recorded", static_cast<double>(writer.operations().size()));
      remains = Cutter(&run, &t, &judge).TryStates(writer, remains, kStates);
    }
    // A writer's death leaves to the next one what was not synced. Many die while the storage is made.
    for (int death = 0; death < kDeaths; ++death) {
      const bool makes = death % 2 == 0;
      Remains before = makes ? fresh : remains;
      const auto call = static_cast<std::uint64_t>(round * kDeaths + death) / 2;
      WatchedWriter writer(&run, &t, before.image);
      writer.DieAndBeFollowed(
          &before.ledgers, round,
          static_cast<std::uint32_t>(makes ? call % 8 : Chance(run.SeedOf(0), call) % 20));
      writer.RequireWholeLog();
      t.Count("writers that died before the power was cut");
      (void)Cutter(&run, &t, &judge).TryStates(writer, before, kStates / 2);
    }
  });
}

void AcknowledgedEventsSurvivePowerLoss(RuleRun& run) { SurvivePowerLoss(run, Kept::kEvents); }
void AcknowledgedSnapshotsSurvivePowerLoss(RuleRun& run) { SurvivePowerLoss(run, Kept::kSnapshots); }

// ---- DUR-05

// Writers in two processes: each has an actor of its own, and versions of one that both save for.
class TwoWriters {
 public:
  explicit TwoWriters(Trial* t) : t_(t), ledgers_(NewLedgers(*t, 3)) {
    for (std::size_t i = 0; i < 2; ++i) {
      calls_[i].resize(2);
      for (int n = 0; n < kSaves; ++n) calls_[i][0].push_back(Plan(&ledgers_[i]));
    }
    for (std::size_t n = 0; n < 2 * kSaves; ++n) calls_[n % 2][1].push_back(Plan(&ledgers_[2]));
  }

  void Start(Peer& peer, std::size_t writer) { peer.Start(calls_[writer]); }

  // False when there are no more answers.
  bool Take(Peer& peer, std::size_t writer) {
    const auto answer = peer.Next();
    if (!answer) return false;
    const PeerCall& call = calls_[writer][answer->list][answer->call];
    t_->Note(call, *answer);
    Ledger& ledger = answer->list == 0 ? ledgers_[writer] : ledgers_[2];
    ++answered_;
    if (!answer->error) {
      ledger.Acknowledge(call.event.version);
      return true;
    }
    ThrowIfNoWord(*answer->error);
    const bool shared = answer->list == 1;  // the other one may have been there with a higher version
    if (!shared || answer->error->code() != ErrorCode::kVersionConflict) {
      throw Failure("a save failed", "ok", Describe(*answer->error));
    }
    ledger.Refuse(call.event.version);
    return true;
  }

  int answered() const { return answered_; }
  std::vector<Ledger>* ledgers() { return &ledgers_; }

 private:
  static constexpr int kSaves = 100;

  PeerCall Plan(Ledger* ledger) {
    PeerCall call;
    call.event = t_->NewEvent(ledger->actor_id(), ledger->NextVersion());
    ledger->Plan(call.event);
    return call;
  }

  Trial* t_;
  std::vector<Ledger> ledgers_;
  std::vector<std::vector<PeerCall>> calls_[2];
  int answered_ = 0;
};

void WritersGoOnBesideADeath(RuleRun& run) {
  run.Rounds(run.Scaled(20, 8), [&](Trial& t, int round) {
    Crashes crashes;
    crashes.Begin(run, t);
    const auto one = OpenAfterACrash(run, t, &crashes);
    const auto other = OpenAfterACrash(run, t, &crashes);
    TwoWriters writers(&t);
    writers.Start(*one, 0);
    writers.Start(*other, 1);
    const int enough = round * 53 % 150;
    while (writers.answered() < enough && writers.Take(*one, 0)) {
    }
    Spin(std::chrono::microseconds(round * 37 % 300));
    one->Kill();
    t.Remark("one of the two processes is killed");
    while (writers.Take(*one, 0)) {
    }
    while (writers.Take(*other, 1)) {
    }
    if (other->ended()) throw Inconclusive("the other process ended");
    ReadAll(t, *other, writers.ledgers(), "beside the death of a writer");
    const auto third = OpenAfterACrash(run, t, &crashes);
    ReadAll(t, *third, writers.ledgers(), "after the death of a writer");
  });
}

constexpr Property kProperties[] = {
    {"DUR-01", AcknowledgedEventsSurviveCrashes},
    {"DUR-02", AcknowledgedEventsSurvivePowerLoss},
    {"DUR-03", AcknowledgedSnapshotsSurviveCrashes},
    {"DUR-04", AcknowledgedSnapshotsSurvivePowerLoss},
    {"DUR-05", WritersGoOnBesideADeath},
};

}  // namespace

std::span<const Property> DurabilityProperties() { return kProperties; }

}  // namespace aether::conformance
