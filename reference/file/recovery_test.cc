// What Open() makes of torn tails and of damage.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "file_store_seam.h"
#include "log_format.h"
#include "test_support.h"

namespace aether::file {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::uint64_t LogIdOf(const std::string& log) { return DecodeFileHeader(log).value(); }

// The frames of a sound log, seals included.
std::vector<FrameHeader> FramesOf(const std::string& log) {
  std::vector<FrameHeader> frames;
  for (std::uint64_t at = kFileHeaderBytes; at < log.size(); at = frames.back().end()) {
    const auto frame = DecodeFrameHeader(std::string_view(log).substr(at), at, LogIdOf(log));
    if (!frame) break;
    frames.push_back(*frame);
  }
  return frames;
}

class Recovery : public FileStoreFixture {
 protected:
  Recovery() { env_.SkipSyncs(); }

  // A log of three events in three frames: as a crash leaves it, or closed and sealed.
  std::string ThreeEvents(bool sealed) {
    FileStoreOptions options;
    options.preallocate_bytes = 0;
    FileStore& store = Open(options);
    for (int version = 1; version <= 3; ++version) {
      EXPECT_TRUE(IsOk(store.SaveEvent(MakeEvent("a", version))));
    }
    if (sealed) Close();
    auto log = ReadFile(log_path());
    Close();
    return log;
  }

  FileStore& OpenWith(const std::string& log) {
    Close();
    WriteFile(log_path(), log);
    std::filesystem::remove(index_path());  // it may be of a longer one
    return Open();
  }
};

TEST_F(Recovery, TellsNothingOfACleanLog) {
  EXPECT_EQ(OpenWith(ThreeEvents(true)).recovery(), FileStoreRecovery());
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
}

TEST_F(Recovery, FindsEveryEventOfALogThatWasNeverClosed) {
  EXPECT_EQ(OpenWith(ThreeEvents(false)).recovery(), FileStoreRecovery());
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
}

TEST_F(Recovery, TakesTheZerosOfPreallocationForTheEnd) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  const std::string log = ReadFile(log_path());
  EXPECT_GT(log.size(), 100'000u);
  EXPECT_EQ(OpenWith(log).recovery(), FileStoreRecovery());
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1));
}

// However much of the last write is missing, what was acknowledged before is there, and saves go on.
TEST_F(Recovery, CutsOffALastFrameTruncatedAtAnyByte) {
  const std::string log = ThreeEvents(false);
  const std::uint64_t begin = FramesOf(log).back().offset;
  for (std::uint64_t size = begin; size < log.size(); ++size) {
    SCOPED_TRACE("truncated to " + std::to_string(size));
    FileStore& store = OpenWith(log.substr(0, size));
    EXPECT_THAT(VersionsIn(store, "a"), ElementsAre(1, 2));
    EXPECT_EQ(store.recovery().cut_offset, size > begin ? begin : 0);
    EXPECT_LE(store.recovery().cut_bytes, size - begin);
    EXPECT_TRUE(IsOk(store.SaveEvent(MakeEvent("a", 3, "again"))));
    EXPECT_EQ(Open().recovery(), FileStoreRecovery());
    EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
  }
}

TEST_F(Recovery, CutsOffALastFrameZeroedFromAnyByte) {
  const std::string log = ThreeEvents(false);
  const FrameHeader last = FramesOf(log).back();
  // The padding at the end is zero already.
  const std::uint64_t data_end = log.find_last_not_of('\0') + 1;
  for (std::uint64_t at = last.offset; at < data_end; ++at) {
    SCOPED_TRACE("zeroed from " + std::to_string(at));
    std::string torn = log;
    std::fill(torn.begin() + static_cast<std::ptrdiff_t>(at), torn.end(), '\0');
    const auto versions = VersionsIn(OpenWith(torn), "a");
    EXPECT_THAT(versions, ElementsAre(1, 2));
    EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
    EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2, 3));
  }
}

TEST_F(Recovery, CutsOffGarbageBehindTheLastFrame) {
  const std::string log = ThreeEvents(true);
  const FileStore& store = OpenWith(log + std::string(100, '\xA5'));
  EXPECT_EQ(store.recovery().cut_offset, log.size());
  EXPECT_EQ(store.recovery().cut_bytes, 100u);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
}

// Nothing proves the frames flushed: a power cut may have left any of them behind another one's gap.
TEST_F(Recovery, CutsOffAllBehindTheFirstUnsoundFrameWhereNothingIsProven) {
  FileStoreOptions options;
  options.durability = Durability::kPageCache;
  options.preallocate_bytes = 0;
  Open(options);
  for (int version = 1; version <= 3; ++version) {
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", version, "needle"))));
  }
  std::string log = ReadFile(log_path());
  const std::uint64_t second = FramesOf(log)[1].offset;
  log[log.find("needle", second)] ^= 1;
  FileStore& store = OpenWith(log);
  EXPECT_THAT(VersionsIn(store, "a"), ElementsAre(1));
  EXPECT_EQ(store.recovery().cut_offset, second);
  EXPECT_TRUE(IsOk(store.SaveEvent(MakeEvent("a", 2))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2));
}

TEST_F(Recovery, FlushesATailThatNothingProvesFlushedByWritingItAgain) {
  const std::string log = ThreeEvents(false);
  Close();
  WriteFile(log_path(), log);
  env_.write_count = env_.sync_count = 0;
  Open();
  EXPECT_EQ(env_.write_count, 1);
  EXPECT_EQ(env_.sync_count, 1);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2, 3));
}

TEST_F(Recovery, WritesNothingToASealedLog) {
  const std::string log = ThreeEvents(true);
  env_.write_count = env_.sync_count = 0;
  Open();
  Close();
  EXPECT_EQ(env_.write_count, 0);
  EXPECT_EQ(env_.sync_count, 0);
  EXPECT_EQ(ReadFile(log_path()), log);
}

TEST_F(Recovery, ReportsADamagedPayloadToItsActorAndGoesOn) {
  Open();
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("b", 1))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2, "needle"))));
  ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
  Close();
  std::string log = ReadFile(log_path());
  log[log.find("needle")] ^= 1;
  FileStore& store = OpenWith(log);
  EXPECT_EQ(store.recovery().damaged_records, 1u);
  EXPECT_EQ(store.recovery().lost_records, 0u);

  const auto replay = store.GetEventsWithErrors("a", 0);
  ASSERT_TRUE(IsOk(replay));
  EXPECT_THAT(VersionsOf(replay->events), ElementsAre(1, 3));
  ASSERT_EQ(replay->errors.size(), 1u);
  EXPECT_EQ(replay->errors[0].sequence_number, 3u);
  EXPECT_THAT(replay->errors[0].raw_data, testing::HasSubstr("oeedle"));
  EXPECT_THAT(store.GetEventsWithErrors("b", 0)->errors, IsEmpty());

  EXPECT_EQ(*store.GetLatestVersion("a"), 3);
  EXPECT_TRUE(IsOk(store.SaveEvent(MakeEvent("a", 4))));
}

TEST_F(Recovery, LosesNothingByADamagedFrameHeader) {
  std::string log = ThreeEvents(true);
  log[FramesOf(log)[1].offset + 10] ^= 1;
  FileStore& store = OpenWith(log);
  EXPECT_THAT(VersionsIn(store, "a"), ElementsAre(1, 2, 3));
  EXPECT_EQ(store.recovery().lost_records, 0u);
  EXPECT_EQ(store.recovery().damaged_bytes, kFrameHeaderBytes);
  EXPECT_TRUE(IsOk(store.SaveEvent(MakeEvent("a", 4))));
}

// A damaged record header: nobody can say whose the event was.
class LostRecord : public Recovery {
 protected:
  void SetUp() override {
    std::string log = ThreeEvents(true);
    log[FramesOf(log)[1].body() + 20] ^= 1;
    OpenWith(log);
  }
};

TEST_F(LostRecord, IsReportedToEveryReader) {
  EXPECT_EQ(store_->recovery().lost_records, 1u);
  for (const char* actor : {"a", "somebody"}) {
    const auto replay = store_->GetEventsWithErrors(actor, 0);
    ASSERT_TRUE(IsOk(replay));
    ASSERT_FALSE(replay->errors.empty());
    EXPECT_EQ(replay->errors.back().sequence_number, 2u);
    EXPECT_THAT(replay->errors.back().raw_data, testing::HasSubstr("\"version\":2"));
  }
}

TEST_F(LostRecord, IsMissedByTheEventBehindIt) {
  const auto replay = store_->GetEventsWithErrors("a", 0);
  EXPECT_THAT(VersionsOf(replay->events), ElementsAre(1, 3));
  ASSERT_EQ(replay->errors.size(), 2u);
  EXPECT_EQ(replay->errors[0].raw_data, "");
  EXPECT_EQ(replay->errors[0].cause, "the event of version 2 is missing");
}

TEST_F(LostRecord, LeavesTheReadableEventsToGetEvents) {
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 3));
}

TEST_F(LostRecord, MakesSavesAndLatestVersionsCorrupt) {
  EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("b", 1))), ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(store_->SaveSnapshot(MakeSnapshot("b", 1))), ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(store_->GetLatestVersion("b")), ErrorCode::kCorrupt);
  EXPECT_EQ(CodeOf(store_->GetLatestSnapshot("b")), ErrorCode::kCorrupt);
}

TEST_F(LostRecord, IsStillToldAfterReopening) {
  Open();
  EXPECT_EQ(store_->recovery().lost_records, 1u);
  EXPECT_EQ(store_->GetEventsWithErrors("b", 0)->errors.size(), 1u);
}

// Neither is the tail behind the damage written again, of which nothing says that it was flushed.
TEST_F(Recovery, LeavesALogWithLostRecordsAsItIs) {
  std::string log = ThreeEvents(false);
  log[FramesOf(log)[1].body() + 20] ^= 1;
  env_.write_count = 0;
  env_.sync_count = 0;
  EXPECT_EQ(OpenWith(log).recovery().lost_records, 1u);
  EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 3));
  Close();
  EXPECT_EQ(env_.write_count, 0);
  EXPECT_EQ(env_.sync_count, 0);
  EXPECT_EQ(ReadFile(log_path()), log);
}

TEST_F(Recovery, RefusesALogWithADamagedHeader) {
  std::string log = ThreeEvents(true);
  log[3] ^= 1;
  WriteFile(log_path(), log);
  EXPECT_EQ(CodeOf(FileStore::Open(directory_.path())), ErrorCode::kCorrupt);
}

// Some of everything: several actors, a snapshot, a malformed record.
class AnyBitFlipped : public Recovery, public testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    FileStoreOptions options;
    options.preallocate_bytes = 0;
    FileStore& store = Open(options);
    for (int version = 1; version <= 3; ++version) {
      for (const char* actor : {"a", "b"}) {
        ASSERT_TRUE(IsOk(store.SaveEvent(MakeEvent(actor, version, actor))));
        events_[actor].push_back(MakeEvent(actor, version, actor));
      }
      ASSERT_TRUE(IsOk(store.SaveSnapshot(MakeSnapshot("a", version))));
    }
    ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(store, "b", "not JSON")));
    ASSERT_TRUE(IsOk(store.SaveEvent(MakeEvent("b", 4))));
    events_["b"].push_back(MakeEvent("b", 4));
    if (sealed()) Close();
    log_ = ReadFile(log_path());
  }

  bool sealed() const { return GetParam(); }

  // Every event is right, or its absence is told: by a replay error, or as a cut-off last frame.
  void ExpectRightOrTold(FileStore& store, const std::string& actor) {
    const auto replay = store.GetEventsWithErrors(actor, 0);
    ASSERT_TRUE(IsOk(replay));
    const auto& saved = events_[actor];
    std::size_t missing = 0;
    auto read = replay->events.begin();
    for (const Event& event : saved) {
      if (read != replay->events.end() && **read == event) {
        ++read;
      } else {
        ++missing;
      }
    }
    EXPECT_EQ(read, replay->events.end()) << "an event that nobody saved";
    const std::size_t malformed = actor == "b" ? 1 : 0;
    const bool cut = store.recovery().cut_bytes > 0 && !sealed() && actor == "b";  // who came last
    EXPECT_GE(replay->errors.size() + (cut ? 1 : 0), missing + malformed);
    EXPECT_EQ(store.GetEvents(actor, 0)->size(), replay->events.size());

    const auto latest = store.GetLatestVersion(actor);
    if (latest) {
      EXPECT_GE(*latest, saved.back().version - (cut ? 1 : 0));
    } else {
      EXPECT_EQ(latest.error().code(), ErrorCode::kCorrupt);
    }
  }

  std::map<std::string, std::vector<Event>> events_;
  std::string log_;
};

TEST_P(AnyBitFlipped, GivesEachEventRightOrTellsThatItIsNot) {
  for (std::size_t at = 0; at < log_.size(); ++at) {
    SCOPED_TRACE("byte " + std::to_string(at));
    std::string damaged = log_;
    damaged[at] ^= static_cast<char>(1 << at % 8);
    Close();
    WriteFile(log_path(), damaged);
    FileStoreOptions options;
    options.env = &env_;
    auto opened = FileStore::Open(directory_.path(), options);
    if (at < kFileHeaderBytes) {
      EXPECT_EQ(CodeOf(opened), ErrorCode::kCorrupt);
      continue;
    }
    ASSERT_TRUE(IsOk(opened));
    ExpectRightOrTold(**opened, "a");
    ExpectRightOrTold(**opened, "b");
    const auto snapshot = (*opened)->GetLatestSnapshot("a");
    if (snapshot) {
      EXPECT_EQ(*snapshot, MakeSnapshot("a", 3));
    } else {
      EXPECT_EQ(snapshot.error().code(), ErrorCode::kCorrupt);
    }
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Log, AnyBitFlipped, testing::Bool(), [](const auto& sealed) {
  return std::string(sealed.param ? "Closed" : "NeverClosed");
});

TEST_F(Recovery, GivesAReaderDamageThatCameAfterOpening) {
  const std::string log = ThreeEvents(true);
  OpenWith(log);
  for (std::size_t at = FramesOf(log)[1].body(); at < FramesOf(log)[1].end(); ++at) {
    std::string damaged = log;
    damaged[at] ^= 1;
    std::fstream(log_path(), std::ios::binary | std::ios::in | std::ios::out) << damaged;
    const auto replay = store_->GetEventsWithErrors("a", 0);
    ASSERT_TRUE(IsOk(replay));
    EXPECT_EQ(replay->events.size() + replay->errors.size(), 3u) << "byte " << at;
  }
}

}  // namespace
}  // namespace aether::file
