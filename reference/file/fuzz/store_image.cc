// Packing, walking and repairing the bytes of a store.

#include "store_image.h"

#include <algorithm>
#include <bit>
#include <set>

#include "bytes.h"
#include "checkpoint.h"
#include "log_format.h"

namespace aether::file::fuzz {
namespace {

constexpr std::size_t kInputHeaderBytes = 5;
constexpr std::size_t kIndexHeaderBytes = 88;
constexpr std::size_t kMostActors = 12;

void Overwrite(std::string* bytes, std::size_t at, std::string_view with) {
  bytes->replace(at, with.size(), with);
}

template <typename T>
void PutAt(T value, std::string* bytes, std::size_t at) {
  Put(value, bytes->data() + at);
}

// The checksum of [begin, end) goes right behind.
void PutChecksum(std::string* bytes, std::size_t begin, std::size_t end) {
  PutAt(Checksum(std::string_view(*bytes).substr(begin, end - begin), kLogId), bytes, end);
}

bool IsRecordType(std::uint32_t type) {
  return type == static_cast<std::uint32_t>(RecordType::kEvent) ||
         type == static_cast<std::uint32_t>(RecordType::kSnapshot);
}

void RepairRecord(const Span& record, std::string* log) {
  const std::size_t header_end =
      record.begin + kRecordFieldBytes + Get<std::uint32_t>(*log, record.begin + 4);
  PutChecksum(log, record.begin, header_end);
  const std::size_t payload = header_end + kChecksumBytes;
  PutChecksum(log, payload, payload + Get<std::uint64_t>(*log, record.begin + 8));
}

void RepairHeader(std::string* log) {
  if (log->size() < kFileHeaderBytes) log->resize(kFileHeaderBytes);
  Overwrite(log, 0, EncodeFileHeader(kLogId));
}

}  // namespace

StoreImage StoreImage::Unpack(std::string_view input) {
  StoreImage image;
  if (input.size() < kInputHeaderBytes) return image;
  image.mode = static_cast<std::uint8_t>(input[0]);
  const std::size_t rest_bytes = Get<std::uint32_t>(input, 1);
  input.remove_prefix(kInputHeaderBytes);
  const std::size_t log_bytes = input.size() - std::min(input.size(), rest_bytes);
  image.log = input.substr(0, log_bytes);
  image.rest = input.substr(log_bytes);
  return image;
}

std::string StoreImage::Pack() const {
  std::string input(1, static_cast<char>(mode));
  AppendFixed(static_cast<std::uint32_t>(rest.size()), &input);
  return input + log + rest;
}

std::vector<Span> FramesOf(std::string_view log) {
  std::vector<Span> frames;
  for (std::size_t at = kFileHeaderBytes; at + kFrameHeaderBytes <= log.size();) {
    const std::size_t begin = log.find(kFrameMagic, at);
    if (begin == std::string_view::npos || begin + kFrameHeaderBytes > log.size()) break;
    const auto body = Get<std::uint64_t>(log, begin + 8);
    if (body > log.size() - begin - kFrameHeaderBytes) {
      at = begin + 1;
      continue;
    }
    at = begin + kFrameHeaderBytes + body;
    frames.push_back({begin, at});
  }
  return frames;
}

std::vector<Span> RecordsOf(std::string_view log, const Span& frame) {
  std::vector<Span> records;
  for (std::size_t at = frame.begin + kFrameHeaderBytes; at < frame.end;) {
    const auto left = log.substr(at, frame.end - at);
    if (!RecordHeaderBytes(left, left.size())) break;
    const auto size = RecordBytes(Get<std::uint32_t>(left, 4), Get<std::uint64_t>(left, 8));
    records.push_back({at, at + size});
    at += size;
  }
  return records;
}

std::vector<std::string> ActorsOf(std::string_view log) {
  std::set<std::string> actors = {"a", "nobody"};
  for (std::size_t at = 0; at + kRecordFieldBytes <= log.size() && actors.size() < kMostActors;
       at += kAlignment) {
    if (!IsRecordType(Get<std::uint32_t>(log, at))) continue;
    const std::size_t size = Get<std::uint32_t>(log, at + 4);
    if (size <= log.size() - at - kRecordFieldBytes)
      actors.emplace(log.substr(at + kRecordFieldBytes, size));
  }
  return {actors.begin(), actors.end()};
}

void RepairChecksums(std::string* log) {
  RepairHeader(log);
  for (const Span& frame : FramesOf(*log)) {
    for (const Span& record : RecordsOf(*log, frame)) RepairRecord(record, log);
    PutAt(std::uint64_t{frame.begin}, log, frame.begin + 16);
    PutChecksum(log, frame.begin, frame.begin + kFrameHeaderBytes - kChecksumBytes);
  }
}

void RepairOrder(std::string* log) {
  std::uint64_t sequence = 1;
  for (const Span& frame : FramesOf(*log)) {
    const auto records = RecordsOf(*log, frame);
    PutAt(static_cast<std::uint32_t>(records.size()), log, frame.begin + 4);
    PutAt(sequence, log, frame.begin + 24);
    PutAt(std::uint64_t{frame.begin}, log, frame.begin + 32);
    for (const Span& record : records) PutAt(sequence++, log, record.begin + 16);
  }
  RepairChecksums(log);
}

void Damage(std::string_view damage, std::string* log) {
  constexpr std::size_t kStepBytes = 6;
  for (; damage.size() >= kStepBytes && !log->empty(); damage.remove_prefix(kStepBytes)) {
    const std::size_t at = Get<std::uint16_t>(damage, 1) % log->size();
    const std::size_t size = std::min<std::size_t>(
        log->size() - at, std::size_t{1} << static_cast<unsigned char>(damage[3]) % 12);
    const std::size_t from = Get<std::uint16_t>(damage, 4) % (log->size() - size + 1);
    switch (damage[0] & 3) {
      case 0:
        Overwrite(log, at, std::string(size, '\0'));
        break;
      case 1:
        Overwrite(log, at, log->substr(from, size));
        break;
      default:
        (*log)[at] ^= static_cast<char>(1 << (damage[3] & 7));
    }
  }
}

void RepairIndex(std::string_view log, std::string* index) {
  if (index->size() < kIndexHeaderBytes) return;
  Overwrite(index, 0, "AETHRIDX");
  PutAt(std::uint32_t{1}, index, 8);
  PutAt(kLogId, index, 16);
  const auto end = std::min<std::uint64_t>(Get<std::uint64_t>(*index, 24), log.size());
  PutAt(end, index, 24);
  const auto tail = std::min<std::uint64_t>(end, kTailBytes);
  PutAt(Checksum(log.substr(end - tail, tail), kLogId), index, 48);
  // The slots are behind the entries, as many as a power of two.
  const std::uint64_t body = index->size() - kIndexHeaderBytes;
  const std::uint64_t entries = Get<std::uint64_t>(*index, 56);
  if (entries > body || !std::has_single_bit((body - entries) / 8)) {
    if (body < 8) return;
    const std::uint64_t slots = std::bit_floor(std::max<std::uint64_t>(1, body / 32));
    index->resize(kIndexHeaderBytes + (body - 8 * slots) + 8 * slots);
    PutAt(body - 8 * slots, index, 56);
    PutAt(slots, index, 64);
  } else {
    PutAt((body - entries) / 8, index, 64);
    index->resize(kIndexHeaderBytes + entries + (body - entries) / 8 * 8);
  }
  PutAt(Checksum(std::string_view(*index).substr(kIndexHeaderBytes), kLogId), index, 72);
  PutChecksum(index, 0, kIndexHeaderBytes - kChecksumBytes);
}

}  // namespace aether::file::fuzz
