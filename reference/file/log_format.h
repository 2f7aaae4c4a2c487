// The bytes of the log: headers, frames and records, as format.md has them. No I/O here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aether::file {

inline constexpr std::size_t kFileHeaderBytes = 32;
inline constexpr std::size_t kFrameHeaderBytes = 48;
inline constexpr std::size_t kRecordFieldBytes = 40;
inline constexpr std::size_t kChecksumBytes = 8;
inline constexpr std::size_t kAlignment = 8;
inline constexpr std::string_view kFrameMagic = "\xF7\xAEtF";

// The longest payload that is written: a record's length fits into 32 bits with room to spare.
inline constexpr std::size_t kMaxPayloadBytes = std::size_t{256} << 20;

// Every checksum of a log: XXH3, 64 bits, seeded with the log's id.
std::uint64_t Checksum(std::string_view bytes, std::uint64_t log_id);

std::string EncodeFileHeader(std::uint64_t log_id);

// The log's id, unless `bytes` do not begin with a sound header of this format version.
std::optional<std::uint64_t> DecodeFileHeader(std::string_view bytes);

// The format version in a sound header, whichever it is; none if it is not sound.
std::optional<std::uint32_t> FormatVersionOf(std::string_view bytes);

// What one write puts at the end of the log: a header and the records behind it. Without records it is
// a seal: it proves that what lies before it was flushed.
struct FrameHeader {
  std::uint64_t offset = 0;  // its own place in the file
  std::uint64_t body_bytes = 0;
  std::uint64_t first_sequence = 0;
  std::uint64_t synced = 0;  // every byte of the file before this offset was flushed when it was written
  std::uint32_t record_count = 0;

  std::uint64_t body() const { return offset + kFrameHeaderBytes; }
  std::uint64_t end() const { return body() + body_bytes; }
};

// Writes the header over the first kFrameHeaderBytes of `frame`.
void PutFrameHeader(const FrameHeader& header, std::uint64_t log_id, std::string* frame);

// The frame header in `bytes`, unless they hold none that is sound and belongs at `offset`.
std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, std::uint64_t offset,
                                             std::uint64_t log_id);

enum class RecordType : std::uint32_t {
  kEvent = 0x544E5645,     // "EVNT"
  kSnapshot = 0x50414E53,  // "SNAP"
};

struct RecordHeader {
  RecordType type = RecordType::kEvent;
  std::string_view actor_id;
  std::uint64_t payload_bytes = 0;
  std::uint64_t sequence = 0;
  std::int64_t previous = 0;  // version of the actor's event before this one; 0 for none, and in snapshots
  std::int64_t version = 0;   // 0: an event record whose version nobody knows

  std::uint64_t payload_at() const { return kRecordFieldBytes + actor_id.size() + kChecksumBytes; }
  std::uint64_t size() const;
};

// The size in the log of a record.
std::uint64_t RecordBytes(std::uint64_t actor_bytes, std::uint64_t payload_bytes);

// Appends the record, padding included. header.payload_bytes is payload.size(); `payload_checksum` is the
// checksum of `payload`.
void AppendRecord(const RecordHeader& header, std::string_view payload, std::uint64_t payload_checksum,
                  std::uint64_t log_id, std::string* out);

// How many bytes the header of the record at the beginning of `bytes` takes, as its unverified fields
// say; none if no record can begin with these fields or it would be longer than `limit`.
std::optional<std::uint64_t> RecordHeaderBytes(std::string_view bytes, std::uint64_t limit);

// The record header in `bytes`, unless they hold none that is sound. It refers to `bytes`.
std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, std::uint64_t log_id);

// Whether the payload of the record `bytes`, which begin with the sound `header`, is sound too.
bool PayloadIsIntact(const RecordHeader& header, std::string_view bytes, std::uint64_t log_id);

inline std::string_view PayloadOf(const RecordHeader& header, std::string_view bytes) {
  return bytes.substr(header.payload_at(), header.payload_bytes);
}

}  // namespace aether::file
