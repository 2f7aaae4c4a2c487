// Ledger: what was saved for one actor by processes that die, and so what a reader must find and may find.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "aether/event_store.h"

namespace aether::conformance {

class Trial;

class Ledger {
 public:
  explicit Ledger(std::string actor_id) : actor_id_(std::move(actor_id)) {}

  const std::string& actor_id() const { return actor_id_; }

  // That a save of `event` is going to be made. Versions rise.
  void Plan(const Event& event) { entries_.push_back({event, State::kUnanswered}); }
  // Above all that was ever planned, so that a save without an answer stands in nobody's way.
  std::int64_t NextVersion() const { return entries_.empty() ? 1 : entries_.back().event.version + 1; }

  // The highest that has to be there; 0: none.
  std::int64_t LatestVersion() const;

  // That the save of this version was acknowledged, or its event read: from now on it has to be there.
  void Acknowledge(std::int64_t version);
  // That it was answered with an error that says that nothing was stored.
  void Refuse(std::int64_t version);

  // Throws Failure unless `events` are the acknowledged ones, each equal and once, and between them none
  // but those whose saves have no answer. `when` goes into the message: "after a power cut".
  void RequireSurvived(const std::vector<EventPtr>& events, const std::string& when) const;
  // Notes what a read showed: that stays. A save without an answer that it does not show, and that has a
  // later acknowledged one, is never done any more.
  void Settle(const std::vector<EventPtr>& events);

 private:
  enum class State { kUnanswered, kAcknowledged, kRefused };
  struct Entry {
    Event event;
    State state;
  };

  std::string actor_id_;
  std::vector<Entry> entries_;
};

// Of new actors.
std::vector<Ledger> NewLedgers(Trial& t, int n);

}  // namespace aether::conformance
