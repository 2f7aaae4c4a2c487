// Stores that do not keep what was saved as it was.

#include <algorithm>
#include <stdexcept>

#include "aether/conformance/forbidden_members.h"
#include "broken_store.h"

namespace aether::selftest {

namespace {

Event Changed(const Event& event) {
  Event changed = event;
  changed.command_id = "changed";
  return changed;
}

struct RewritesTheFirstEvent : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream& stream, const Event& event) override {
    DoubleStore::Saved(stream, event);
    if (stream.records.size() == 3 && stream.records[0].event) {
      stream.records[0].event = std::make_shared<const Event>(Changed(*stream.records[0].event));
    }
  }
};

struct ForgetsAnOldEvent : DoubleStore {
  using DoubleStore::DoubleStore;
  void Saved(Stream& stream, const Event& event) override {
    DoubleStore::Saved(stream, event);
    if (stream.records.size() == 5) stream.records.erase(stream.records.begin() + 1);
  }
};

// The event is looked at when it is read, not when it is saved.
struct KeepsAReference : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    DoubleStore::Append(stream, event);
    // Shares the caller's object without owning it.
    stream.records.back().event = EventPtr(EventPtr(), &event);
  }
};

struct RefusedSaveTouchesTheLast : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event&) override {
    if (!stream.records.empty() && stream.records.back().event) {
      stream.records.back().event = std::make_shared<const Event>(Changed(*stream.records.back().event));
    }
  }
};

struct Upserts : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event& event) override {
    for (Record& record : stream.records) {
      if (record.event && record.event->version == event.version) {
        record.event = std::make_shared<const Event>(event);
      }
    }
  }
};

struct DropsAKnownId : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    const bool known = std::any_of(stream.records.begin(), stream.records.end(), [&](const Record& record) {
      return record.event && record.event->id == event.id;
    });
    if (!known) DoubleStore::Append(stream, event);
  }
};

struct KeysByEventId : DoubleStore {
  using DoubleStore::DoubleStore;
  void Append(Stream& stream, const Event& event) override {
    std::erase_if(stream.records,
                  [&](const Record& record) { return record.event && record.event->id == event.id; });
    DoubleStore::Append(stream, event);
  }
};

// Every fifth read misses the last event, as from a replica that is behind.
struct ReadsFallBehind : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    if (++reads_ % 5 == 0 && !events.empty()) events.pop_back();
    return events;
  }
  int reads_ = 0;
};

struct LosesTheTailOnReopening : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      if (!stream.records.empty()) stream.records.pop_back();
    }
  }
};

struct ForgetsVersionsOnReopening : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) stream.latest = 0;
  }
};

// Hands out objects of a pool, which the next read fills again.
struct UsesBuffersAgain : DoubleStore {
  using DoubleStore::DoubleStore;
  std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) override {
    for (std::size_t i = 0; i < events.size(); ++i) {
      // From the end, so that a longer stream puts other events into the same objects.
      const std::size_t slot = events.size() - 1 - i;
      while (pool_.size() <= slot) pool_.push_back(std::make_shared<Event>());
      *pool_[slot] = *events[i];
      events[i] = pool_[slot];
    }
    return events;
  }
  std::vector<std::shared_ptr<Event>> pool_;
};

struct Updates : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> UpdateEvent(std::string_view, std::int64_t, const Event&) { return {}; }
};

struct Purges : DoubleStore {
  using DoubleStore::DoubleStore;
  void purge(std::string_view, int = 0) {}
};

struct Throws : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    if (actor_id.size() > 4000) throw std::length_error("the key is too long");
    return DoubleStore::GetEvents(actor_id, from_version);
  }
};

template <typename Store>
BrokenStore BrokenType(std::string_view name, std::string_view rule, std::string_view fault) {
  BrokenStore broken = Broken<Store>(name, rule, fault);
  broken.subject.updating_members = conformance::UpdatingMembers<Store>();
  broken.subject.deleting_members = conformance::DeletingMembers<Store>();
  return broken;
}

struct RefusedSaveTouchesOthers : DoubleStore {
  using DoubleStore::DoubleStore;
  void Refused(Stream& stream, const Event&) override {
    for (auto& [key, other] : state_->streams) {
      if (&other == &stream || other.records.empty() || !other.records.back().event) continue;
      other.records.back().event = std::make_shared<const Event>(Changed(*other.records.back().event));
    }
  }
};

// The new content is in place before it is looked at.
struct InvalidSaveTouchesTheLast : DoubleStore {
  using DoubleStore::DoubleStore;
  Result<void> Check(const Event& event) override {
    auto valid = Validate(event);
    if (valid) return valid;
    const std::lock_guard lock(state_->mutex);
    Stream& stream = state_->streams[KeyOf(event.actor_id)];
    if (!stream.records.empty() && stream.records.back().event) {
      stream.records.back().event = std::make_shared<const Event>(Changed(*stream.records.back().event));
    }
    return valid;
  }
};

// Right as long as the memory lasts.
struct ReopeningDropsMetadata : DoubleStore {
  using DoubleStore::DoubleStore;
  void Reopened(State& state) override {
    for (auto& [key, stream] : state.streams) {
      for (Record& record : stream.records) {
        if (!record.event) continue;
        Event bare = *record.event;
        bare.metadata = Metadata();
        record.event = std::make_shared<const Event>(bare);
      }
    }
  }
};

}  // namespace

std::vector<BrokenStore> BrokenInImmutability() {
  return {
      Broken<RewritesTheFirstEvent>("rewrites_the_first_event", "IMM-01",
                                    "the third save changes the first event"),
      Broken<ForgetsAnOldEvent>("forgets_an_old_event", "IMM-01", "the fifth save drops the second event"),
      Broken<KeepsAReference>("keeps_a_reference", "IMM-02", "keeps the caller's object, not a copy"),
      Broken<RefusedSaveTouchesTheLast>("refused_save_touches_the_last", "IMM-03",
                                        "a refused save changes the last event"),
      Broken<Upserts>("upserts", "IMM-04", "a refused save replaces the event of its version"),
      Broken<DropsAKnownId>("drops_a_known_id", "IMM-05",
                            "an event with a known id is acknowledged and dropped"),
      Broken<KeysByEventId>("keys_by_event_id", "IMM-05",
                            "an event with a known id replaces the first one"),
      Broken<ReadsFallBehind>("reads_fall_behind", "IMM-06", "every fifth read misses the last event"),
      Broken<LosesTheTailOnReopening>("loses_the_tail_on_reopening", "IMM-07",
                                      "reopening loses last events"),
      Broken<ForgetsVersionsOnReopening>("forgets_versions_on_reopening", "IMM-07",
                                         "reopening starts the version counters at 0"),
      Broken<UsesBuffersAgain>("uses_buffers_again", "IMM-08",
                               "events that were read change with the next read"),
      BrokenType<Updates>("updates", "API-01", "has a public UpdateEvent"),
      BrokenType<Purges>("purges", "API-02", "has a public purge"),
      Broken<Throws>("throws", "API-03", "throws for a long actor id"),
      Broken<RefusedSaveTouchesOthers>("refused_save_touches_others", "IMM-03",
                                       "a refused save changes another actor's last event"),
      Broken<InvalidSaveTouchesTheLast>("invalid_save_touches_the_last", "IMM-03",
                                        "an invalid save changes the last event"),
      Broken<ReopeningDropsMetadata>("reopening_drops_metadata", "IMM-07", "reopening loses metadata"),
  };
}

}  // namespace aether::selftest
