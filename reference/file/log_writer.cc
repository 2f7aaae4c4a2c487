// Writing frames, flushing them, and what happens when either fails.

#include "log_writer.h"

#include <algorithm>
#include <exception>

namespace aether::file {
namespace {

// A batch over this size is written in several frames, so that the buffer stays small.
constexpr std::size_t kFrameBytes = 1 << 20;

// The least that the log grows by.
constexpr std::uint64_t kLeastRoom = 256 << 10;

}  // namespace

LogWriter::LogWriter(LogFile* file, std::uint64_t log_id, const FileStoreOptions& options,
                     const LogContents& contents)
    : file_(*file),
      log_id_(log_id),
      durability_(options.durability),
      preallocate_bytes_(options.preallocate_bytes),
      end_(contents.end),
      synced_(contents.proven),
      allocated_(contents.end),
      next_sequence_(contents.next_sequence),
      sealed_(contents.sealed) {}

Result<void> LogWriter::Repair(const LogContents& contents) {
  const auto failed = [](std::error_code error) {
    return IoError(ErrorCode::kStorageFailed, "repair the end of the log", error);
  };
  if (!contents.lost.empty()) {  // it is evidence, and stays as it is
    broken_ = StoreError(ErrorCode::kCorrupt, "the log has lost records");
    return {};
  }
  const bool torn = contents.torn_bytes > 0;
  if (sealed_ && !torn) return {};
  if (const auto error = WriteAgain()) return failed(error);
  // The tail may be all that proves damage before it to be damage: a seal has to do so before it is cut
  // off.
  if (torn && contents.damaged()) {
    if (const auto error = file_.Sync()) return failed(error);
    synced_ = end_;
    if (const auto error = WriteFrame({}, &end_)) return failed(error);
    sealed_ = true;
  }
  if (torn) {
    if (const auto error = file_.Resize(end_)) return failed(error);
  }
  if (const auto error = file_.Sync()) return failed(error);
  synced_ = end_;
  return {};
}

// Frames that nothing proves flushed, byte for byte. A flush that failed before leaves pages that look
// clean and are nowhere but in memory; flushing those again would prove nothing.
std::error_code LogWriter::WriteAgain() {
  LogReader reader(file_, log_id_, end_);
  for (std::uint64_t at = synced_; at < end_;) {
    const auto bytes = reader.View(at, kFrameBytes);
    if (bytes.empty()) return reader.error() ? reader.error() : std::make_error_code(std::errc::io_error);
    if (const auto error = file_.WriteAt(at, bytes)) return error;
    at += bytes.size();
  }
  return {};
}

Result<void> LogWriter::Write(std::span<Append* const> appends) {
  if (broken_) return *broken_;
  std::uint64_t end = end_;
  std::error_code error;
  try {
    error = WriteFrames(appends, &end);
  } catch (const std::exception&) {  // no memory for a frame; those before it are written
    error = std::make_error_code(std::errc::not_enough_memory);
  }
  if (error) return WriteFailed(error);
  if (durability_ == Durability::kDurable) {
    error = file_.Sync();
    if (error) return FlushFailed(error);
    synced_ = end;
  }
  end_ = end;
  next_sequence_ += appends.size();
  sealed_ = false;
  return {};
}

std::error_code LogWriter::WriteFrames(std::span<Append* const> appends, std::uint64_t* end) {
  std::uint64_t sequence = next_sequence_;
  for (Append* append : appends) append->sequence = sequence++;
  while (!appends.empty()) {
    std::size_t count = 0;
    std::uint64_t bytes = 0;
    do {
      bytes += RecordBytes(appends[count]->actor_id.size(), appends[count]->payload.size());
      ++count;
    } while (count < appends.size() && bytes < kFrameBytes);
    if (const auto error = WriteFrame(appends.first(count), end)) return error;
    appends = appends.subspan(count);
  }
  return {};
}

// Writes one frame at `*end` and moves it behind.
std::error_code LogWriter::WriteFrame(std::span<Append* const> appends, std::uint64_t* end) {
  frame_.assign(kFrameHeaderBytes, '\0');
  for (Append* append : appends) {
    const RecordHeader header{append->type,     append->actor_id, append->payload.size(),
                              append->sequence, append->previous, append->version};
    const std::int64_t place = append->version != 0 ? append->version : append->previous;
    append->position = {place, *end + frame_.size(), static_cast<std::uint32_t>(header.size())};
    AppendRecord(header, append->payload, append->payload_checksum, log_id_, &frame_);
  }
  const FrameHeader header{*end, frame_.size() - kFrameHeaderBytes,
                           appends.empty() ? next_sequence_ : appends.front()->sequence, synced_,
                           static_cast<std::uint32_t>(appends.size())};
  PutFrameHeader(header, log_id_, &frame_);
  MakeRoom(header.end());
  const auto error = file_.WriteAt(*end, frame_);
  if (!error) *end = header.end();
  if (frame_.capacity() > 4 * kFrameBytes) std::string().swap(frame_);
  return error;
}

void LogWriter::MakeRoom(std::uint64_t end) {
  if (preallocate_bytes_ == 0 || end <= allocated_) return;
  const std::uint64_t room = std::min(preallocate_bytes_, std::max(end_, kLeastRoom));
  // Where there is no room ahead, the write itself will tell whether there is any.
  if (file_.Allocate(end_, end - end_ + room)) allocated_ = end + room;
}

// Takes back what a failed write has left behind. It has to be durable, too: a whole frame of the batch may
// have been written before the one that failed, and must not come back after its saves were refused.
StoreError LogWriter::WriteFailed(std::error_code error) {
  allocated_ = end_;
  auto taken_back = file_.Resize(end_);
  if (!taken_back) taken_back = file_.Sync();
  if (!taken_back) {
    synced_ = end_;
    return IoError(ErrorCode::kStorageFailed, "write to the log", error);
  }
  RefuseSaves("a failed write could not be taken back", taken_back);
  return IoError(ErrorCode::kOutcomeUnknown, "write to the log, nor take the write back", error);
}

// After a failed flush nobody knows what is on storage, and another flush may succeed without it.
StoreError LogWriter::FlushFailed(std::error_code error) {
  RefuseSaves("it could not be flushed", error);
  return IoError(ErrorCode::kOutcomeUnknown, "flush the log", error);
}

// The text of GiveUp() needs no memory: saves are refused also where there is none for a better one.
void LogWriter::RefuseSaves(std::string_view why, std::error_code error) {
  GiveUp();
  broken_ = StoreError(ErrorCode::kStorageFailed, "the log takes no more saves until it is opened again: " +
                                                      std::string(why) + ": " + error.message());
}

void LogWriter::GiveUp() { broken_ = StoreError(ErrorCode::kStorageFailed, "out of memory"); }

Result<void> LogWriter::Seal() {
  if (broken_ || sealed_) return {};
  if (synced_ < end_) {
    if (const auto error = file_.Sync()) return FlushFailed(error);
    synced_ = end_;
  }
  // The seal is not flushed and may fail: it helps to judge damage, no record depends upon it.
  std::uint64_t end = end_;
  sealed_ = !WriteFrame({}, &end) && !file_.Resize(end);
  if (sealed_) {
    end_ = end;
  } else {
    file_.Resize(end_);
  }
  return {};
}

}  // namespace aether::file
