// What has to be there, and what may be.

#include "faults/ledger.h"

#include <algorithm>

#include "rule_run.h"
#include "timeline.h"

namespace aether::conformance {

void Ledger::Acknowledge(std::int64_t version) {
  for (Entry& entry : entries_) {
    if (entry.event.version == version) entry.state = State::kAcknowledged;
  }
}

std::int64_t Ledger::LatestVersion() const {
  std::int64_t latest = 0;
  for (const Entry& entry : entries_) {
    if (entry.state == State::kAcknowledged) latest = entry.event.version;
  }
  return latest;
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

void Ledger::Settle(const std::vector<EventPtr>& events) {
  for (const EventPtr& event : events) Acknowledge(event->version);
  bool later = false;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) {
    later = later || entry->state == State::kAcknowledged;
    if (entry->state == State::kUnanswered && later) entry->state = State::kRefused;
  }
}

std::vector<Ledger> NewLedgers(Trial& t, int n) {
  std::vector<Ledger> ledgers;
  for (int i = 0; i < n; ++i) ledgers.emplace_back(t.NewActor());
  return ledgers;
}

}  // namespace aether::conformance
