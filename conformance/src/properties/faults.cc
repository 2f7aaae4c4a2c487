// FLT: a disk that fails under the store. properties/damage.cc has the rules of damage at rest.

#include <cerrno>
#include <mutex>

#include "faults/chance.h"
#include "faults/cutter.h"
#include "properties.h"

namespace aether::conformance {

namespace {

using faults::Call;
using faults::Plan;

// When the fault comes.
enum class Stage { kFirstOpen, kSaves, kNextOpen };
constexpr Stage kStages[] = {Stage::kSaves, Stage::kFirstOpen, Stage::kNextOpen};

struct Fault {
  Plan plan;
  std::string name;  // "no space is left"
};

std::uint32_t Bit(Call call) { return 1U << static_cast<unsigned>(call); }

// One process, to which a fault comes and goes.
class FaultyLife {
 public:
  FaultyLife(RuleRun* run, Trial* trial, const DiskImage& base)
      : run_(run), trial_(trial), writing_(trial) {
    base.WriteTo(directory_.path());
  }

  void Live(const Fault& fault, Stage stage, int round) {
    if (stage == Stage::kFirstOpen) Begin(fault);
    peer_ = Peer::Launch(run_->subject(), Place(), &log_);
    open_ = Opened(peer_->WaitUntilOpen());
    if (stage != Stage::kFirstOpen) {
      if (!open_) throw Inconclusive("a copy of the storage does not open");
      Save(round);
      Begin(fault);
      if (stage == Stage::kNextOpen) open_ = Opened(peer_->Reopen(Place()));
    }
    if (open_) {
      Save(round);
      Read();
    }
    trial_->CountCases(static_cast<int>(log_.plan().failed));
    trial_->Count("calls that failed", log_.plan().failed);
    log_.SetPlan({});
    trial_->Remark("the fault is over");
    if (!open_ && !(open_ = Opened(peer_->Reopen(Place())))) {
      throw Failure("the fault is over, and the storage does not open", "an open store", error_);
    }
    Save(round);
    Read();
  }

  // What is there at the end, and what has to be.
  Remains End() {
    const std::lock_guard hold(log_);
    peer_->Kill();
    return {DiskImage::Read(directory_.path()), ledgers_};
  }

 private:
  std::string Place() const { return directory_.path().string(); }

  void Begin(const Fault& fault) {
    trial_->Remark("from now on " + fault.name);
    log_.SetPlan(fault.plan);
  }

  bool Opened(const Result<void>& opened) {
    error_ = opened ? "" : Describe(opened.error());
    trial_->Remark("another process opens the storage" + (opened ? "" : ": " + error_));
    return opened.has_value();
  }

  // Saves go through or are answered with an error that is true of a disk.
  void Save(int round) {
    constexpr int kSaves = 6;
    if (ledgers_.empty()) ledgers_ = NewLedgers(*trial_, 2);
    writing_.AddBatch(&ledgers_, kSaves, 0, run_->SeedOf(static_cast<std::uint64_t>(round)));
    writing_.Start(*peer_);
    if (!writing_.Finish(*peer_, true)) {
      throw Failure("the process that saves dies", "answers", "the process ended");
    }
    for (const auto& answer : writing_.last()) {
      writing_.Settle(answer, &ledgers_);
      if (!answer.error || IsOfADisk(answer.error->code())) continue;
      throw Failure("a save on a disk that fails is answered with an error that is not true",
                    "ok, storage_full, storage_failed, outcome_unknown, unavailable or closed",
                    Describe(*answer.error));
    }
  }

  static bool IsOfADisk(ErrorCode code) {
    return code == ErrorCode::kStorageFull || code == ErrorCode::kStorageFailed ||
           code == ErrorCode::kOutcomeUnknown || code == ErrorCode::kUnavailable ||
           code == ErrorCode::kClosed;
  }

  void Read() {
    for (Ledger& ledger : ledgers_) {
      PeerCall read;
      read.kind = PeerCall::Kind::kRead;
      read.event.actor_id = ledger.actor_id();
      peer_->Start({{read}});
      const auto answer = peer_->Next();
      if (!answer || peer_->Next())
        throw Failure("the process that reads dies", "answers", "the process ended");
      trial_->Note(read, *answer);
      if (answer->error) {
        throw Failure("a read fails, where writing has failed", "success", Describe(*answer->error));
      }
      ledger.RequireSurvived(answer->events, "on a disk that fails");
      ledger.Settle(answer->events);
    }
  }

  RuleRun* run_;
  Trial* trial_;
  Scratch directory_{"aether-faulty"};
  FaultLog log_{directory_.path()};
  Writing writing_;
  std::vector<Ledger> ledgers_;
  std::unique_ptr<Peer> peer_;
  bool open_ = false;
  std::string error_;
};

// Tries each of the faults at each stage, at the first call of its kind, the second, and so on.
void TryFaults(RuleRun& run, const std::vector<Fault>& faults) {
  const int kinds = static_cast<int>(faults.size() * std::size(kStages));
  run.Rounds(run.Scaled(3 * kinds, kinds), [&](Trial& t, int round) {
    const auto n = static_cast<std::size_t>(round);
    Fault fault = faults[n % faults.size()];
    const Stage stage = kStages[n / faults.size() % std::size(kStages)];
    fault.plan.skip = static_cast<std::uint32_t>(round / kinds);
    FaultyLife life(&run, &t, DiskImage::Read(t.Location()));
    life.Live(fault, stage, round);
    const Remains remains = life.End();
    Judge judge(&t, &run.subject());
    try {
      judge.RequireSound(remains.image, remains.ledgers, "after a fault of the disk");
    } catch (Failure& failure) {
      failure.timeline = t.timeline().Lines();
      for (const std::string& line : judge.Tell(&run, {})) failure.timeline.push_back(line);
      throw;
    }
  });
}

// FLT-01
void FullDisksLoseNothing(RuleRun& run) {
  const std::uint32_t calls = Bit(Call::kWrite) | Bit(Call::kAllocate) | Bit(Call::kCreate);
  TryFaults(run, {
                     {{calls, 0, UINT32_MAX, ENOSPC, 0, 0}, "no space is left"},
                     {{calls, 0, UINT32_MAX, ENOSPC, 1, 0}, "no space is left, after half of a write"},
                     {{calls, 0, 1, ENOSPC, 1, 0}, "no space is left, for one call, after half of a write"},
                     {{Bit(Call::kAllocate), 0, UINT32_MAX, ENOSPC, 0, 0}, "no space can be made ahead"},
                 });
}

// FLT-02
void FailedCallsLoseNothing(RuleRun& run) {
  std::vector<Fault> faults;
  const auto once = [&](Call call, const char* name) {
    faults.push_back({{Bit(call), 0, 1, EIO, 0, 0}, std::string("one ") + name + " fails with EIO"});
  };
  once(Call::kWrite, "write");
  faults.push_back({{Bit(Call::kWrite), 0, 1, EIO, 1, 0}, "one write fails with EIO, after half of it"});
  faults.push_back({{Bit(Call::kWrite), 0, UINT32_MAX, EIO, 0, 0}, "writes fail with EIO"});
  once(Call::kAllocate, "allocation");
  once(Call::kShrink, "ftruncate");
  once(Call::kOpen, "open");
  once(Call::kCreate, "creation of a file");
  once(Call::kRename, "rename");
  once(Call::kUnlink, "removal");
  once(Call::kDirectorySync, "sync of a directory");
  TryFaults(run, faults);
}

// FLT-03
void WritesByHalfLoseNothing(RuleRun& run) {
  TryFaults(run, {
                     {{Bit(Call::kWrite), 0, 1, 0, 0, 0}, "one write is done by half"},
                     {{Bit(Call::kWrite), 0, UINT32_MAX, 0, 0, 0}, "writes are done by half"},
                     {{Bit(Call::kWrite) | Bit(Call::kOpen) | Bit(Call::kCreate), 0, 1, EINTR, 0, 0},
                      "one call is interrupted"},
                 });
}

// FLT-04
void FailedSyncsAreNotTakenForGood(RuleRun& run) {
  constexpr int kStates = 50;  // of a writer
  run.Rounds(run.Scaled(8, 4), [&](Trial& t, int round) {
    Judge judge(&t, &run.subject());
    Remains remains{DiskImage::Read(t.Location()), NewLedgers(t, round % 3 + 1)};
    WatchedWriter writer(&run, &t, remains.image);
    const auto skip =
        static_cast<std::uint32_t>(Chance(run.SeedOf(0), static_cast<std::uint64_t>(round)) % 8);
    const auto failed = writer.Live(&remains.ledgers, round, Plan{Bit(Call::kSync), skip, 1, EIO, 0, 0});
    t.CountCases(static_cast<int>(failed));
    t.Count("syncs that failed", failed);
    writer.RequireWholeLog();
    Cutter(&run, &t, &judge).TryStates(writer, remains, kStates);
  });
}

constexpr Property kProperties[] = {
    {"FLT-01", FullDisksLoseNothing},
    {"FLT-02", FailedCallsLoseNothing},
    {"FLT-03", WritesByHalfLoseNothing},
    {"FLT-04", FailedSyncsAreNotTakenForGood},
};

}  // namespace

std::span<const Property> FaultProperties() { return kProperties; }

}  // namespace aether::conformance
