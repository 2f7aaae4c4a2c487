// The direct check of the part of a history that is about one actor; history.cc says why it is exact.

#pragma once

#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "history.h"

namespace aether::conformance {

// What is wrong and the saves that it is about.
struct Accusation {
  std::string message;
  std::vector<std::size_t> saves;
};

// The contradiction with the fewest answers, and of several the one that shows first.
class Contradiction {
 public:
  explicit Contradiction(std::span<const Operation> history) : history_(history) {}

  // `words` is called by Settle() at the latest, and only if nothing better comes.
  void Accuse(std::vector<std::size_t> answers, std::function<Accusation()> words);
  void Settle();

  Checked Result() const;

 private:
  std::span<const Operation> history_;
  std::vector<std::size_t> answers_;
  std::int64_t at_ = 0;
  std::function<Accusation()> words_;
  Accusation settled_;
};

// A version that may be stored, later one that is.
struct VersionSlot {
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  std::int64_t version = 0;
  std::size_t first = 0, last = 0;                 // its saves in saves_
  std::size_t acknowledged = kNone;                // the operation
  std::int64_t first_start = Operation::kPending;  // of its saves
  std::optional<std::uint64_t> event;              // as it was acknowledged or shown
  std::size_t told_by = kNone;                     // the operation that tells which event it is
  std::int64_t event_start = Operation::kPending;  // of the saves of this event
  std::size_t witness = kNone;                     // an operation that shows the version
  std::size_t save = kNone;                        // the one that stored it
};

// The check of one actor.
class ActorCheck {
 public:
  ActorCheck(std::span<const Operation> history, std::span<const std::uint64_t> operations,
             Contradiction* contradiction)
      : history_(history), operations_(operations), contradiction_(*contradiction) {}

  void Run() {
    CollectSaves();
    MakeSlots();
    ForEachAnswer([this](std::size_t i) { CheckAnswer(i); });
    if (!bad_) {
      KeepStored();
      ForEachAnswer([this](std::size_t i) { CheckHole(i); });
    }
    if (!bad_) CheckMoments();
    contradiction_.Settle();
  }

 private:
  struct Save {
    std::int64_t version;
    bool unknown;
    std::int64_t start;
    std::size_t operation;
    auto operator<=>(const Save&) const = default;
  };

  // A bound on a moment and the operation whose answer sets it.
  struct Bound {
    std::int64_t time = Operation::kPending;
    std::size_t by = VersionSlot::kNone;
  };

  const Operation& Op(std::size_t i) const { return history_[i]; }
  static std::size_t Position(std::uint64_t key) { return key & 0xffffffffU; }

  // Reads, latest versions and conflicts.
  template <typename Body>
  void ForEachAnswer(Body body) const {
    for (const std::uint64_t key : operations_) {
      const Operation& op = Op(Position(key));
      if (op.pending() ||
          (op.kind == Operation::Kind::kSave && op.outcome != Operation::Outcome::kConflict))
        continue;
      body(Position(key));
    }
  }

  void Accuse(std::vector<std::size_t> answers, std::function<Accusation()> words) {
    bad_ = true;
    contradiction_.Accuse(std::move(answers), std::move(words));
  }
  void Accuse(std::size_t answer, const std::string& message) {
    Accuse({answer}, [message] { return Accusation{message, {}}; });
  }

  void CollectSaves();
  void MakeSlots();
  void CheckAnswer(std::size_t i);
  void CheckRead(std::size_t i);
  void CheckShown(std::size_t i, ShownEvent shown, VersionSlot* slot);
  void CheckLatest(std::size_t i, std::int64_t version);
  void Witness(std::size_t i, VersionSlot* slot, std::int64_t sent);
  void AccuseOfInvention(std::size_t i, std::int64_t version, std::optional<std::uint64_t> event);
  void KeepStored();
  void CheckHole(std::size_t i);
  void CheckMoments();
  std::pair<std::size_t, std::size_t> StoredAt(std::size_t i) const;
  std::vector<Bound> LatestMoments() const;
  void AccuseOfDelay(std::size_t late, std::size_t slot, const Bound& until);

  // The first slot from position `from` on with a version not below `version`.
  std::size_t Find(std::int64_t version, std::size_t from = 0) const {
    const auto at =
        std::lower_bound(slots_.begin() + static_cast<std::ptrdiff_t>(from), slots_.end(), version,
                         [](const VersionSlot& slot, std::int64_t v) { return slot.version < v; });
    return static_cast<std::size_t>(at - slots_.begin());
  }

  std::span<const Operation> history_;
  std::span<const std::uint64_t> operations_;
  Contradiction& contradiction_;
  bool bad_ = false;
  std::vector<Save> saves_;
  std::vector<VersionSlot> slots_;
};

}  // namespace aether::conformance
