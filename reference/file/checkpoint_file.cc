// Reading, judging and replacing events.index.

#include "checkpoint_file.h"

#include <fcntl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "log_format.h"

namespace aether::file {
namespace {

namespace fs = std::filesystem;

fs::path PathIn(const fs::path& directory) { return directory / "events.index"; }

StoreError ReadFailed(std::error_code error) {
  return IoError(ErrorCode::kUnavailable, "read the log or its index", error);
}

Result<std::uint64_t> TailChecksum(const LogFile& log, std::uint64_t log_id, std::uint64_t end) {
  std::array<char, kTailBytes> bytes;
  const std::uint64_t size = std::min(end, kTailBytes);
  std::size_t read = 0;
  if (const auto error = log.ReadAt(end - size, bytes.data(), size, &read)) return ReadFailed(error);
  return Checksum({bytes.data(), read}, log_id);
}

// None if the file does not hold what its header says, or the log not what it covers.
Result<std::optional<Checkpoint>> ReadWhole(const LogFile& file, std::uint64_t size, const LogFile& log,
                                            std::uint64_t log_id) {
  auto bytes = std::make_unique_for_overwrite<char[]>(size);
  std::size_t read = 0;
  if (const auto error = file.ReadAt(0, bytes.get(), size, &read)) return ReadFailed(error);
  auto checkpoint = Checkpoint::Decode(std::move(bytes), read, log_id);
  if (!checkpoint) return checkpoint;
  const CheckpointRange& range = checkpoint->range();
  const auto tail = TailChecksum(log, log_id, range.end);
  if (!tail) return tail.error();
  if (*tail != range.tail_checksum) checkpoint.reset();
  return checkpoint;
}

// What could not be read is not wrong: it may be all that tells of records that the log has lost.
Result<IndexFile> Read(const LogFile& file, const LogFile& log, std::uint64_t log_id,
                       std::uint64_t log_bytes) {
  IndexFile index;
  index.wrong = true;
  const auto size = file.Size();
  std::array<char, CheckpointHeader::kBytes> bytes;
  std::size_t read = 0;
  if (!size) return size.error();
  if (const auto error = file.ReadAt(0, bytes.data(), bytes.size(), &read)) {
    if (error.value() == EISDIR) return index;
    return ReadFailed(error);
  }
  const auto header = CheckpointHeader::Decode({bytes.data(), read}, log_id);
  if (!header) return index;
  index.next_sequence = header->range.next_sequence;
  if (header->range.end > log_bytes || !header->Fits(*size)) return index;
  auto checkpoint = ReadWhole(file, *size, log, log_id);
  if (!checkpoint) return checkpoint.error();
  index.checkpoint = *std::move(checkpoint);
  index.wrong = !index.checkpoint;
  return index;
}

}  // namespace

Result<IndexFile> ReadIndexFile(const fs::path& directory, FileEnv* env, const LogFile& log,
                                std::uint64_t log_id, std::uint64_t log_bytes) {
  const fs::path path = PathIn(directory);
  auto fd = OpenFile(path, O_RDONLY);
  if (fd.valid()) return Read(LogFile(std::move(fd), env), log, log_id, log_bytes);
  if (errno == ENOENT) return IndexFile();
  // It is there, and may be all that tells of a loss: it is not to be replaced unread.
  const auto code = IsShortage(errno) || errno == EIO ? ErrorCode::kUnavailable : ErrorCode::kStorageFailed;
  return IoError(code, "open " + path.string(), LastError());
}

Result<void> RemoveIndexFile(const fs::path& directory) {
  const fs::path path = PathIn(directory);
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return IoError(ErrorCode::kStorageFailed, "remove " + path.string(), error);
  return SyncDirectory(directory);
}

bool WriteCheckpoint(const fs::path& directory, FileEnv* env, const LogFile& log, std::uint64_t log_id,
                     CheckpointRange range, const ActorIndex& index) {
  const auto tail = TailChecksum(log, log_id, range.end);
  if (!tail) return false;
  range.tail_checksum = *tail;
  const fs::path path = PathIn(directory);
  const fs::path draft = path.string() + ".new";
  auto fd = OpenFile(draft, O_WRONLY | O_CREAT | O_TRUNC);
  if (!fd.valid()) return false;
  const LogFile file(std::move(fd), env);
  // Not flushed: what a power cut leaves of it, its checksums tell.
  if (!file.WriteAt(0, index.Encode(log_id, range)) && std::rename(draft.c_str(), path.c_str()) == 0) {
    return true;
  }
  std::error_code ignored;
  fs::remove(draft, ignored);
  return false;
}

}  // namespace aether::file
