// Ledger: what was saved for one actor by processes that die, and so what a reader must find and may find.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aether/event_store.h"

namespace aether::conformance {

class Trial;

// What of an actor is looked at. Events are saved also between its snapshots.
enum class Kept { kEvents, kSnapshots };

class Ledger {
 public:
  explicit Ledger(std::string actor_id, Kept kept = Kept::kEvents)
      : actor_id_(std::move(actor_id)), kept_(kept) {}

  const std::string& actor_id() const { return actor_id_; }
  Kept kept() const { return kept_; }

  // That a save of `event` is going to be made. Versions rise.
  void Plan(const Event& event) { entries_.push_back({event, State::kUnanswered}); }
  void Plan(const ActorSnapshot& snapshot) { snapshots_.push_back({snapshot, State::kUnanswered}); }
  // Above all that was ever planned, so that a save without an answer stands in nobody's way.
  std::int64_t NextVersion() const { return entries_.empty() ? 1 : entries_.back().event.version + 1; }

  std::int64_t LastAcknowledged() const;  // the highest that has to be there; 0: none

  // That the save of this version was acknowledged, or its event read: from now on it has to be there.
  void Acknowledge(std::int64_t version);
  // That it was answered with an error that says that nothing was stored.
  void Refuse(std::int64_t version);
  void AcknowledgeSnapshot(std::int64_t version);
  void RefuseSnapshot(std::int64_t version);

  // Throws Failure unless `events` are the acknowledged ones, each equal and once, and between them none
  // but those whose saves have no answer. `when` goes into the message: "after a power cut".
  void RequireSurvived(const std::vector<EventPtr>& events, const std::string& when) const;
  // The same of a snapshot: the last acknowledged one, or one above it whose save has no answer.
  void RequireSurvived(const std::optional<ActorSnapshot>& snapshot, const std::string& when) const;
  // Notes what a read showed: that stays. A save without an answer that it does not show, and that has a
  // later acknowledged one, is never done any more.
  void Settle(const std::vector<EventPtr>& events);
  void Settle(const std::optional<ActorSnapshot>& snapshot);

  // The same, in which nothing has to be there.
  Ledger WithoutAcknowledgements() const;

 private:
  enum class State { kUnanswered, kAcknowledged, kRefused };
  struct Entry {
    Event event;
    State state;
  };
  struct SnapshotEntry {
    ActorSnapshot snapshot;
    State state;
  };

  std::string actor_id_;
  Kept kept_;
  std::vector<Entry> entries_;
  std::vector<SnapshotEntry> snapshots_;
};

// Of new actors.
std::vector<Ledger> NewLedgers(Trial& t, int n, Kept kept = Kept::kEvents);

}  // namespace aether::conformance
