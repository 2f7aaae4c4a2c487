// LogReader: frames and records read from the log in their order, through one buffer.

#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include "log_file.h"
#include "log_format.h"

namespace aether::file {

// A record where it lies. What it refers to lives until the reader's next call.
struct Record {
  RecordHeader header;
  std::uint64_t offset = 0;
  std::string_view payload;
  bool payload_intact = false;

  std::uint64_t end() const { return offset + header.size(); }
};

// Reads the log up to `end`. Absence means that no such thing can be read there; after a call that found
// nothing, look at error(): a failed read looks like absence. For one thread.
class LogReader {
 public:
  LogReader(const LogFile& file, std::uint64_t log_id, std::uint64_t end)
      : file_(file), log_id_(log_id), end_(end) {}

  // The frame whose sound header is at `offset` and which ends within the log.
  std::optional<FrameHeader> FrameAt(std::uint64_t offset);

  // The record whose sound header is at `offset` and which ends at `limit` or before.
  std::optional<Record> RecordAt(std::uint64_t offset, std::uint64_t limit);

  // Where the next frame, or the next record ending at `limit` or before, begins at `from` or later; the
  // end of the log, or `limit`, if there is none.
  std::uint64_t FindFrame(std::uint64_t from);
  std::uint64_t FindRecord(std::uint64_t from, std::uint64_t limit);

  // Behind the last byte at `from` or later that is not zero; `from` if there is none.
  std::uint64_t EndOfData(std::uint64_t from);

  // The bytes at `offset`: fewer than `size` only at the end of the log or after an error.
  std::string_view View(std::uint64_t offset, std::size_t size);

  std::uint64_t end() const { return end_; }

  // The first read that failed.
  std::error_code error() const { return error_; }

 private:
  // All that the buffer has from `offset` on, at least one byte unless there is none.
  std::string_view Ahead(std::uint64_t offset);

  const LogFile& file_;
  std::uint64_t log_id_;
  std::uint64_t end_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t buffer_offset_ = 0;
  std::size_t buffer_size_ = 0;
  std::error_code error_;
};

}  // namespace aether::file
