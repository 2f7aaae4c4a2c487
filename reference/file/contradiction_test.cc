// Logs and indexes with sound checksums that no writer leaves: what they say is contradicted by what lies
// beside it. They may be told as damage; nothing else may come of them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdint>

#include "aether/wire.h"
#include "bytes.h"
#include "index_fixture.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint64_t kLogId = 7;

// A log that is put together frame by frame.
class HandMade : public FileStoreFixture {
 protected:
  HandMade() { env_.SkipSyncs(); }

  // A frame of one event, the next one in order.
  void AddEvent(std::int64_t version, std::int64_t previous) {
    const std::string payload = *EncodeEvent(MakeEvent("a", version));
    const RecordHeader header{RecordType::kEvent, "a", payload.size(), sequence_, previous, version};
    std::string frame(kFrameHeaderBytes, '\0');
    AppendRecord(header, payload, Checksum(payload, kLogId), kLogId, &frame);
    AddFrame(frame, 1);
  }

  void AddSeal() { AddFrame(std::string(kFrameHeaderBytes, '\0'), 0); }

  void AddFrame(std::string frame, std::uint32_t records) {
    PutFrameHeader({log_.size(), frame.size() - kFrameHeaderBytes, sequence_, log_.size(), records}, kLogId,
                   &frame);
    log_ += frame;
    sequence_ += records;
  }

  FileStore& OpenIt() {
    Close();
    WriteFile(log_path(), log_);
    return Open();
  }

  std::string log_ = EncodeFileHeader(kLogId);
  std::uint64_t sequence_ = 1;
};

TEST_F(HandMade, IsALog) {
  AddEvent(1, 0);
  AddEvent(2, 1);
  AddSeal();
  EXPECT_EQ(OpenIt().recovery(), FileStoreRecovery());
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2));
}

TEST_F(HandMade, AVersionThatDoesNotRiseIsAReplayError) {
  const std::array<std::array<std::int64_t, 3>, 4> streams = {
      {{1, 2, 2}, {1, 3, 2}, {1, 2, -5}, {1, 2, INT64_MIN}}};
  for (const auto& versions : streams) {
    SCOPED_TRACE(versions[2]);
    log_ = EncodeFileHeader(kLogId);
    sequence_ = 1;
    for (const std::int64_t version : versions) AddEvent(version, 0);
    AddSeal();
    OpenIt();
    for (int round = 0; round < 2; ++round) {
      const auto replay = store_->GetEventsWithErrors("a", 0);
      ASSERT_TRUE(IsOk(replay));
      EXPECT_THAT(VersionsOf(replay->events), ElementsAre(1, versions[1]));
      EXPECT_FALSE(replay->errors.empty());
      EXPECT_EQ(*store_->GetLatestVersion("a"), versions[1]);
      Open();
    }
    EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", versions[1]))), ErrorCode::kVersionConflict);
  }
}

// The frame that was torn is all that says that the one before it was flushed.
class TornTail : public HandMade {
 protected:
  // Three events, of which the third is torn, and the second damaged: at so many bytes from the frame's
  // begin.
  void OpenDamaged(std::size_t at) {
    AddEvent(1, 0);
    const std::size_t second = log_.size();
    AddEvent(2, 1);
    AddEvent(3, 2);
    log_[second + at] ^= 1;
    log_[log_.size() - 20] ^= 1;
    OpenIt();
  }

  // Opens it as a killed process leaves it.
  void OpenAfterKill() {
    log_ = ReadFile(log_path());
    OpenIt();
  }
};

TEST_F(TornTail, IsCutOffAndDamageBeforeItStaysDamage) {
  OpenDamaged(kFrameHeaderBytes + 100);
  EXPECT_GT(store_->recovery().cut_bytes, 0u);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(store_->recovery().damaged_records, 1u);
    EXPECT_EQ(*store_->GetLatestVersion("a"), 2);
    EXPECT_THAT(store_->GetEventsWithErrors("a", 0)->errors, SizeIs(1));
    OpenAfterKill();
    EXPECT_EQ(store_->recovery().cut_bytes, 0u);
  }
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 3));
}

TEST_F(TornTail, StaysInALogThatHasLostRecords) {
  OpenDamaged(kFrameHeaderBytes + 20);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(store_->recovery().lost_records, 1u);
    EXPECT_THAT(store_->GetEventsWithErrors("a", 0)->errors, SizeIs(1));
    EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kCorrupt);
    EXPECT_EQ(ReadFile(log_path()), log_);
    OpenAfterKill();
  }
}

TEST_F(HandMade, ARecordThatIsMissingWithoutATraceIsLostAtEachOpening) {
  AddEvent(1, 0);
  sequence_ = 3;
  AddEvent(3, 2);
  AddSeal();
  OpenIt();
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(store_->recovery().lost_records, 1u);
    EXPECT_FALSE(std::filesystem::exists(index_path()));
    Open();
  }
}

TEST_F(HandMade, AFrameWithinADamagedOneIsTheTrueOne) {
  AddEvent(1, 0);
  const std::size_t damaged = log_.size();
  AddFrame(std::string(kFrameHeaderBytes + 1000, '\0'), 1);
  sequence_ = 2;
  log_.resize(damaged + kFrameHeaderBytes + 200);
  AddEvent(2, 1);
  AddEvent(3, 2);
  AddSeal();
  OpenIt();
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 4))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2, 3, 4));
}

bool IsFrame(const FrameHeader& header) {
  std::string frame(kFrameHeaderBytes, '\0');
  PutFrameHeader(header, kLogId, &frame);
  return DecodeFrameHeader(frame, header.offset, kLogId).has_value();
}

TEST(FrameHeaders, AreRefusedWhereNoWriterPutsThem) {
  EXPECT_TRUE(IsFrame({5600, 560, 101, 5600, 10}));
  EXPECT_FALSE(IsFrame({5604, 560, 101, 5600, 10})) << "not at a multiple of 8";
  EXPECT_FALSE(IsFrame({5600, 564, 101, 5600, 10})) << "ends elsewhere";
  EXPECT_FALSE(IsFrame({5600, 560, 0, 5600, 10})) << "no sequence";
  EXPECT_FALSE(IsFrame({5600, 560, 102, 5600, 10})) << "no room for the records before";
  EXPECT_FALSE(IsFrame({5600, 560, UINT64_MAX, 5600, 10})) << "no room for the records before";
  EXPECT_FALSE(IsFrame({5600, 560, 101, 5600, 11})) << "no room for its records";
}

// An index of `Index`'s log that was built from wrong lists.
class LyingIndex : public Index {
 protected:
  void SetUp() override {
    Fill();
    sound_ = CloseAndReadIndex();
  }

  // The range of the sound index: the file would be used.
  CheckpointRange Range() const { return CheckpointHeader::Decode(sound_, log_id_)->range; }

  std::string IndexOf(const PositionListView& events, const Position& snapshot = {}) const {
    CheckpointBuilder builder(log_id_);
    builder.Add("a", events, snapshot);
    return builder.Finish(Range());
  }

  void Checksummed(std::string* index) const {
    Put(Checksum(std::string_view(*index).substr(CheckpointHeader::kBytes), log_id_), index->data() + 72);
    Put(Checksum(std::string_view(*index).substr(0, 80), log_id_), index->data() + 80);
  }

  std::string sound_;
};

TEST_F(LyingIndex, IsNotUsedWhenAListIsNone) {
  const std::string bytes(300, '\1');
  PositionListView events{{}, {150, 8000}, 100, bytes, std::string_view()};
  EXPECT_FALSE(Decode(IndexOf(events))) << "no marks";
  std::string marks(kMarkBytes, '\xFF');
  events.marks = marks;
  EXPECT_FALSE(Decode(IndexOf(events))) << "a mark behind the list";
  events.count = std::uint64_t{1} << 60;
  EXPECT_FALSE(Decode(IndexOf(events))) << "more events than bytes";
}

TEST_F(LyingIndex, IsNotUsedWhenASearchWouldNotEnd) {
  const std::size_t slots = CheckpointHeader::kBytes + Get<std::uint64_t>(sound_, 56);
  for (const std::uint64_t slot : {std::uint64_t{1}, std::uint64_t{1} << 47}) {
    std::string index = sound_;
    for (std::size_t at = slots; at < index.size(); at += 8) Put(slot, index.data() + at);
    Checksummed(&index);
    EXPECT_FALSE(Decode(index));
  }
}

TEST_F(LyingIndex, LeadsToReplayErrorsWhereNoRecordIs) {
  for (const std::uint64_t offset : {std::uint64_t{64}, std::uint64_t{1} << 30, std::uint64_t{1} << 59}) {
    SCOPED_TRACE(offset);
    PositionList list{ListState()};
    list.Append({1, offset, 4'000'000'000});
    WriteFile(index_path(), IndexOf(list.view(), {1, offset, 4'000'000'000}));
    Open();
    const auto replay = store_->GetEventsWithErrors("a", 0);
    ASSERT_TRUE(IsOk(replay));
    EXPECT_THAT(replay->events, IsEmpty());
    EXPECT_THAT(replay->errors, SizeIs(1));
    EXPECT_EQ(CodeOf(store_->GetLatestSnapshot("a")), ErrorCode::kCorrupt);
    env_.FailMap();
    EXPECT_THAT(Open().GetEventsWithErrors("a", 0)->errors, SizeIs(1));
    Close();
    env_.map_fails = false;
  }
}

}  // namespace
}  // namespace aether::file
