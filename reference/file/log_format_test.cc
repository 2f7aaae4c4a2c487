// The bytes of the log.

#include "log_format.h"

#include <gtest/gtest.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstdio>
#include <string>

#include "test_support.h"

namespace aether::file {
namespace {

constexpr std::uint64_t kLogId = 0x1122334455667788;

// As `hexdump -C` has it.
std::string HexDump(std::string_view bytes) {
  std::string dump;
  char field[32];
  for (std::size_t line = 0; line < bytes.size(); line += 16) {
    const auto part = bytes.substr(line, 16);
    std::snprintf(field, sizeof(field), "%08zx ", line);
    dump += field;
    for (std::size_t i = 0; i < 16; ++i) {
      if (i == 8) dump += ' ';
      std::snprintf(field, sizeof(field), i < part.size() ? " %02x" : "   ",
                    i < part.size() ? static_cast<unsigned char>(part[i]) : 0);
      dump += field;
    }
    dump += "  |";
    for (const char c : part) dump += c >= ' ' && c <= '~' ? c : '.';
    dump += "|\n";
  }
  return dump;
}

Event ExampleEvent() {
  Event event;
  event.id = "e-1";
  event.event_type = "opened";
  event.actor_id = "a-1";
  event.version = 1;
  event.data = JsonObject::Trusted("{\"owner\":\"Ada\"}");
  event.timestamp = {1768339576, 120000000};
  return event;
}

std::string ARecord(std::string_view actor_id, std::string_view payload) {
  std::string bytes;
  AppendRecord({RecordType::kEvent, actor_id, payload.size(), 7, 2, 3}, payload, Checksum(payload, kLogId),
               kLogId, &bytes);
  return bytes;
}

class WorkedExample : public FileStoreFixture {};

TEST_F(WorkedExample, IsWhatTheStoreWrites) {
  WriteFile(log_path(), EncodeFileHeader(kLogId));
  ASSERT_TRUE(IsOk(Open().SaveEvent(ExampleEvent())));
  Close();
  const std::string dump = HexDump(ReadFile(log_path()));
  const std::string document = ReadFile(std::string(AETHER_SOURCE_DIR) + "/reference/file/format.md");
  EXPECT_NE(document.find(dump), std::string::npos) << "format.md does not show these bytes:\n" << dump;
}

TEST(FileHeader, GivesTheLogsId) { EXPECT_EQ(DecodeFileHeader(EncodeFileHeader(kLogId)), kLogId); }

TEST(FileHeader, IsRefusedWithAnyBitFlipped) {
  const std::string header = EncodeFileHeader(kLogId);
  for (std::size_t bit = 0; bit < header.size() * 8; ++bit) {
    std::string damaged = header;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_EQ(DecodeFileHeader(damaged), std::nullopt) << "bit " << bit;
  }
}

TEST(FileHeader, IsRefusedWhenItIsShort) {
  EXPECT_EQ(DecodeFileHeader(EncodeFileHeader(kLogId).substr(0, kFileHeaderBytes - 1)), std::nullopt);
}

TEST(FrameHeader, IsReadBackWhereItBelongs) {
  std::string bytes(kFrameHeaderBytes, '\0');
  PutFrameHeader({4096, 120, 17, 4000, 2}, kLogId, &bytes);
  const auto header = DecodeFrameHeader(bytes, 4096, kLogId);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->body_bytes, 120u);
  EXPECT_EQ(header->first_sequence, 17u);
  EXPECT_EQ(header->synced, 4000u);
  EXPECT_EQ(header->record_count, 2u);
  EXPECT_FALSE(DecodeFrameHeader(bytes, 4104, kLogId)) << "a frame is sound at its own offset only";
  EXPECT_FALSE(DecodeFrameHeader(bytes, 4096, kLogId + 1)) << "a frame is sound in its own log only";
}

TEST(Record, IsReadBackWhole) {
  const std::string bytes = ARecord("a-1", "{}");
  const auto header = DecodeRecordHeader(bytes, kLogId);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->actor_id, "a-1");
  EXPECT_EQ(header->sequence, 7u);
  EXPECT_EQ(header->previous, 2);
  EXPECT_EQ(header->version, 3);
  EXPECT_EQ(header->size(), bytes.size());
  EXPECT_EQ(bytes.size() % kAlignment, 0u);
  EXPECT_EQ(PayloadOf(*header, bytes), "{}");
  EXPECT_TRUE(PayloadIsIntact(*header, bytes, kLogId));
}

TEST(Record, KeepsItsHeaderWhenItsPayloadIsDamaged) {
  std::string bytes = ARecord("a-1", "{\"n\":1}");
  const std::size_t payload_at = DecodeRecordHeader(bytes, kLogId)->payload_at();
  bytes[payload_at + 2] ^= 1;
  const auto header = DecodeRecordHeader(bytes, kLogId);
  ASSERT_TRUE(header);
  EXPECT_FALSE(PayloadIsIntact(*header, bytes, kLogId));
}

TEST(Record, IsRefusedWithAnyBitOfItsHeaderFlipped) {
  const std::string bytes = ARecord("a-1", "{}");
  const std::size_t header_bytes = DecodeRecordHeader(bytes, kLogId)->payload_at();
  for (std::size_t bit = 0; bit < header_bytes * 8; ++bit) {
    std::string damaged = bytes;
    damaged[bit / 8] ^= static_cast<char>(1 << bit % 8);
    EXPECT_FALSE(DecodeRecordHeader(damaged, kLogId)) << "bit " << bit;
  }
}

TEST(Record, IsRefusedWhenItIsShort) {
  const std::string bytes = ARecord("a-1", "");
  const std::size_t header_bytes = DecodeRecordHeader(bytes, kLogId)->payload_at();
  for (std::size_t size = 0; size < header_bytes; ++size) {
    EXPECT_FALSE(DecodeRecordHeader(std::string_view(bytes).substr(0, size), kLogId)) << size << " bytes";
  }
}

TEST(LogFormat, ItsChecksumIsXxh3SeededWithTheLogsId) {
  const std::string text(5000, 'x');
  for (const std::uint64_t id : {std::uint64_t{0}, std::uint64_t{1}, kLogId, ~std::uint64_t{0}}) {
    for (const std::size_t size : {0, 1, 16, 17, 128, 240, 241, 444, 1024, 5000}) {
      EXPECT_EQ(Checksum(text.substr(0, size), id), XXH3_64bits_withSeed(text.data(), size, id));
    }
  }
}

}  // namespace
}  // namespace aether::file
