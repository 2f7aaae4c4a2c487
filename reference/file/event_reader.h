// Reading the records of one actor at known positions.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <system_error>

#include "actor_index.h"
#include "aether/event.h"
#include "log_file.h"
#include "log_map.h"

namespace aether::file {

// An open log, for reading its records.
struct ReadableLog {
  const LogFile& file;
  LogMap& map;
  std::uint64_t log_id;
  std::uint64_t end;  // not behind the log's end
};

// Adds the events at `positions`, those of `actor_id`, to `result`, in order, and a replay error for each
// that cannot be read as one or is missing before another. An error is a read that failed; `result` is then
// incomplete.
std::error_code ReadEvents(const ReadableLog& log, std::string_view actor_id, EventPositions positions,
                           ReplayResult* result);

// Calls `visit` with the payload of each sound record at `positions`, in order. An error is a read that
// failed.
std::error_code ReadPayloads(const ReadableLog& log, std::string_view actor_id, EventPositions positions,
                             const std::function<void(std::string_view payload)>& visit);

// The snapshot at `position`: kCorrupt if it is damaged, kUnavailable if it cannot be read.
Result<ActorSnapshot> ReadSnapshot(const ReadableLog& log, std::string_view actor_id,
                                   const Position& position);

}  // namespace aether::file
