// What fails, and what has to be true then.

#include "faults/faulty_life.h"

#include <cerrno>
#include <mutex>

#include "faults/living.h"

namespace aether::conformance {

using DiskCall = faults::Call;

namespace {

// Anything but a guess at the contents.
bool MayAnswerAFailedRead(ErrorCode code) { return IsOfADisk(code) || code == ErrorCode::kCorrupt; }

}  // namespace

std::vector<Fault> FullDisk() {
  constexpr std::uint32_t kCalls =
      Bit(DiskCall::kWrite) | Bit(DiskCall::kAllocate) | Bit(DiskCall::kCreate);
  return {
      {{kCalls, 0, UINT32_MAX, ENOSPC, 0, 0}, "no space is left"},
      {{kCalls, 0, UINT32_MAX, ENOSPC, 1, 0}, "no space is left, after half of a write"},
      {{kCalls, 0, 1, ENOSPC, 1, 0}, "no space is left, for one call, after half of a write"},
      {{Bit(DiskCall::kAllocate), 0, UINT32_MAX, ENOSPC, 0, 0}, "no space can be made ahead"},
  };
}

std::vector<Fault> FailedCalls() {
  std::vector<Fault> faults;
  const auto once = [&](DiskCall call, const char* name) {
    faults.push_back({{Bit(call), 0, 1, EIO, 0, 0}, std::string("one ") + name + " fails with EIO"});
  };
  once(DiskCall::kWrite, "write");
  faults.push_back(
      {{Bit(DiskCall::kWrite), 0, 1, EIO, 1, 0}, "one write fails with EIO, after half of it"});
  faults.push_back({{Bit(DiskCall::kWrite) | Bit(DiskCall::kShrink), 0, 2, EIO, 1, 0},
                    "one write fails with EIO, after half of it, and the ftruncate or write that follows"});
  faults.push_back({{Bit(DiskCall::kWrite), 0, UINT32_MAX, EIO, 0, 0}, "writes fail with EIO"});
  once(DiskCall::kAllocate, "allocation");
  once(DiskCall::kShrink, "ftruncate");
  once(DiskCall::kOpen, "open");
  once(DiskCall::kCreate, "creation of a file");
  once(DiskCall::kRename, "rename");
  once(DiskCall::kUnlink, "removal");
  once(DiskCall::kDirectorySync, "sync of a directory");
  return faults;
}

std::vector<Fault> HalvesAndInterruptions() {
  return {
      {{Bit(DiskCall::kWrite), 0, 1, 0, 0, 0}, "one write is done by half"},
      {{Bit(DiskCall::kWrite), 0, UINT32_MAX, 0, 0, 0}, "writes are done by half"},
      {{Bit(DiskCall::kWrite) | Bit(DiskCall::kOpen) | Bit(DiskCall::kCreate), 0, 1, EINTR, 0, 0},
       "one call is interrupted"},
  };
}

std::vector<Fault> FailedReads() {
  constexpr std::uint32_t kRead = Bit(DiskCall::kRead);
  return {
      {{kRead, 0, 1, EIO, 0, 0}, "one read fails with EIO"},
      {{kRead, 0, UINT32_MAX, EIO, 0, 0}, "reads fail with EIO"},
      {{kRead, 0, 1, 0, 0, 0}, "one read gives half of what it was asked for"},
      {{kRead, 0, 20, 0, 0, 0}, "reads give half of what they were asked for"},
      {{kRead, 0, 1, EINTR, 0, 0}, "one read is interrupted"},
  };
}

bool IsOfADisk(ErrorCode code) {
  return code == ErrorCode::kStorageFull || code == ErrorCode::kStorageFailed ||
         code == ErrorCode::kOutcomeUnknown || code == ErrorCode::kUnavailable ||
         code == ErrorCode::kClosed;
}

FaultyLife::FaultyLife(RuleRun* run, Trial* trial, const DiskImage& base, Kept kept)
    : run_(run), trial_(trial), kept_(kept), base_(base), writing_(trial) {
  base.WriteTo(directory_.path());
}

std::uint64_t FaultyLife::Live(const Fault& fault, Stage stage, int round) {
  reads_fail_ = fault.plan.calls == Bit(DiskCall::kRead);
  if (stage == Stage::kFirstOpen) Begin(fault);
  peer_ = Peer::Launch(run_->subject(), Place(), &log_);
  std::uint64_t failed = 0;
  Living("the process that has the storage", "answers", [&] { failed = LiveOn(fault, stage, round); });
  return failed;
}

std::uint64_t FaultyLife::LiveOn(const Fault& fault, Stage stage, int round) {
  open_ = Opened(peer_->WaitUntilOpen());
  if (stage != Stage::kFirstOpen) {
    if (!open_) throw Inconclusive("a copy of the storage does not open");
    Save(round);
    Begin(fault);
    if (stage == Stage::kNextOpen) open_ = Opened(peer_->Reopen(Place()));
  }
  if (open_) GoOn(round);
  const std::uint32_t failed = log_.plan().failed;
  trial_->CountCases(static_cast<int>(failed));
  trial_->Count("calls that failed", failed);
  log_.SetPlan({});
  trial_->Remark("the fault is over");
  // What could not be read may stay so until the storage is opened anew.
  if ((!open_ || reads_fail_) && !(open_ = Opened(peer_->Reopen(Place())))) {
    throw Failure("the fault is over, and the storage does not open", "an open store", error_);
  }
  reads_fail_ = false;
  GoOn(round);
  return failed;
}

void FaultyLife::GoOn(int round) {
  if (reads_fail_) {
    SaveAgain();
    ReadWhatCanBeRead();
  }
  Save(round);
  reads_fail_ ? ReadWhatCanBeRead() : Read();
}

Remains FaultyLife::End() {
  {
    const std::lock_guard hold(log_);
    peer_->Kill();
  }
  // A call that is not seen does not fail either. What has no record of its own says nothing of the rest.
  Recording recording = ReadRecording(&log_, base_, directory_.path());
  if (recording.unknown.empty() && recording.difference) {
    throw Inconclusive(
        "what the store does to its files is not seen whole, so that not all of it can be made to fail; " +
        std::string(kNotSeen) + *recording.difference);
  }
  return {std::move(recording.left), ledgers_};
}

void FaultyLife::Begin(const Fault& fault) {
  trial_->Remark("from now on " + fault.name);
  log_.SetPlan(fault.plan);
}

bool FaultyLife::Opened(const Result<void>& opened) {
  error_ = opened ? "" : Describe(opened.error());
  trial_->Remark("another process opens the storage" + (opened ? "" : ": " + error_));
  return opened.has_value();
}

PeerAnswer FaultyLife::Ask(const PeerCall& call) {
  peer_->Start({{call}});
  const auto answer = peer_->Next();
  if (!answer || peer_->Next())
    throw Failure("the process that has the storage dies", "answers", "the process ended");
  trial_->Note(call, *answer);
  return *answer;
}

// Saves go through or are answered with an error that is true of a disk.
void FaultyLife::Save(int round) {
  constexpr int kSaves = 6;
  if (ledgers_.empty()) ledgers_ = NewLedgers(*trial_, 2, kept_);
  writing_.AddBatch(&ledgers_, kSaves, 0, run_->SeedOf(static_cast<std::uint64_t>(round)));
  writing_.Start(*peer_);
  if (!writing_.Finish(*peer_, true)) {
    throw Failure("the process that saves dies", "answers", "the process ended");
  }
  for (const auto& answer : writing_.last()) {
    writing_.Settle(answer, &ledgers_);
    if (!answer.error || IsOfADisk(answer.error->code())) continue;
    if (reads_fail_ && answer.error->code() == ErrorCode::kCorrupt) continue;
    throw Failure("a save on a disk that fails is answered with an error that is not true",
                  "ok, storage_full, storage_failed, outcome_unknown, unavailable or closed",
                  Describe(*answer.error));
  }
}

// A version that is taken is taken also where it cannot be read.
void FaultyLife::SaveAgain() {
  for (const Ledger& ledger : ledgers_) {
    const std::int64_t version = ledger.LastAcknowledged();
    if (version == 0) continue;
    PeerCall save;
    save.event = trial_->NewEvent(ledger.actor_id(), version);
    if (!Ask(save).error) {
      throw Failure("after a read has failed a version is stored again",
                    "version_conflict, or an error of the disk", "ok");
    }
  }
}

void FaultyLife::Read() {
  for (Ledger& ledger : ledgers_) {
    const PeerAnswer answer = Ask(ReadOf(ledger));
    if (answer.error) {
      throw Failure("a read fails, where writing has failed", "success", Describe(*answer.error));
    }
    RequireSurvived(&ledger, answer, "on a disk that fails");
  }
}

// What has to be there is there, or its loss is told.
void FaultyLife::ReadWhatCanBeRead() {
  for (Ledger& ledger : ledgers_) {
    PeerCall read = ReadOf(ledger);
    if (read.kind == PeerCall::Kind::kRead) read.kind = PeerCall::Kind::kReplay;
    const PeerAnswer answer = Ask(read);
    if (answer.error) {
      if (MayAnswerAFailedRead(answer.error->code())) continue;
      throw Failure("where reading fails a read is answered with an error that is not true",
                    "storage_failed, corrupt, unavailable or closed", Describe(*answer.error));
    }
    Ledger may_be = ledger.WithoutAcknowledgements();
    RequireSurvived(answer.replay_errors.empty() ? &ledger : &may_be, answer, "where reading fails");
  }
}

void TryFaults(RuleRun& run, const std::vector<Fault>& faults, Kept kept) {
  const std::size_t stages = kept == Kept::kEvents ? std::size(kStages) : 1;
  const int kinds = static_cast<int>(faults.size() * stages);
  std::uint64_t failed = 0;
  run.Rounds(run.Scaled(3 * kinds, kinds), [&](Trial& t, int round) {
    const auto n = static_cast<std::size_t>(round);
    Fault fault = faults[n % faults.size()];
    const Stage stage = kStages[n / faults.size() % std::size(kStages)];
    fault.plan.skip = static_cast<std::uint32_t>(round / kinds);
    FaultyLife life(&run, &t, DiskImage::Read(t.Location()), kept);
    failed += life.Live(fault, stage, round);
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
  if (failed > 0) return;
  run.Once([](Trial&) {
    throw Inconclusive("the store makes no call to its files that can fail so: nothing was tried");
  });
}

}  // namespace aether::conformance
