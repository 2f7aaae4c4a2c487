// Records in few reads, each checked against the index, its checksums and its own content.

#include "event_reader.h"

#include <algorithm>
#include <memory>
#include <span>
#include <string>

#include "aether/wire.h"
#include "log_format.h"

namespace aether::file {
namespace {

// Records that lie this close together are read at once, what is between them included: reading 4 KiB too
// much costs less than another system call.
constexpr std::uint64_t kGapBytes = 4 << 10;
constexpr std::uint64_t kReadBytes = 256 << 10;

// How many of `positions`, from the first on, are read at once.
std::size_t CountTogether(std::span<const Position> positions) {
  std::size_t count = 1;
  for (; count < positions.size(); ++count) {
    const std::uint64_t end = positions[count - 1].offset + positions[count - 1].bytes;
    const Position& next = positions[count];
    if (next.offset - end > kGapBytes || next.offset + next.bytes - positions[0].offset > kReadBytes) break;
  }
  return count;
}

// Why `event`, decoded from the record, is not the one that the record's header promises; empty if it is.
std::string Disagreement(const RecordHeader& header, const Event& event) {
  if (header.version == 0) return "the record has no version";
  if (event.actor_id != header.actor_id) return "actorId: the record belongs to another actor";
  if (event.version != header.version) {
    return "version: the record has version " + std::to_string(header.version);
  }
  return "";
}

void AddError(ReplayResult* result, std::uint64_t sequence, std::string_view raw, std::string cause) {
  result->errors.push_back({sequence, std::string(raw), std::move(cause)});
}

// Adds the record `bytes`, found at `position`, behind the event of version `before`.
void AddRecord(std::string_view bytes, std::uint64_t log_id, std::string_view actor_id,
               const Position& position, std::int64_t before, ReplayResult* result) {
  const auto header = DecodeRecordHeader(bytes, log_id);
  if (!header || header->size() != bytes.size() || header->actor_id != actor_id ||
      (header->version != 0 && header->version != position.version)) {
    return AddError(result, 0, bytes, "the record's header is damaged");
  }
  if (header->previous != before) {
    AddError(result, 0, "", "the event of version " + std::to_string(header->previous) + " is missing");
  }
  const auto payload = PayloadOf(*header, bytes);
  if (!PayloadIsIntact(*header, bytes, log_id)) {
    return AddError(result, header->sequence, payload, "the record's checksum does not hold");
  }
  auto event = DecodeEvent(payload);
  if (!event) return AddError(result, header->sequence, payload, event.error().message());
  auto disagreement = Disagreement(*header, *event);
  if (!disagreement.empty()) return AddError(result, header->sequence, payload, std::move(disagreement));
  result->events.push_back(std::make_shared<const Event>(*std::move(event)));
}

}  // namespace

std::error_code ReadEvents(const LogFile& file, std::uint64_t log_id, std::string_view actor_id,
                           EventPositions positions, ReplayResult* result) {
  std::unique_ptr<char[]> buffer;
  std::size_t capacity = 0;
  result->events.reserve(positions.left());
  for (PositionBlock block; positions.Next(&block);) {
    std::int64_t before = block.before;
    for (std::span<const Position> rest(block.positions.data(), block.count); !rest.empty();) {
      const auto together = rest.first(CountTogether(rest));
      const std::uint64_t begin = together.front().offset;
      const std::size_t size = together.back().offset + together.back().bytes - begin;
      if (capacity < size) {
        capacity = size;
        buffer = std::make_unique_for_overwrite<char[]>(capacity);
      }
      std::size_t read = 0;
      if (const auto error = file.ReadAt(begin, buffer.get(), size, &read)) return error;
      for (const Position& position : together) {
        const auto bytes = std::string_view(buffer.get(), read)
                               .substr(std::min(position.offset - begin, read), position.bytes);
        AddRecord(bytes, log_id, actor_id, position, before, result);
        before = position.version;
      }
      rest = rest.subspan(together.size());
    }
  }
  return {};
}

Result<ActorSnapshot> ReadSnapshot(const LogFile& file, std::uint64_t log_id, std::string_view actor_id,
                                   const Position& position) {
  std::string bytes(position.bytes, '\0');
  std::size_t read = 0;
  if (const auto error = file.ReadAt(position.offset, bytes.data(), bytes.size(), &read)) {
    return IoError(ErrorCode::kUnavailable, "read the log", error);
  }
  const auto header = DecodeRecordHeader({bytes.data(), read}, log_id);
  if (!header || !PayloadIsIntact(*header, bytes, log_id)) {
    return StoreError(ErrorCode::kCorrupt, "the record of the latest snapshot is damaged");
  }
  auto snapshot = DecodeSnapshot(PayloadOf(*header, bytes));
  if (snapshot && (snapshot->actor_id != actor_id || snapshot->version != position.version)) {
    return StoreError(ErrorCode::kCorrupt, "the record of the latest snapshot belongs to another one");
  }
  return snapshot;
}

}  // namespace aether::file
