// Reading frames and records, and finding the next sound one behind damage.

#include "log_reader.h"

#include <algorithm>

namespace aether::file {
namespace {

constexpr std::size_t kBufferBytes = 1 << 20;

}  // namespace

std::string_view LogReader::View(std::uint64_t offset, std::size_t size) {
  if (offset >= end_) return {};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, end_ - offset));
  if (offset < buffer_offset_ || offset + size > buffer_offset_ + buffer_size_) {
    const auto wanted = std::min<std::uint64_t>(std::max(size, kBufferBytes), end_ - offset);
    if (capacity_ < wanted) {
      capacity_ = static_cast<std::size_t>(wanted);
      buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    buffer_offset_ = offset;
    const auto error = file_.ReadAt(offset, buffer_.get(), static_cast<std::size_t>(wanted), &buffer_size_);
    if (error && !error_) error_ = error;
    if (error) buffer_size_ = 0;
  }
  const std::size_t at = static_cast<std::size_t>(offset - buffer_offset_);
  return std::string_view(buffer_.get(), buffer_size_).substr(at, size);
}

std::string_view LogReader::Ahead(std::uint64_t offset) {
  if (View(offset, 1).empty()) return {};
  return std::string_view(buffer_.get(), buffer_size_).substr(offset - buffer_offset_);
}

std::optional<FrameHeader> LogReader::FrameAt(std::uint64_t offset) {
  const auto frame = DecodeFrameHeader(View(offset, kFrameHeaderBytes), offset, log_id_);
  if (!frame || frame->body_bytes > end_ - frame->body()) return std::nullopt;
  return frame;
}

std::optional<Record> LogReader::RecordAt(std::uint64_t offset, std::uint64_t limit) {
  if (offset >= limit) return std::nullopt;
  const auto header_bytes = RecordHeaderBytes(View(offset, kRecordFieldBytes), limit - offset);
  if (!header_bytes) return std::nullopt;
  const auto head = View(offset, *header_bytes);
  auto header = DecodeRecordHeader(head, log_id_);
  if (!header) return std::nullopt;
  const auto bytes = View(offset, header->size());
  if (bytes.size() < header->size()) return std::nullopt;
  if (bytes.data() != head.data()) header = DecodeRecordHeader(bytes, log_id_);  // the buffer has moved
  if (!header) return std::nullopt;
  return Record{*header, offset, PayloadOf(*header, bytes), PayloadIsIntact(*header, bytes, log_id_)};
}

std::uint64_t LogReader::FindFrame(std::uint64_t from) {
  while (from < end_) {
    const auto ahead = Ahead(from);
    if (ahead.empty()) break;
    const auto at = ahead.find(kFrameMagic);
    if (at == std::string_view::npos) {
      // The first bytes of a magic may end the buffer.
      from += std::max<std::size_t>(ahead.size(), kFrameMagic.size()) - (kFrameMagic.size() - 1);
      continue;
    }
    from += at;
    if (FrameAt(from)) return from;
    ++from;
  }
  return end_;
}

std::uint64_t LogReader::FindRecord(std::uint64_t from, std::uint64_t limit) {
  for (; from < limit; from += kAlignment) {
    if (RecordAt(from, limit)) return from;
  }
  return limit;
}

std::uint64_t LogReader::EndOfData(std::uint64_t from) {
  std::uint64_t end = from;
  while (from < end_) {
    const auto ahead = Ahead(from);
    if (ahead.empty()) break;
    if (const auto last = ahead.find_last_not_of('\0'); last != std::string_view::npos)
      end = from + last + 1;
    from += ahead.size();
  }
  return end;
}

}  // namespace aether::file
