// LogWriter: the end of the log, where frames are written and flushed.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "aether/file_store.h"
#include "aether/result.h"
#include "commit_queue.h"
#include "log_file.h"
#include "log_scan.h"

namespace aether::file {

// For one thread at a time.
class LogWriter {
 public:
  // `contents` is what ScanLog() found in `file`.
  LogWriter(LogFile* file, std::uint64_t log_id, const FileStoreOptions& options,
            const LogContents& contents);

  // Cuts off a torn tail, and makes sure that what was found behind the last proven offset is on storage;
  // damage that the tail proves to be damage is proven by a seal from then on. A log that has lost records
  // is left as it is, and takes no saves. kStorageFull or kStorageFailed if it cannot be done; it may be
  // tried again.
  Result<void> Repair(const LogContents& contents);

  // Writes the records behind the last one, in order, sets their sequences and positions, and flushes them
  // if the log is durable.
  //   kStorageFull, kStorageFailed  the write failed; nothing is stored; the next one may succeed
  //   kOutcomeUnknown               the flush failed, or the write failed and could not be taken back.
  //   Every
  //                                 later call answers kStorageFailed
  Result<void> Write(std::span<Append* const> appends);

  // Takes no more records until the log is opened again.
  void GiveUp();

  // Ends the log in a frame that proves it flushed, and gives back the room made ahead. kOutcomeUnknown if
  // records of a log that is not durable could not be flushed.
  Result<void> Seal();

  // Where the next frame goes. What lies before it is stored.
  std::uint64_t end() const { return end_; }

  // For a checkpoint at the end.
  bool sealed() const { return sealed_; }
  std::uint64_t synced() const { return synced_; }
  std::uint64_t next_sequence() const { return next_sequence_; }

 private:
  std::error_code WriteAgain();
  std::error_code WriteFrames(std::span<Append* const> appends, std::uint64_t* end);
  std::error_code WriteFrame(std::span<Append* const> appends, std::uint64_t* end);
  void MakeRoom(std::uint64_t end);
  StoreError WriteFailed(std::error_code error);
  StoreError FlushFailed(std::error_code error);
  void RefuseSaves(std::string_view why, std::error_code error);

  LogFile& file_;
  const std::uint64_t log_id_;
  const Durability durability_;
  const std::uint64_t preallocate_bytes_;

  std::uint64_t end_;
  std::uint64_t synced_;     // everything before it is flushed
  std::uint64_t allocated_;  // the room made ahead ends here
  std::uint64_t next_sequence_;
  bool sealed_;
  std::string frame_;
  std::optional<StoreError> broken_;
};

}  // namespace aether::file
