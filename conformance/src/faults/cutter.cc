// Writers that are watched, and power cuts.

#include "faults/cutter.h"

#include <iterator>
#include <mutex>

#include "faults/chance.h"
#include "faults/living.h"
#include "patiently.h"

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

// Where calls fail the first try may as well.
void WatchedWriter::Open(Peer& peer, bool first, bool may_fail) {
  const std::string location = directory_.path().string();
  auto opened = first ? peer.WaitUntilOpen() : peer.Reopen(location);
  if (!opened && may_fail) opened = peer.Reopen(location);
  if (!opened) throw Failure("the storage does not open", "an open store", Describe(opened.error()));
}

void WatchedWriter::Save(Peer& peer, bool errors_awaited) {
  writing_.Start(peer);
  if (!writing_.Finish(peer, errors_awaited)) throw PeerDied("");
}

// What was done is recorded as well.
void WatchedWriter::Kill(FaultLog* log, Peer* peer) {
  const std::lock_guard hold(*log);
  peer->Kill();
}

std::uint32_t WatchedWriter::Live(std::vector<Ledger>* ledgers, int round,
                                  const std::optional<faults::Plan>& plan, Since since) {
  constexpr int kSaves = 10;
  const bool fails = plan.has_value();
  FaultLog log(directory_.path());
  if (fails && since == Since::kOpen) log.SetPlan(*plan);
  const auto peer = Peer::Launch(run_->subject(), directory_.path().string(), &log);
  const auto live = [&] {
    Open(*peer, true, fails);
    for (int batch = 0; batch < 3; ++batch) {
      if (batch == 1 && fails && since == Since::kSaves) log.SetPlan(*plan);
      if (batch == 2 && round % 2 == 0) Open(*peer, false, fails);
      writing_.AddBatch(ledgers, kSaves, batch % 2, run_->SeedOf(static_cast<std::uint64_t>(round)));
      Save(*peer, fails);
    }
  };
  try {
    fails ? Living("the process that saves", "answers", live) : live();
  } catch (const PeerDied&) {
    throw Failure("the process that saves dies", "answers", "the process ended");
  }
  const std::uint32_t failed = log.plan().failed;
  Kill(&log, peer.get());
  recording_ = ReadRecording(&log, base_, directory_.path());
  return failed;
}

void WatchedWriter::DieAndBeFollowed(std::vector<Ledger>* ledgers, int round, std::uint32_t call) {
  constexpr int kSaves = 4;
  const std::string location = directory_.path().string();
  const std::uint64_t seed = run_->SeedOf(static_cast<std::uint64_t>(round));
  FaultLog log(directory_.path());
  log.SetPlan({~Bit(faults::Call::kRead), call, 1, faults::kDies, 0, 0});
  {
    const auto writer = Peer::Launch(run_->subject(), location, &log);
    try {
      if (writer->WaitUntilOpen()) {
        writing_.AddBatch(ledgers, kSaves, 0, seed);
        writing_.Start(*writer);
        (void)writing_.Finish(*writer, true);
      }
    } catch (const PeerDied&) {  // as it was told to
    } catch (const AdapterError&) {
    }
    Kill(&log, writer.get());
  }
  log.SetPlan({});
  // What died may keep the storage for a moment.
  const std::string who = "the process that follows a dead writer";
  auto follower = Patiently(run_->settings().patience, [&]() -> Result<std::unique_ptr<Peer>> {
    auto peer = Peer::Launch(run_->subject(), location, &log);
    Result<void> opened;
    Living(who, "an open store", [&] { opened = peer->WaitUntilOpen(); });
    return opened ? Result<std::unique_ptr<Peer>>(std::move(peer)) : opened.error();
  });
  if (!follower) {
    throw Failure("after the death of the writer the storage does not open", "an open store",
                  Describe(follower.error()));
  }
  Living(who, "answers", [&] {
    writing_.AddReads(*ledgers);
    Save(**follower, false);
    writing_.AddBatch(ledgers, kSaves, 1, seed + 1);
    Save(**follower, false);
  });
  Kill(&log, follower->get());
  recording_ = ReadRecording(&log, base_, directory_.path());
}

void WatchedWriter::RequireWholeLog() const {
  if (recording_.whole()) return;
  throw Inconclusive(
      "what the store does to its files was not recorded whole, so that nothing can be said of a power "
      "cut; " +
      std::string(kNotSeen) + recording_.difference.value_or(recording_.unknown));
}

Remains Cutter::TryStates(const WatchedWriter& writer, const Remains& base, int wanted) {
  PowerLoss machine(base.image,
                    run_->offered().ordered_names ? NameChanges::kInOrder : NameChanges::kInAnyOrder);
  Remains now = base;
  Remains chosen = base;
  const std::uint64_t all = writer.operations().size() * std::size(kTried);
  // So many operations after a fault or a death states are tried so many times as densely.
  constexpr int kNear = 16;
  constexpr std::uint64_t kDenser = 8;
  int near = 0;
  for (const FileOperation& operation : writer.operations()) {
    machine.Apply(operation);
    const bool marked = operation.what.op == faults::Op::kMark;
    done_.push_back(marked ? writer.writing().SettleMark(operation, &now.ledgers)
                           : Describe(operation, machine.NameOf(operation.what.handle)));
    marks_ += marked ? 1 : 0;
    if (operation.what.op == faults::Op::kInjected) near = kNear;
    const auto weight = static_cast<std::uint64_t>(wanted) * (near > 0 ? kDenser : 1);
    near -= near > 0 ? 1 : 0;
    for (const Loss loss : kTried) {
      const std::uint64_t seed = Chance(run_->SeedOf(0), ++states_);
      if (seed % all >= weight) continue;
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
