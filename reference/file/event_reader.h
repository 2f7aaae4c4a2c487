// Reading the records of one actor at known positions.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

#include "actor_index.h"
#include "aether/event.h"
#include "log_file.h"

namespace aether::file {

// Adds the events at `positions`, those of `actor_id`, to `result`, in order, and a replay error for each
// that cannot be read as one or is missing before another. An error is a read that failed; `result` is then
// incomplete.
std::error_code ReadEvents(const LogFile& file, std::uint64_t log_id, std::string_view actor_id,
                           EventPositions positions, ReplayResult* result);

// The snapshot at `position`: kCorrupt if it is damaged, kUnavailable if it cannot be read.
Result<ActorSnapshot> ReadSnapshot(const LogFile& file, std::uint64_t log_id, std::string_view actor_id,
                                   const Position& position);

}  // namespace aether::file
