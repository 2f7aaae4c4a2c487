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

// None if the log cannot be read.
std::optional<std::uint64_t> TailChecksum(const LogFile& log, std::uint64_t log_id, std::uint64_t end) {
  std::array<char, kTailBytes> bytes;
  const std::uint64_t size = std::min(end, kTailBytes);
  std::size_t read = 0;
  if (log.ReadAt(end - size, bytes.data(), size, &read) || read < size) return std::nullopt;
  return Checksum({bytes.data(), size}, log_id);
}

std::optional<Checkpoint> Read(FileDescriptor fd, FileEnv* env, const LogFile& log, std::uint64_t log_id,
                               std::uint64_t log_bytes) {
  const LogFile file(std::move(fd), env);
  const auto size = file.Size();
  // No index is larger than its log by more than its header.
  if (!size || *size > log_bytes + kTailBytes) return std::nullopt;
  auto bytes = std::make_unique_for_overwrite<char[]>(*size);
  std::size_t read = 0;
  if (file.ReadAt(0, bytes.get(), *size, &read)) return std::nullopt;
  auto checkpoint = Checkpoint::Decode(std::move(bytes), read, log_id);
  if (!checkpoint) return std::nullopt;
  const CheckpointRange& range = checkpoint->range();
  if (range.end > log_bytes || TailChecksum(log, log_id, range.end) != range.tail_checksum)
    return std::nullopt;
  return checkpoint;
}

}  // namespace

Result<std::optional<Checkpoint>> ReadCheckpoint(const fs::path& directory, FileEnv* env,
                                                 const LogFile& log, std::uint64_t log_id,
                                                 std::uint64_t log_bytes) {
  const fs::path path = PathIn(directory);
  auto fd = OpenFile(path, O_RDONLY);
  if (!fd.valid() && errno == ENOENT) return std::optional<Checkpoint>();
  if (fd.valid()) {
    if (auto checkpoint = Read(std::move(fd), env, log, log_id, log_bytes)) return checkpoint;
  }
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return IoError(ErrorCode::kStorageFailed, "remove " + path.string(), error);
  if (auto synced = SyncDirectory(directory); !synced) return synced.error();
  return std::optional<Checkpoint>();
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
