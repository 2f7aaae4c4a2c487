// What has to be there, and what may be.

#include "faults/ledger.h"

#include <algorithm>

#include "rule_run.h"
#include "timeline.h"

namespace aether::conformance {

std::int64_t Ledger::LastAcknowledged() const {
  std::int64_t last = 0;
  for (const Entry& entry : entries_) {
    if (entry.state == State::kAcknowledged) last = entry.event.version;
  }
  return last;
}

void Ledger::Acknowledge(std::int64_t version) {
  for (Entry& entry : entries_) {
    if (entry.event.version == version) entry.state = State::kAcknowledged;
  }
}

void Ledger::Refuse(std::int64_t version) {
  for (Entry& entry : entries_) {
    if (entry.event.version == version) entry.state = State::kRefused;
  }
}

void Ledger::RequireSurvived(const std::vector<EventPtr>& events, const std::string& when) const {
  const std::string stream = "the stream of " + Quote(actor_id_);
  const auto fail = [&](const std::string& what, const std::string& expected) {
    throw Failure(when + " " + what, expected, DescribeVersions(events));
  };
  for (std::size_t i = 1; i < events.size(); ++i) {
    if (!events[i - 1] || !events[i] || events[i - 1]->version < events[i]->version) continue;
    fail(stream + " has an event twice or out of order", "versions that rise");
  }
  std::size_t next = 0;
  for (const Entry& entry : entries_) {
    const std::string version = std::to_string(entry.event.version);
    if (next < events.size() && events[next] && events[next]->version == entry.event.version) {
      if (entry.state == State::kRefused) {
        fail(stream +
                 " has an event whose save was answered with an error that says that nothing was stored",
             "no version " + version);
      }
      if (const std::string difference = Difference(entry.event, *events[next]); !difference.empty()) {
        throw Failure(when + " version " + version + " in " + stream + " differs: " + difference);
      }
      ++next;
    } else if (entry.state == State::kAcknowledged) {
      fail("an acknowledged event is lost from " + stream,
           "version " + version + ", which was acknowledged");
    }
  }
  if (next < events.size()) {
    fail(stream + " has an event that nobody saved", "the events that were saved");
  }
}

void Ledger::AcknowledgeSnapshot(std::int64_t version) {
  for (SnapshotEntry& entry : snapshots_) {
    if (entry.snapshot.version == version) entry.state = State::kAcknowledged;
  }
}

void Ledger::RefuseSnapshot(std::int64_t version) {
  for (SnapshotEntry& entry : snapshots_) {
    if (entry.snapshot.version == version) entry.state = State::kRefused;
  }
}

void Ledger::RequireSurvived(const std::optional<ActorSnapshot>& snapshot, const std::string& when) const {
  const auto fail = [&](const std::string& what, const std::string& expected) {
    throw Failure(when + " the snapshot of " + Quote(actor_id_) + " " + what, expected,
                  snapshot ? Describe(*snapshot) : "none");
  };
  std::int64_t acknowledged = 0;
  const SnapshotEntry* found = nullptr;
  for (const SnapshotEntry& entry : snapshots_) {
    if (entry.state == State::kAcknowledged) acknowledged = entry.snapshot.version;
    if (snapshot && entry.snapshot.version == snapshot->version) found = &entry;
  }
  const std::string expected =
      "version " + std::to_string(acknowledged) + ", which was acknowledged, or a later one";
  if (!snapshot) return acknowledged > 0 ? fail("is lost", expected) : void();
  if (found == nullptr) return fail("is one that nobody saved", "one that was saved, or none");
  if (found->snapshot != *snapshot) return fail("differs from what was saved", Describe(found->snapshot));
  if (found->state == State::kRefused) {
    fail("is one whose save was answered with an error that says that nothing was stored", expected);
  }
  if (snapshot->version < acknowledged) fail("is an old one", expected);
}

void Ledger::Settle(const std::optional<ActorSnapshot>& snapshot) {
  if (snapshot) AcknowledgeSnapshot(snapshot->version);
}

Ledger Ledger::WithoutAcknowledgements() const {
  Ledger ledger = *this;
  const auto forget = [](auto& entry) {
    if (entry.state == State::kAcknowledged) entry.state = State::kUnanswered;
  };
  for (Entry& entry : ledger.entries_) forget(entry);
  for (SnapshotEntry& entry : ledger.snapshots_) forget(entry);
  return ledger;
}

void Ledger::Settle(const std::vector<EventPtr>& events) {
  for (const EventPtr& event : events) Acknowledge(event->version);
  bool later = false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    later = later || entry->state == State::kAcknowledged;
    if (entry->state == State::kUnanswered && later) entry->state = State::kRefused;
  }
}

std::vector<Ledger> NewLedgers(Trial& t, int n, Kept kept) {
  std::vector<Ledger> ledgers;
  for (int i = 0; i < n; ++i) ledgers.emplace_back(t.NewActor(), kept);
  return ledgers;
}

}  // namespace aether::conformance
