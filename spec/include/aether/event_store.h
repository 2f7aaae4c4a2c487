// The store contract in C++: EventStore and what a store may offer beyond it.
//
// Every method may be called from any thread at any time, through one handle or several. No exception
// leaves a method: errors are values. There is no update and no delete, by design: a mistake is
// corrected by appending an event that says so.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "aether/event.h"
#include "aether/result.h"

namespace aether {

// A handle on an append-only store of events. Destroying a handle closes it.
class EventStore {
 public:
  virtual ~EventStore() = default;

  // Appends `event` to its actor's stream. When it returns without an error, the event is stored for
  // good, as durably as the store promises, and every handle reads it. Keeps its own copy.
  //   kVersionConflict  the version is not above the actor's latest; a racing writer whose version
  //                     still is above it is stored, not refused (CON-01, CON-04)
  //   kInvalidEvent     see Validate(), or the event is over the store's size limit (INV, READ-07)
  //   kOutcomeUnknown   it may or may not have been stored: read before you try again
  // Any other error: nothing was stored.
  virtual Result<void> SaveEvent(const Event& event) = 0;

  // The actor's events with version >= `from_version`, ascending by version; empty when there is none.
  // Records that cannot be read are left out. (READ-01, READ-02, RPL-04)
  virtual Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) = 0;

  // The version of the actor's last event; 0 if none was ever saved, also after expiry. (VER-03, RET-02)
  virtual Result<std::int64_t> GetLatestVersion(std::string_view actor_id) = 0;

  // Ends this handle: afterwards every call on it answers kClosed (a second Close() may answer success as
  // well). Other handles on the same storage go on. Calls under way in other threads finish or answer
  // kClosed. (INV-06, INV-07)
  virtual Result<void> Close() = 0;
};

// A store that reports records it cannot read.
class EventStoreWithErrors : public virtual EventStore {
 public:
  // As GetEvents, and for each record that could not be read its sequence number, bytes and cause.
  // A record of unknown version is reported for every `from_version` <= 1; a higher one may leave out
  // those of lower or unknown position. (RPL)
  virtual Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id,
                                                   std::int64_t from_version) = 0;
};

// A store that keeps snapshots.
class SnapshotStore : public virtual EventStore {
 public:
  // Keeps `snapshot` if its version is not below that of the actor's latest one; an equal version
  // replaces, a lower one is accepted and never read. It may be ahead of the latest event. Events and
  // versions are untouched. Errors as for SaveEvent, except conflicts. (SNAP)
  virtual Result<void> SaveSnapshot(const ActorSnapshot& snapshot) = 0;

  // The actor's snapshot of the highest version, or none.
  virtual Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) = 0;
};

// Ends the subscription when destroyed; when the destructor has returned, the callback is not running and
// will not run again (unless the destructor was called by the callback itself).
class Subscription {
 public:
  virtual ~Subscription() = default;
};

using EventStoredCallback = std::function<void(const EventStored&)>;

// A store that tells when an event has been persisted.
class EventNotifier : public virtual EventStore {
 public:
  // Calls `callback` once for each save that succeeds after this returns, through whatever handle, in
  // version order for each actor, when the event can be read; never for a refused save; after an unknown
  // outcome once or not at all. Calls come from a thread of the store's, one at a time. The callback
  // may use the store and may throw, and while it blocks saves still finish and their notices wait. The
  // subscription ends with the returned object or when this handle is closed. (NOTE)
  virtual Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) = 0;
};

}  // namespace aether
