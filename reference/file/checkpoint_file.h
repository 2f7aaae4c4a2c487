// events.index: the file of a log's checkpoint. It is a cache: whatever is wrong with it, the log knows
// better.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "actor_index.h"
#include "aether/file_env.h"
#include "aether/result.h"
#include "checkpoint.h"
#include "log_file.h"

namespace aether::file {

// The checkpoint in `directory`, if it is whole and `log`, of `log_bytes`, still has what it covers. A file
// of which that is not so is removed, durably, before the log can grow to look like its own.
// kStorageFailed if it cannot be removed.
Result<std::optional<Checkpoint>> ReadCheckpoint(const std::filesystem::path& directory, FileEnv* env,
                                                 const LogFile& log, std::uint64_t log_id,
                                                 std::uint64_t log_bytes);

// Writes the file anew, for `log` up to `range.end`, all of which is stored; range.tail_checksum is not
// looked at. False if that fails: then the file is as before. Not beside saves.
bool WriteCheckpoint(const std::filesystem::path& directory, FileEnv* env, const LogFile& log,
                     std::uint64_t log_id, CheckpointRange range, const ActorIndex& index);

}  // namespace aether::file
