// The texts of errors.

#include "aether/result.h"

#include "aether/json.h"

namespace aether {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kVersionConflict:
      return "version_conflict";
    case ErrorCode::kInvalidEvent:
      return "invalid_event";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kClosed:
      return "closed";
    case ErrorCode::kStorageFull:
      return "storage_full";
    case ErrorCode::kStorageFailed:
      return "storage_failed";
    case ErrorCode::kOutcomeUnknown:
      return "outcome_unknown";
  }
  return "unknown";
}

StoreError StoreError::Conflict(std::string_view actor_id, std::int64_t attempted_version,
                                std::int64_t current_version) {
  std::string message = "version conflict: actor ";
  AppendJsonString(actor_id, &message);
  message += " has version " + std::to_string(current_version) + ", cannot save version " +
             std::to_string(attempted_version);
  StoreError error(ErrorCode::kVersionConflict, std::move(message));
  error.conflict_ = VersionConflict{std::string(actor_id), attempted_version, current_version};
  return error;
}

StoreError StoreError::InvalidEvent(std::string_view field, std::string_view what) {
  std::string message = "invalid event: ";
  message.append(field).append(": ").append(what);
  StoreError error(ErrorCode::kInvalidEvent, std::move(message));
  error.field_ = field;
  return error;
}

}  // namespace aether
