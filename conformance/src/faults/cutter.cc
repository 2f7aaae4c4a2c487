// Writers that are watched, and power cuts.

#include "faults/cutter.h"

#include <iterator>
#include <mutex>

#include "faults/chance.h"

namespace aether::conformance {

namespace {

// At each moment. Chance gives others each time.
constexpr Loss kTried[] = {Loss::kAll,   Loss::kNothing, Loss::kContents, Loss::kContentsButSizes,
                           Loss::kNames, Loss::kTear,    Loss::kSome,     Loss::kSome,
                           Loss::kSome};

}  // namespace

WatchedWriter::WatchedWriter(RuleRun* run, Trial* trial, const DiskImage& base)
    : run_(run), base_(base), writing_(trial) {
  base.WriteTo(directory_.path());
}

void WatchedWriter::Reopen(Peer& peer, bool may_fail) {
  const std::string location = directory_.path().string();
  auto opened = peer.Reopen(location);
  if (!opened && may_fail) opened = peer.Reopen(location);
  if (!opened) throw Failure("the storage does not open again", "an open store", Describe(opened.error()));
}

std::uint32_t WatchedWriter::Live(std::vector<Ledger>* ledgers, int round,
                                  const std::optional<faults::Plan>& plan) {
  constexpr int kSaves = 10;
  FaultLog log(directory_.path());
  auto peer = Peer::Open(run_->subject(), directory_.path().string(), &log);
  if (!peer) throw Inconclusive("a copy of the storage does not open: " + Describe(peer.error()));
  for (int batch = 0; batch < 3; ++batch) {
    if (batch == 1 && plan) log.SetPlan(*plan);
    if (batch == 2 && round % 2 == 0) Reopen(**peer, plan.has_value());
    writing_.AddBatch(ledgers, kSaves, batch % 2, run_->SeedOf(static_cast<std::uint64_t>(round)));
    writing_.Start(**peer);
    if (!writing_.Finish(**peer, plan.has_value())) {
      throw Failure("the process that saves dies", "answers", "the process ended");
    }
  }
  const std::uint32_t failed = log.plan().failed;
  {
    const std::lock_guard hold(log);  // what was done is recorded as well
    (*peer)->Kill();
  }
  operations_ = log.Read();
  AddLastLook();
  return failed;
}

// What a silent file holds in the end is what was written to it, unless a call says otherwise: the process
// did not come to record it.
void WatchedWriter::AddLastLook() {
  const DiskImage now = DiskImage::Read(directory_.path());
  PowerLoss machine(base_);
  std::set<std::uint64_t> silent;
  for (const FileOperation& operation : operations_) {
    machine.Apply(operation);
    if (operation.what.op == faults::Op::kSilent) silent.insert(operation.what.handle);
  }
  for (const std::uint64_t handle : silent) {
    const auto file = now.entries.find(machine.NameOf(handle));
    if (file == now.entries.end() || !file->second) continue;
    FileOperation look;
    look.what.op = faults::Op::kContents;
    look.what.handle = handle;
    look.data = file->second->bytes;
    operations_.push_back(std::move(look));
  }
}

void WatchedWriter::RequireWholeLog() const {
  PowerLoss machine(base_);
  for (const FileOperation& operation : operations_) machine.Apply(operation);
  const auto difference = Difference(machine.Seen(), DiskImage::Read(directory_.path()));
  if (!difference && machine.unknown().empty()) return;
  throw Inconclusive(
      "what the store does to its files was not recorded whole, so that nothing can be said of a power "
      "cut: " +
      (machine.unknown().empty() ? *difference : machine.unknown()));
}

Remains Cutter::TryStates(const WatchedWriter& writer, const Remains& base, int wanted) {
  PowerLoss machine(
      base.image, run_->subject().name_changes_in_order ? NameChanges::kInOrder : NameChanges::kInAnyOrder);
  Writing::Marks marks(writer.writing());
  Remains now = base;
  Remains chosen = base;
  const std::uint64_t all = writer.operations().size() * std::size(kTried);
  for (const FileOperation& operation : writer.operations()) {
    machine.Apply(operation);
    const bool marked = operation.what.op == faults::Op::kMark;
    done_.push_back(marked ? marks.Settle(operation, &now.ledgers)
                           : Describe(operation, machine.NameOf(operation.what.handle)));
    marks_ += marked ? 1 : 0;
    for (const Loss loss : kTried) {
      const std::uint64_t seed = Chance(run_->SeedOf(0), ++states_);
      if (seed % all >= static_cast<std::uint64_t>(wanted)) continue;
      now.image = machine.Left(loss, seed);
      if (Try(now, loss) && Chance(seed, 0) % 8 == 0) chosen = now;
    }
  }
  return chosen;
}

// False when the same was tried before.
bool Cutter::Try(const Remains& remains, Loss loss) {
  if (!tried_.insert(HashOf(remains.image) + marks_).second) return false;
  trial_->CountCases(1);
  trial_->Count("disk states opened");
  try {
    judge_->RequireSound(remains.image, remains.ledgers, "after a power cut");
  } catch (Failure& failure) {
    done_.push_back("the power is cut; of what was not synced, " + std::string(LossName(loss)));
    failure.timeline = judge_->Tell(run_, done_);
    throw;
  }
  return true;
}

}  // namespace aether::conformance
