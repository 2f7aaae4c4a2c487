// Reading a log from its beginning: what is in it, where it ends, and what is damaged.

#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "aether/result.h"
#include "log_file.h"
#include "log_reader.h"

namespace aether::file {

// Records that nobody can attribute to an actor any more, and the bytes in which they were.
struct LostRecords {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t count = 0;
};

struct LogContents {
  std::uint64_t end = kFileHeaderBytes;     // where the log ends and the next frame goes
  std::uint64_t proven = kFileHeaderBytes;  // what lies before was flushed
  bool sealed = true;                       // no record lies behind `proven`
  std::uint64_t next_sequence = 1;
  std::uint64_t torn_bytes = 0;  // at `end`, to be cut off
  std::uint64_t damaged_records = 0;
  std::uint64_t damaged_bytes = 0;
  std::vector<LostRecords> lost;

  bool damaged() const { return damaged_records > 0 || damaged_bytes > 0 || !lost.empty(); }
};

// Reads on from `start`, what is known of the log's beginning: nothing, or what a checkpoint says. Calls
// `visit` for each record with a sound header, in order, and answers what else there is to know.
// Damage before the last offset that any frame proves flushed is damage; what lies behind it, from the
// first unsound byte on, is a torn tail. Changes nothing. kUnavailable if the file cannot be read.
Result<LogContents> ScanLog(const LogFile& file, std::uint64_t log_id, std::uint64_t file_bytes,
                            LogContents start, const std::function<void(const Record&)>& visit);

}  // namespace aether::file
