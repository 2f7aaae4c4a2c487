// Decoding records, and following the links between them.

#include "replay.h"

#include <algorithm>

#include "aether/wire.h"

namespace aether::jetstream {

Result<Event> ReadEvent(const Record& record) {
  auto event = DecodeEvent(record.data);
  if (!event) return event;
  if (!record.stamp) {
    return StoreError(ErrorCode::kCorrupt, "it has no Aether-Stamp header: not written by an event store");
  }
  if (event->version != record.stamp->version) {
    return StoreError(ErrorCode::kCorrupt, "version: " + std::to_string(event->version) +
                                               " in an event of version " +
                                               std::to_string(record.stamp->version));
  }
  return event;
}

void Replay::Add(const Record& record) {
  if (const auto& stamp = record.stamp) {
    const bool wanted = stamp->previous_version >= std::max<std::int64_t>(from_version_, 1);
    if (wanted && stamp->previous_sequence != 0 && stamp->previous_sequence != last_event_) {
      missing_.push_back({stamp->previous_sequence, stamp->previous_version, result_.events.size()});
    }
    last_event_ = record.sequence;
    if (stamp->version < from_version_) return;
  }
  auto event = ReadEvent(record);
  if (event && event->actor_id != actor_id_) {
    event = StoreError(ErrorCode::kCorrupt, "actorId: the event of another actor");
  }
  // No server that checks expectations stores this; some have failed to.
  if (event && !result_.events.empty() && event->version <= result_.events.back()->version) {
    event = StoreError(ErrorCode::kCorrupt, "version: not above that of the event before it, which is " +
                                                std::to_string(result_.events.back()->version));
  }
  if (event) {
    result_.events.push_back(std::make_shared<const Event>(*std::move(event)));
  } else {
    result_.errors.push_back({record.sequence, record.data, event.error().message()});
  }
}

ReplayResult Replay::Finish(std::uint64_t first_sequence) && {
  std::size_t expired = 0;
  for (const Missing& missing : missing_) {
    if (missing.sequence < first_sequence) {
      // Expired while we read: what is left has to be a suffix, without a hole.
      expired = missing.events_before;
      std::erase_if(result_.errors,
                    [&](const ReplayError& error) { return error.sequence_number < missing.sequence; });
      continue;
    }
    result_.errors.push_back({missing.sequence, "",
                              "the event of version " + std::to_string(missing.version) +
                                  " is missing, though it has not expired"});
  }
  result_.events.erase(result_.events.begin(),
                       result_.events.begin() + static_cast<std::ptrdiff_t>(expired));
  std::sort(result_.errors.begin(), result_.errors.end(), [](const ReplayError& a, const ReplayError& b) {
    return a.sequence_number < b.sequence_number;
  });
  return std::move(result_);
}

}  // namespace aether::jetstream
