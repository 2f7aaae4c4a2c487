// Saving a snapshot: compare with the one that is there, replace it if nobody else has, else try again.

#include "snapshots.h"

#include <algorithm>

#include "aether/wire.h"

namespace aether::jetstream {

Snapshots::Snapshots(const std::shared_ptr<Connection>& connection, const JetStreamOptions& options)
    : names_(options),
      save_limit_(std::min(options.time_limit, options.duplicates_window)),
      log_(connection, names_.snapshots_stream) {}

Result<void> Snapshots::Save(const ActorSnapshot& snapshot) const {
  auto data = EncodeSnapshot(snapshot);
  if (!data) return data.error();
  const auto deadline = SubjectLog::Clock::now() + save_limit_;
  const Draft draft =
      MakeDraft(names_.SnapshotSubject(snapshot.actor_id), *std::move(data), snapshot.version);
  for (;;) {
    const auto last = log_.Last(draft.subject);
    if (!last) return last.error();
    // A lower version is accepted and never read: it need not be stored. (SNAP-03)
    if (*last && (*last)->stamp && (*last)->stamp->version > snapshot.version) return {};
    const std::uint64_t expected = *last ? (*last)->sequence : 0;
    const auto appended = log_.Append(draft, Expectation::OfSubject(expected), deadline);
    if (!appended && appended.error().code() == ErrorCode::kInvalidEvent) {
      return StoreError::InvalidEvent("state", appended.error().message());
    }
    if (!appended) return appended.error();
    if (*appended) return {};
    if (SubjectLog::Clock::now() >= deadline) {
      return StoreError(ErrorCode::kUnavailable, "other writers were faster for too long");
    }
  }
}

Result<std::optional<ActorSnapshot>> Snapshots::Latest(std::string_view actor_id) const {
  const auto last = log_.Last(names_.SnapshotSubject(actor_id));
  if (!last) return last.error();
  if (!*last) return std::optional<ActorSnapshot>();
  auto snapshot = DecodeSnapshot((*last)->data);
  if (!snapshot) return snapshot.error();
  if (snapshot->actor_id != actor_id) {
    return StoreError(ErrorCode::kCorrupt, "actorId: the snapshot of another actor");
  }
  return std::optional(*std::move(snapshot));
}

}  // namespace aether::jetstream
