// Encoding and decoding of the log's bytes.

#include "log_format.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

#include "bytes.h"

namespace aether::file {
namespace {

constexpr std::string_view kFileMagic{"AETHRLOG", 8};
constexpr std::uint32_t kFormatVersion = 1;

// A checksum stands right behind the bytes that it covers.
void PutChecksum(char* bytes, std::size_t covered, std::uint64_t log_id) {
  Put(Checksum({bytes, covered}, log_id), bytes + covered);
}

bool ChecksumHolds(std::string_view bytes, std::size_t covered, std::uint64_t log_id) {
  return Get<std::uint64_t>(bytes, covered) == Checksum(bytes.substr(0, covered), log_id);
}

}  // namespace

std::uint64_t Checksum(std::string_view bytes, std::uint64_t log_id) {
  // XXH3 makes a secret of the seed whenever the text is long, which takes as long as 400 bytes of it.
  struct Secret {
    explicit Secret(std::uint64_t seed) : of(seed) { XXH3_generateSecret_fromSeed(bytes, seed); }
    std::uint64_t of;
    unsigned char bytes[XXH3_SECRET_DEFAULT_SIZE];
  };
  thread_local Secret secret(log_id);
  if (secret.of != log_id) secret = Secret(log_id);
  return XXH3_64bits_withSecretandSeed(bytes.data(), bytes.size(), secret.bytes, sizeof(secret.bytes),
                                       log_id);
}

std::string EncodeFileHeader(std::uint64_t log_id) {
  std::string header(kFileHeaderBytes, '\0');
  std::memcpy(header.data(), kFileMagic.data(), kFileMagic.size());
  Put(kFormatVersion, header.data() + 8);
  Put(log_id, header.data() + 16);
  PutChecksum(header.data(), kFileHeaderBytes - kChecksumBytes, log_id);
  return header;
}

std::optional<std::uint32_t> FormatVersionOf(std::string_view bytes) {
  if (bytes.size() < kFileHeaderBytes || !bytes.starts_with(kFileMagic)) return std::nullopt;
  if (!ChecksumHolds(bytes, kFileHeaderBytes - kChecksumBytes, Get<std::uint64_t>(bytes, 16)))
    return std::nullopt;
  return Get<std::uint32_t>(bytes, 8);
}

std::optional<std::uint64_t> DecodeFileHeader(std::string_view bytes) {
  if (FormatVersionOf(bytes) != kFormatVersion) return std::nullopt;
  return Get<std::uint64_t>(bytes, 16);
}

void PutFrameHeader(const FrameHeader& header, std::uint64_t log_id, std::string* frame) {
  char* out = frame->data();
  std::memcpy(out, kFrameMagic.data(), kFrameMagic.size());
  Put(header.record_count, out + 4);
  Put(header.body_bytes, out + 8);
  Put(header.offset, out + 16);
  Put(header.first_sequence, out + 24);
  Put(header.synced, out + 32);
  PutChecksum(out, kFrameHeaderBytes - kChecksumBytes, log_id);
}

std::optional<FrameHeader> DecodeFrameHeader(std::string_view bytes, std::uint64_t offset,
                                             std::uint64_t log_id) {
  if (bytes.size() < kFrameHeaderBytes || !bytes.starts_with(kFrameMagic)) return std::nullopt;
  if (offset % kAlignment != 0) return std::nullopt;
  if (!ChecksumHolds(bytes, kFrameHeaderBytes - kChecksumBytes, log_id)) return std::nullopt;
  FrameHeader header;
  header.record_count = Get<std::uint32_t>(bytes, 4);
  header.body_bytes = Get<std::uint64_t>(bytes, 8);
  header.offset = Get<std::uint64_t>(bytes, 16);
  header.first_sequence = Get<std::uint64_t>(bytes, 24);
  header.synced = Get<std::uint64_t>(bytes, 32);
  if (header.offset != offset || header.end() % kAlignment != 0) return std::nullopt;
  // Each record that was counted has taken its room.
  if (header.first_sequence - 1 > offset / RecordBytes(0, 0)) return std::nullopt;
  if (header.record_count > header.body_bytes / RecordBytes(0, 0)) return std::nullopt;
  return header;
}

std::uint64_t RecordBytes(std::uint64_t actor_bytes, std::uint64_t payload_bytes) {
  const std::uint64_t bytes =
      kRecordFieldBytes + actor_bytes + kChecksumBytes + payload_bytes + kChecksumBytes;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::uint64_t RecordHeader::size() const { return RecordBytes(actor_id.size(), payload_bytes); }

void AppendRecord(const RecordHeader& header, std::string_view payload, std::uint64_t payload_checksum,
                  std::uint64_t log_id, std::string* out) {
  const std::size_t begin = out->size();
  out->resize(begin + kRecordFieldBytes);
  char* fields = out->data() + begin;
  Put(static_cast<std::uint32_t>(header.type), fields);
  Put(static_cast<std::uint32_t>(header.actor_id.size()), fields + 4);
  Put(header.payload_bytes, fields + 8);
  Put(header.sequence, fields + 16);
  Put(static_cast<std::uint64_t>(header.previous), fields + 24);
  Put(static_cast<std::uint64_t>(header.version), fields + 32);
  out->append(header.actor_id);
  const std::size_t covered = out->size() - begin;
  out->resize(out->size() + kChecksumBytes);
  PutChecksum(out->data() + begin, covered, log_id);
  out->append(payload);
  char checksum[kChecksumBytes];
  Put(payload_checksum, checksum);
  out->append(checksum, kChecksumBytes);
  out->resize(begin + header.size());
}

std::optional<std::uint64_t> RecordHeaderBytes(std::string_view bytes, std::uint64_t limit) {
  if (bytes.size() < kRecordFieldBytes || limit < kRecordFieldBytes) return std::nullopt;
  const auto type = static_cast<RecordType>(Get<std::uint32_t>(bytes, 0));
  if (type != RecordType::kEvent && type != RecordType::kSnapshot) return std::nullopt;
  const std::uint64_t actor_bytes = Get<std::uint32_t>(bytes, 4);
  const auto payload_bytes = Get<std::uint64_t>(bytes, 8);
  if (payload_bytes > limit || RecordBytes(actor_bytes, payload_bytes) > limit) return std::nullopt;
  return kRecordFieldBytes + actor_bytes + kChecksumBytes;
}

std::optional<RecordHeader> DecodeRecordHeader(std::string_view bytes, std::uint64_t log_id) {
  const auto header_bytes = RecordHeaderBytes(bytes, UINT64_MAX / 2);
  if (!header_bytes || bytes.size() < *header_bytes) return std::nullopt;
  const std::size_t covered = *header_bytes - kChecksumBytes;
  if (!ChecksumHolds(bytes, covered, log_id)) return std::nullopt;
  RecordHeader header;
  header.type = static_cast<RecordType>(Get<std::uint32_t>(bytes, 0));
  header.actor_id = bytes.substr(kRecordFieldBytes, covered - kRecordFieldBytes);
  header.payload_bytes = Get<std::uint64_t>(bytes, 8);
  header.sequence = Get<std::uint64_t>(bytes, 16);
  header.previous = static_cast<std::int64_t>(Get<std::uint64_t>(bytes, 24));
  header.version = static_cast<std::int64_t>(Get<std::uint64_t>(bytes, 32));
  return header;
}

bool PayloadIsIntact(const RecordHeader& header, std::string_view bytes, std::uint64_t log_id) {
  return bytes.size() >= header.size() &&
         ChecksumHolds(bytes.substr(header.payload_at()), header.payload_bytes, log_id);
}

}  // namespace aether::file
