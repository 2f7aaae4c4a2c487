// The scan at open: frame by frame, and record by record where a frame is damaged.

#include "log_scan.h"

#include <algorithm>
#include <utility>

namespace aether::file {
namespace {

class Scan {
 public:
  Scan(const LogFile& file, std::uint64_t log_id, std::uint64_t file_bytes, LogContents start,
       const std::function<void(const Record&)>& visit)
      : reader_(file, log_id, file_bytes), visit_(visit), contents_(std::move(start)) {}

  Result<LogContents> Run() {
    while (contents_.end < reader_.end() && (TakeSoundFrame() || TakeDamage())) {
    }
    contents_.torn_bytes = reader_.EndOfData(contents_.end) - contents_.end;
    // Last, and before anybody acts upon what was found: what could not be read looked like damage.
    if (reader_.error()) return IoError(ErrorCode::kUnavailable, "read the log", reader_.error());
    return std::move(contents_);
  }

 private:
  // Takes the frame at the end of what is known, if all of it is as it was written.
  bool TakeSoundFrame() {
    const auto frame = reader_.FrameAt(contents_.end);
    if (!frame || frame->first_sequence != contents_.next_sequence) return false;
    // With all of the frame in the buffer, its records stay where they are while they are collected.
    reader_.View(frame->offset, static_cast<std::size_t>(frame->end() - frame->offset));
    records_.clear();
    std::uint64_t offset = frame->body();
    while (const auto record = reader_.RecordAt(offset, frame->end())) {
      if (!record->payload_intact) return false;
      if (record->header.sequence != frame->first_sequence + records_.size()) return false;
      records_.push_back(*record);
      offset = record->end();
    }
    if (offset != frame->end() || records_.size() != frame->record_count) return false;
    for (const Record& record : records_) visit_(record);
    FinishFrame(*frame);
    return true;
  }

  // Goes past what is damaged at the end of what is known, taking the records that are not; false if it
  // is not known to have been flushed, which makes it a torn tail.
  bool TakeDamage() {
    const std::uint64_t begin = contents_.end;
    if (!ProvenBehind(begin)) return false;
    const std::uint64_t next = reader_.FindFrame(begin + 1);
    // A frame within this one was written when the end was there: then this one's length is part of the
    // damage.
    if (const auto frame = reader_.FrameAt(begin); frame && InSequence(*frame) && frame->end() <= next) {
      Salvage(frame->body(), frame->end(), frame->first_sequence + frame->record_count);
      FinishFrame(*frame);
      return true;
    }
    const auto frame = reader_.FrameAt(next);
    if (!frame) return false;
    Salvage(begin, next, frame->first_sequence);
    contents_.end = next;
    return true;
  }

  bool InSequence(const FrameHeader& frame) const {
    return frame.first_sequence >= contents_.next_sequence;
  }

  void FinishFrame(const FrameHeader& frame) {
    contents_.end = frame.end();
    contents_.next_sequence = frame.first_sequence + frame.record_count;
    contents_.proven = std::max(contents_.proven, frame.synced);
    contents_.sealed = frame.record_count == 0 && frame.synced == frame.offset;
  }

  // Whether a frame behind `offset` proves that the byte there was flushed.
  bool ProvenBehind(std::uint64_t offset) {
    for (std::uint64_t at = offset + 1; contents_.proven <= offset;) {
      const auto frame = reader_.FrameAt(reader_.FindFrame(at));
      if (!frame) return false;
      contents_.proven = std::max(contents_.proven, frame->synced);
      at = frame->end();
    }
    return true;
  }

  // Takes the sound records of [begin, end), which held those with sequences from next_sequence up to
  // `limit`, and notes what is missing between them.
  void Salvage(std::uint64_t begin, std::uint64_t end, std::uint64_t limit) {
    std::uint64_t lost_from = begin;
    std::uint64_t at = begin;
    while (at < end) {
      const auto record = reader_.RecordAt(at, end);
      if (!record || record->header.sequence < contents_.next_sequence ||
          record->header.sequence >= limit) {
        at = reader_.FindRecord(at + kAlignment, end);
        continue;
      }
      NoteLost(lost_from, at, record->header.sequence);
      if (!record->payload_intact) ++contents_.damaged_records;
      visit_(*record);
      contents_.next_sequence = record->header.sequence + 1;
      at = lost_from = record->end();
    }
    NoteLost(lost_from, end, limit);
    contents_.next_sequence = std::max(contents_.next_sequence, limit);
  }

  // Nothing in [begin, end) can be read; the records from next_sequence up to `found` were there.
  void NoteLost(std::uint64_t begin, std::uint64_t end, std::uint64_t found) {
    contents_.damaged_bytes += end - begin;
    if (found <= contents_.next_sequence) return;
    contents_.lost.push_back(
        {begin, end - begin, contents_.next_sequence, found - contents_.next_sequence});
  }

  LogReader reader_;
  const std::function<void(const Record&)>& visit_;
  LogContents contents_;
  std::vector<Record> records_;
};

}  // namespace

Result<LogContents> ScanLog(const LogFile& file, std::uint64_t log_id, std::uint64_t file_bytes,
                            LogContents start, const std::function<void(const Record&)>& visit) {
  return Scan(file, log_id, file_bytes, std::move(start), visit).Run();
}

}  // namespace aether::file
