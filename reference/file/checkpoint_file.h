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

// What events.index says, and whether it may be used.
struct IndexFile {
  std::optional<Checkpoint> checkpoint;  // if it is whole, and the log still has what it covers
  bool wrong = false;                    // there is a file, and it is not used

  // Of the first record behind what the log held when the file was written, all of which was flushed: where
  // the log has fewer records now, it has lost some. 0 if the file does not say.
  std::uint64_t next_sequence = 0;
};

// Reads the file in `directory`, for `log`, of `log_bytes`. kUnavailable if nothing more can be opened or
// held in memory, or if storage fails to read either: then nobody knows what the file says.
Result<IndexFile> ReadIndexFile(const std::filesystem::path& directory, FileEnv* env, const LogFile& log,
                                std::uint64_t log_id, std::uint64_t log_bytes);

// Removes the file, durably: a wrong one must not be there when the log grows to look like its own.
Result<void> RemoveIndexFile(const std::filesystem::path& directory);

// Writes the file anew, for `log` up to `range.end`, all of which is stored; range.tail_checksum is not
// looked at. False if that fails: then the file is as before. Not beside saves.
bool WriteCheckpoint(const std::filesystem::path& directory, FileEnv* env, const LogFile& log,
                     std::uint64_t log_id, CheckpointRange range, const ActorIndex& index);

}  // namespace aether::file
