// Snapshots: the latest snapshot of each actor, one record a subject.

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "aether/event.h"
#include "aether/jetstream_store.h"
#include "subject_log.h"

namespace aether::jetstream {

// All threads may use it. Errors as the methods of SnapshotStore have them.
class Snapshots {
 public:
  Snapshots(const std::shared_ptr<Connection>& connection, const JetStreamOptions& options);

  Result<void> Save(const ActorSnapshot& snapshot) const;
  Result<std::optional<ActorSnapshot>> Latest(std::string_view actor_id) const;

 private:
  const JetStreamNames names_;
  const std::chrono::milliseconds save_limit_;
  const SubjectLog log_;
};

}  // namespace aether::jetstream
