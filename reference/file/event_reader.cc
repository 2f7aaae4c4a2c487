// Records where they lie, each checked against the index, its checksums and its own content.

#include "event_reader.h"

#include <algorithm>
#include <memory>
#include <string>

#include "aether/wire.h"
#include "log_format.h"

namespace aether::file {
namespace {

// As much is read at once where the log cannot be mapped.
constexpr std::uint64_t kReadBytes = 16 << 10;

// So much of a record is worth loading ahead; the processor sees to the rest itself.
constexpr std::size_t kAheadBytes = 1 << 10;
constexpr std::size_t kCacheLineBytes = 64;

// The records of a log: mapped, or read into a buffer.
class RecordReader {
 public:
  explicit RecordReader(const ReadableLog& log) : log_(log) {}

  // Sets `*bytes`, valid until the next call, to the record at `position`; fewer than it has where the log
  // has fewer. An error is a read that failed.
  std::error_code Get(const Position& position, std::string_view* bytes) {
    *bytes = position.offset == ahead_offset_ ? ahead_ : View(position);
    if (!bytes->empty() || !InFile(position)) return {};
    return Read(position, bytes);
  }

  // Has the record for the next Get() loaded while the one before it is decoded: an actor's records lie
  // scattered through the log, where no processor guesses them.
  void GetAhead(const Position& position) {
    ahead_offset_ = position.offset;
    ahead_ = View(position);
    for (std::size_t at = 0; at < std::min(ahead_.size(), kAheadBytes); at += kCacheLineBytes) {
      __builtin_prefetch(ahead_.data() + at);
    }
  }

 private:
  // Whether the record lies in the log. It may have been stored after the log's end was read, and the file
  // tells; an index that is wrong could name any place.
  bool InFile(const Position& position) const {
    const auto lies_before = [&position](std::uint64_t end) {
      return position.bytes <= end && position.offset <= end - position.bytes;
    };
    if (lies_before(log_.end)) return true;
    const auto size = log_.file.Size();
    return size && lies_before(*size);
  }

  std::string_view View(const Position& position) {
    if (!InFile(position)) return {};
    return log_.map.View(position.offset, position.bytes,
                         std::max(log_.end, position.offset + position.bytes));
  }

  std::error_code Read(const Position& position, std::string_view* bytes) {
    if (position.offset < begin_ || position.offset + position.bytes > begin_ + size_) {
      const std::uint64_t wanted = std::max<std::uint64_t>(
          position.bytes, std::min(kReadBytes, log_.end - std::min(log_.end, position.offset)));
      if (capacity_ < wanted) {
        capacity_ = wanted;
        buffer_ = std::make_unique_for_overwrite<char[]>(capacity_);
      }
      begin_ = position.offset;
      size_ = 0;
      if (const auto error = log_.file.ReadAt(begin_, buffer_.get(), wanted, &size_)) return error;
    }
    const std::size_t at = std::min<std::uint64_t>(position.offset - begin_, size_);
    *bytes = std::string_view(buffer_.get(), size_).substr(at, position.bytes);
    return {};
  }

  const ReadableLog& log_;
  std::uint64_t ahead_offset_ = 0;  // no record begins there
  std::string_view ahead_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::uint64_t begin_ = 0;
  std::size_t size_ = 0;
};

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

// The header of the record `bytes`, if it is the one that the index knows at `position`.
std::optional<RecordHeader> HeaderAt(std::string_view bytes, std::uint64_t log_id,
                                     std::string_view actor_id, const Position& position) {
  auto header = DecodeRecordHeader(bytes, log_id);
  if (!header || header->size() != bytes.size() || header->actor_id != actor_id ||
      (header->version != 0 && header->version != position.version)) {
    return std::nullopt;
  }
  return header;
}

// Adds the record `bytes`, found at `position`, behind the event of version `before`.
void AddRecord(std::string_view bytes, std::uint64_t log_id, std::string_view actor_id,
               const Position& position, std::int64_t before, ReplayResult* result) {
  const auto header = HeaderAt(bytes, log_id, actor_id, position);
  if (!header) return AddError(result, 0, bytes, "the record's header is damaged");
  const std::int64_t read = result->events.empty() ? 0 : result->events.back()->version;
  if (header->version != 0 && header->version <= std::max(before, read)) {
    return AddError(result, header->sequence, PayloadOf(*header, bytes), "the version does not rise");
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

std::error_code ReadEvents(const ReadableLog& log, std::string_view actor_id, EventPositions positions,
                           ReplayResult* result) {
  RecordReader records(log);
  result->events.reserve(positions.left());
  for (PositionBlock block; positions.Next(&block);) {
    std::int64_t before = block.before;
    for (std::size_t i = 0; i < block.count; ++i) {
      const Position& position = block.positions[i];
      std::string_view bytes;
      if (const auto error = records.Get(position, &bytes)) return error;
      if (i + 1 < block.count) records.GetAhead(block.positions[i + 1]);
      AddRecord(bytes, log.log_id, actor_id, position, before, result);
      before = position.version;
    }
  }
  return {};
}

std::error_code ReadPayloads(const ReadableLog& log, std::string_view actor_id, EventPositions positions,
                             const std::function<void(std::string_view)>& visit) {
  RecordReader records(log);
  for (PositionBlock block; positions.Next(&block);) {
    for (std::size_t i = 0; i < block.count; ++i) {
      std::string_view bytes;
      if (const auto error = records.Get(block.positions[i], &bytes)) return error;
      if (i + 1 < block.count) records.GetAhead(block.positions[i + 1]);
      const auto header = HeaderAt(bytes, log.log_id, actor_id, block.positions[i]);
      if (header && PayloadIsIntact(*header, bytes, log.log_id)) visit(PayloadOf(*header, bytes));
    }
  }
  return {};
}

Result<ActorSnapshot> ReadSnapshot(const ReadableLog& log, std::string_view actor_id,
                                   const Position& position) {
  RecordReader records(log);
  std::string_view bytes;
  if (const auto error = records.Get(position, &bytes)) {
    return IoError(ErrorCode::kUnavailable, "read the log", error);
  }
  const auto header = DecodeRecordHeader(bytes, log.log_id);
  if (!header || !PayloadIsIntact(*header, bytes, log.log_id)) {
    return StoreError(ErrorCode::kCorrupt, "the record of the latest snapshot is damaged");
  }
  auto snapshot = DecodeSnapshot(PayloadOf(*header, bytes));
  if (snapshot && (snapshot->actor_id != actor_id || snapshot->version != position.version)) {
    return StoreError(ErrorCode::kCorrupt, "the record of the latest snapshot belongs to another one");
  }
  return snapshot;
}

}  // namespace aether::file
