// Looking at disk images.

#include "faults/judge.h"

#include "faults/living.h"
#include "faults/writing.h"

namespace aether::conformance {

namespace {

// As ThrowIfNoWord(), but nothing is wrong with the disk of an image: to say so is no excuse.
void ThrowIfNoWordOf(const StoreError& error) {
  if (error.code() != ErrorCode::kStorageFailed) ThrowIfNoWord(error);
}

}  // namespace

std::filesystem::path Judge::Place() const { return directory_.path() / std::to_string(images_); }

void Judge::RequireSound(const DiskImage& image, std::vector<Ledger> ledgers, const std::string& when) {
  Put(image);
  Living(when + " the process that opens the storage", "an open store", [&] {
    RequireOpen(Open(), when);
    ReadAll(&ledgers, when);
    SaveOn(&ledgers[images_ % ledgers.size()], when);
    ReadAll(&ledgers, when);
    RequireOpen(Open(), when);
    ReadAll(&ledgers, when);
  });
}

Look Judge::LookAt(const DiskImage& image, const std::vector<Ledger>& ledgers) {
  Put(image);
  Look look;
  Living("the process that opens the storage", "what is there, or an error", [&] {
    look.opened = Open();
    if (!look.opened) return;
    for (const Ledger& ledger : ledgers) look.reads.push_back(Make(ReadOf(ledger)));
  });
  return look;
}

std::vector<std::string> Judge::Tell(RuleRun* run, const std::vector<std::string>& before) const {
  constexpr std::size_t kNear = 24;
  Trial told(run);
  for (std::size_t i = before.size() > kNear ? before.size() - kNear : 0; i < before.size(); ++i) {
    told.Remark(before[i]);
  }
  for (auto [call, answer] : calls_) {
    answer.start = answer.end = std::chrono::steady_clock::now();
    answer.thrown.clear();  // the failure says it
    told.Note(call, answer);
  }
  return told.timeline().Lines();
}

// Puts an image where none was before, and sees to it that there is a process to open it.
void Judge::Put(const DiskImage& image) {
  before_ = Place();
  ++images_;
  image.WriteTo(Place());
  calls_.clear();
  if (peer_ && !peer_->ended()) return;
  if (trial_->offered().watched) {
    log_ = std::make_unique<FaultLog>(directory_.path());
    log_->SkipSyncs();
  }
  peer_ = Peer::Launch(*subject_, Place().string(), log_.get());
  opens_ = true;
}

// Opens the image, or opens it again. The process has the last one open until then.
Result<void> Judge::Open() {
  auto opened = std::exchange(opens_, false) ? peer_->WaitUntilOpen() : peer_->Reopen(Place().string());
  if (before_ != Place()) std::filesystem::remove_all(before_);
  return opened;
}

void Judge::RequireOpen(const Result<void>& opened, const std::string& when) {
  if (opened) return;
  ThrowIfNoWordOf(opened.error());
  throw Failure(when + " the storage does not open", "an open store", Describe(opened.error()));
}

PeerCall Judge::ReadOf(const Ledger& ledger) {
  PeerCall read = conformance::ReadOf(ledger);
  if (read.kind == PeerCall::Kind::kRead) read.kind = PeerCall::Kind::kReplay;
  return read;
}

PeerAnswer Judge::Make(const PeerCall& call) {
  peer_->Start({{call}});
  auto answer = peer_->Next();
  if (!answer) throw PeerDied("");
  while (peer_->Next()) {
  }
  calls_.emplace_back(call, *answer);
  return *std::move(answer);
}

PeerAnswer Judge::Ask(const PeerCall& call, const std::string& when) {
  PeerAnswer answer = Make(call);
  if (!answer.thrown.empty()) {
    throw Failure(when + " an exception leaves the store", "an error value", "exception: " + answer.thrown);
  }
  if (answer.error) {
    ThrowIfNoWordOf(*answer.error);
    throw Failure(when + " a call fails", "success", Describe(*answer.error));
  }
  return answer;
}

void Judge::ReadAll(std::vector<Ledger>* ledgers, const std::string& when) {
  for (Ledger& ledger : *ledgers) {
    const PeerCall read = ReadOf(ledger);
    const PeerAnswer answer = Ask(read, when);
    if (!answer.replay_errors.empty()) {
      throw Failure(
          when + " the stream of " + Quote(ledger.actor_id()) + " has records that cannot be read", "none",
          Quote(answer.replay_errors.front()));
    }
    RequireSurvived(&ledger, answer, when);
    if (ledger.kept() == Kept::kSnapshots) continue;
    PeerCall latest = read;
    latest.kind = PeerCall::Kind::kLatest;
    const std::int64_t told = Ask(latest, when).latest;
    const std::int64_t last = answer.events.empty() ? 0 : answer.events.back()->version;
    if (told != last) {
      throw Failure(
          when + " the latest version of " + Quote(ledger.actor_id()) + " is not that of its last event",
          std::to_string(last), std::to_string(told));
    }
  }
}

void Judge::SaveOn(Ledger* ledger, const std::string& when) {
  PeerCall save;
  save.event = trial_->NewEvent(ledger->actor_id(), ledger->NextVersion());
  ledger->Plan(save.event);
  Ask(save, when);
  ledger->Acknowledge(save.event.version);
  if (ledger->kept() == Kept::kEvents) return;
  save.kind = PeerCall::Kind::kSaveSnapshot;
  save.snapshot = {ledger->actor_id(), save.event.version, save.event.data, save.event.timestamp};
  ledger->Plan(save.snapshot);
  Ask(save, when);
  ledger->AcknowledgeSnapshot(save.snapshot.version);
}

}  // namespace aether::conformance
