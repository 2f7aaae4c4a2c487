// What the tests of events.index share: a store of several actors, and whether opening it reads its log.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint.h"
#include "file_store_seam.h"
#include "log_format.h"
#include "test_support.h"

namespace aether::file {

class Index : public FileStoreFixture {
 protected:
  Index() { env_.SkipSyncs(); }

  void Save(const std::string& actor, std::int64_t version, std::string_view text = "") {
    events_[actor].push_back(MakeEvent(actor, version, text));
    ASSERT_TRUE(IsOk(store_->SaveEvent(events_[actor].back())));
  }

  // Some of everything: several actors, one of them with several blocks, snapshots, a malformed record.
  void Fill() {
    FileStoreOptions options;
    options.preallocate_bytes = 0;
    Open(options);
    for (int version = 1; version <= 150; ++version) Save("a", version, std::string(200, 'x'));
    Save("b", 7);
    Save("c", 1);
    ASSERT_TRUE(IsOk(FileStoreSeam::AppendRaw(*store_, "b", "not JSON")));
    ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("a", 100))));
    ASSERT_TRUE(IsOk(store_->SaveSnapshot(MakeSnapshot("d", 3))));
  }

  // Closes the store and answers what its index holds.
  std::string CloseAndReadIndex() {
    Close();
    log_id_ = *DecodeFileHeader(ReadFile(log_path()));
    return ReadFile(index_path());
  }

  std::optional<Checkpoint> Decode(const std::string& index) const {
    auto bytes = std::make_unique<char[]>(index.size());
    index.copy(bytes.get(), index.size());
    return Checkpoint::Decode(std::move(bytes), index.size(), log_id_);
  }

  // Opens the store and answers whether its whole log was read.
  bool OpeningReadsTheLog() {
    Close();
    env_.read_bytes = 0;
    Open();
    return env_.read_bytes >= std::filesystem::file_size(log_path());
  }

  void ExpectAllThere() {
    EXPECT_EQ(store_->recovery(), FileStoreRecovery());
    for (const auto& [actor, saved] : events_) {
      EXPECT_EQ(*store_->GetLatestVersion(actor), saved.back().version);
      const auto replay = store_->GetEventsWithErrors(actor, 0);
      ASSERT_TRUE(IsOk(replay));
      ASSERT_THAT(replay->events, testing::SizeIs(saved.size())) << actor;
      for (std::size_t i = 0; i < saved.size(); ++i) EXPECT_EQ(*replay->events[i], saved[i]);
      EXPECT_THAT(replay->errors, testing::SizeIs(actor == "b" ? 1 : 0));
      EXPECT_THAT(*store_->GetEvents(actor, saved.back().version), testing::SizeIs(1));
      EXPECT_EQ(CodeOf(store_->SaveEvent(saved.back())), ErrorCode::kVersionConflict);
    }
    EXPECT_EQ(*store_->GetLatestSnapshot("a"), MakeSnapshot("a", 100));
    EXPECT_EQ(*store_->GetLatestSnapshot("d"), MakeSnapshot("d", 3));
    EXPECT_EQ(*store_->GetLatestSnapshot("b"), std::nullopt);
    EXPECT_EQ(*store_->GetLatestVersion("nobody"), 0);
    EXPECT_THAT(*store_->GetEvents("nobody", 0), testing::IsEmpty());
  }

  std::map<std::string, std::vector<Event>> events_;
  std::uint64_t log_id_ = 0;
};

}  // namespace aether::file
