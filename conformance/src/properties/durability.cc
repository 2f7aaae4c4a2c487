// DUR: what is left when a process dies, and when the power goes.

#include <chrono>

#include "faults/cutter.h"
#include "patiently.h"
#include "properties.h"
#include "racing.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

// ---- DUR-01

// What is known from one crash to the next.
struct Crashes {
  std::vector<Ledger> ledgers;
  std::string location;
  std::chrono::nanoseconds open_time{0};
};

void ReadAll(Trial& t, Peer& peer, std::vector<Ledger>* ledgers, const std::string& when) {
  for (Ledger& ledger : *ledgers) {
    PeerCall read;
    read.kind = PeerCall::Kind::kRead;
    read.event.actor_id = ledger.actor_id();
    peer.Start({{read}});
    const auto answer = peer.Next();
    if (!answer || peer.Next()) throw Inconclusive("the other process ended before it was killed");
    t.Note(read, *answer);
    if (answer->error) {
      ThrowIfNoWord(*answer->error);
      throw Failure(when + " a read failed", "success", Describe(*answer->error));
    }
    ledger.RequireSurvived(answer->events, when);
    ledger.Settle(answer->events);
  }
}

// Another process on the storage. One that was killed may keep it for a moment.
std::unique_ptr<Peer> OpenAfterACrash(RuleRun& run, Trial& t, Crashes* crashes) {
  auto opened = Patiently(run.settings().patience, [&]() -> Result<std::unique_ptr<Peer>> {
    auto peer = Peer::Launch(run.subject(), crashes->location);
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
  auto peer = Peer::Launch(run.subject(), crashes.location);
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

void AcknowledgedEventsSurviveCrashes(RuleRun& run) {
  constexpr int kOnOneStorage = 40;  // then it is too large to be read after each crash
  Crashes crashes;
  run.Rounds(run.Scaled(40, 12), [&](Trial& t, int round) {
    const int crash = round % kOnOneStorage;
    if (crash == 0) {
      t.Fresh();
      crashes.ledgers = NewLedgers(t, 3);
      crashes.location = t.Location();
    }
    const std::string when = "after " + std::to_string(crash) + " deaths of writers";
    if (round % 3 != 0) KillWhileOpening(run, t, crashes, round);
    const auto peer = OpenAfterACrash(run, t, &crashes);
    ReadAll(t, *peer, &crashes.ledgers, when);
    KillWhileSaving(t, *peer, &crashes, round);
  });
}

// ---- DUR-02

void AcknowledgedEventsSurvivePowerLoss(RuleRun& run) {
  constexpr int kStates = 60;  // of a writer
  run.Rounds(run.Scaled(5, 2), [&](Trial& t, int round) {
    t.Fresh();
    Judge judge(&t, &run.subject());
    Remains remains{DiskImage::Read(t.Location()), NewLedgers(t, round % 3 + 1)};
    // The second writer begins with what the first one's power cut left: recovery is cut as well.
    for (int life = 0; life < 2; ++life) {
      WatchedWriter writer(&run, &t, remains.image);
      writer.Live(&remains.ledgers, round);
      writer.RequireWholeLog();
      t.Count("file operations recorded", static_cast<double>(writer.operations().size()));
      remains = Cutter(&run, &t, &judge).TryStates(writer, remains, kStates);
    }
  });
}

constexpr Property kProperties[] = {
    {"DUR-01", AcknowledgedEventsSurviveCrashes},
    {"DUR-02", AcknowledgedEventsSurvivePowerLoss},
};

}  // namespace

std::span<const Property> DurabilityProperties() { return kProperties; }

}  // namespace aether::conformance
