// Programs whose protocols are known to be right or wrong, and what a power cut leaves of their files.

#include "faults/power_loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <set>

#include "watched_programs.h"

namespace aether::conformance {

namespace {

using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Not;

const std::string kNew(2000, 'n');
const std::string kAppended = "old" + kNew;

// A directory with a file that holds "old", in which a program has run.
class PowerLossTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!FaultLog::Possible())
      GTEST_SKIP() << "processes of a build with sanitizers do not bear preloading";
    std::ofstream(directory_.path() / "file") << "old";
    base_ = DiskImage::Read(directory_.path());
  }

  void Run(const std::string& program) {
    RunWatched(program, directory_.path(), log_);
    operations_ = log_.Read();
  }

  // The same, on the directory as it was, with a log of its own.
  void RunOnBase(const std::string& program) {
    base_.WriteTo(directory_.path());
    FaultLog log(directory_.path());
    RunWatched(program, directory_.path(), log);
    operations_ = log.Read();
  }

  void FailAt(faults::Call call, int error, std::uint32_t skip = 0, std::uint32_t times = 1) {
    faults::Plan plan;
    plan.calls = 1U << static_cast<unsigned>(call);
    plan.error = error;
    plan.skip = skip;
    plan.times = times;
    log_.SetPlan(plan);
  }

  // What may be left when the program is done, one directory after the other.
  std::vector<DiskImage> AllLeft(NameChanges names) {
    std::vector<DiskImage> left;
    PowerLoss machine(base_, names);
    for (const FileOperation& operation : operations_) machine.Apply(operation);
    for (const Loss loss : kLosses) {
      for (std::uint64_t seed = 0; seed < 50; ++seed) left.push_back(machine.Left(loss, seed));
    }
    return left;
  }

  // What may be left of a file: before the program said that it is done, or after. "-": there is no such
  // file.
  std::set<std::string> LeftOf(const std::string& path, bool done) {
    std::set<std::string> left;
    PowerLoss machine(base_);
    bool marked = false;
    for (const FileOperation& operation : operations_) {
      machine.Apply(operation);
      marked = marked || operation.what.op == faults::Op::kMark;
      if (marked != done) continue;
      for (const Loss loss : kLosses) {
        for (std::uint64_t seed = 0; seed < 20; ++seed)
          left.insert(ContentOf(machine.Left(loss, seed), path));
      }
    }
    return left;
  }

  std::set<std::string> Marks() {
    std::set<std::string> marks;
    for (const FileOperation& operation : operations_) {
      if (operation.what.op == faults::Op::kMark) marks.insert(operation.data);
    }
    return marks;
  }

  // That the operations make of the base what is there now.
  void ExpectWholeLog() {
    PowerLoss machine(base_);
    for (const FileOperation& operation : operations_) machine.Apply(operation);
    EXPECT_EQ(Difference(DiskImage::Read(directory_.path()), machine.Seen()), std::nullopt);
    EXPECT_EQ(machine.unknown(), "");
  }

  static std::string ContentOf(const DiskImage& image, const std::string& path) {
    const auto entry = image.entries.find(path);
    if (entry == image.entries.end()) return "-";
    std::string bytes = entry->second->bytes;
    bytes.resize(entry->second->size);
    return bytes;
  }

  Scratch directory_{"aether-power-loss"};
  DiskImage base_;
  FaultLog log_{directory_.path()};
  std::vector<FileOperation> operations_;
};

TEST_F(PowerLossTest, ReplacingWithBothSyncsIsAtomicAndLasts) {
  Run("replace");
  EXPECT_THAT(LeftOf("file", false), ElementsAre(kNew, "old"));
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kNew));
}

TEST_F(PowerLossTest, ReplacingWithoutSyncingTheFileMayLeaveItEmptyOrZeros) {
  Run("replace_without_file_sync");
  EXPECT_THAT(LeftOf("file", true), Contains(""));
  EXPECT_THAT(LeftOf("file", true), Contains(std::string(2000, '\0')));
  EXPECT_THAT(LeftOf("file", true), Contains(kNew));
  EXPECT_THAT(LeftOf("file", true), Not(Contains("old")));
}

TEST_F(PowerLossTest, ReplacingWithoutSyncingTheDirectoryMayLeaveTheOldOne) {
  Run("replace_without_directory_sync");
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kNew, "old"));
}

TEST_F(PowerLossTest, AWriteThatIsSyncedDoesNotSyncTheRestOfTheFile) {
  Run("dsync_elsewhere");
  const std::string zeros(597, '\0');
  EXPECT_THAT(LeftOf("file", true), ElementsAre("new" + zeros + "end", "old" + zeros + "end"));
}

TEST_F(PowerLossTest, AWriteWhoseSyncFailedIsNotMadeGoodByTheNextSync) {
  FailAt(faults::Call::kSync, EIO);
  Run("dsync_that_fails");
  EXPECT_THAT(Marks(), ElementsAre("done", "failed"));
  EXPECT_THAT(LeftOf("file", true), ElementsAre("new", "old"));
}

TEST_F(PowerLossTest, WhatWasAppendedAndSyncedLasts) {
  for (const char* program : {"append", "append_dsync", "append_syncs_all"}) {
    SCOPED_TRACE(program);
    FaultLog log(directory_.path());
    RunWatched(program, directory_.path(), log);
    operations_ = log.Read();
    EXPECT_THAT(LeftOf("file", true), ElementsAre(ContentOf(DiskImage::Read(directory_.path()), "file")));
    ExpectWholeLog();
    base_ = DiskImage::Read(directory_.path());
  }
}

TEST_F(PowerLossTest, WhatWasAppendedAndNotSyncedMayBeLostOrTorn) {
  for (const char* program :
       {"append_without_sync", "append_syncs_before", "append_syncs_another", "append_range"}) {
    SCOPED_TRACE(program);
    RunOnBase(program);
    const auto left = LeftOf("file", true);
    EXPECT_THAT(left, Contains("old"));
    EXPECT_THAT(left, Contains(kAppended));
    EXPECT_THAT(left, Contains("old" + std::string(2000, '\0')));
    std::string torn = kAppended;
    torn.replace(512, 512, 512, '\0');
    EXPECT_THAT(left, Contains(torn));
    ExpectWholeLog();
  }
}

TEST_F(PowerLossTest, TearsAtSectorsOnly) {
  Run("append_without_sync");
  for (const std::string& left : LeftOf("file", true)) {
    for (std::size_t i = 3; i < left.size(); ++i) {
      const bool begins = i == 3 || i % 512 == 0;
      EXPECT_TRUE(begins || left[i] == left[i - 1]) << i;
    }
  }
}

TEST_F(PowerLossTest, ANewFileNeedsASyncOfItsDirectory) {
  Run("new_file");
  EXPECT_THAT(LeftOf("log", true), ElementsAre(kNew));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, ANewFileWithoutASyncOfItsDirectoryMayBeGone) {
  Run("new_file_without_directory_sync");
  EXPECT_THAT(LeftOf("log", true), ElementsAre("-", kNew));
}

TEST_F(PowerLossTest, ANewDirectoryNeedsASyncOfItsParent) {
  Run("new_directory_without_parent_sync");
  EXPECT_THAT(LeftOf("sub/log", true), ElementsAre("-", kNew));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, ADirectoryThatOpendirOpenedIsSyncedAsWell) {
  Run("syncs_opened_by_opendir");
  PowerLoss machine(base_);
  for (const FileOperation& operation : operations_) machine.Apply(operation);
  EXPECT_EQ(ContentOf(machine.Left(Loss::kAll, 0), "log"), kNew);
}

TEST_F(PowerLossTest, ARemovalMayBeKeptWithoutTheRenameBeforeIt) {
  Run("point_elsewhere");
  const auto lost = [](const DiskImage& left) {
    return ContentOf(left, "file") == "old" && ContentOf(left, "before") == "-";
  };
  const auto any = AllLeft(NameChanges::kInAnyOrder);
  EXPECT_TRUE(std::any_of(any.begin(), any.end(), lost));
  const auto ordered = AllLeft(NameChanges::kInOrder);
  EXPECT_FALSE(std::any_of(ordered.begin(), ordered.end(), lost));
  EXPECT_TRUE(std::any_of(ordered.begin(), ordered.end(), [](const DiskImage& left) {
    return ContentOf(left, "file") == kNew && ContentOf(left, "before") != "-";
  }));
}

TEST_F(PowerLossTest, WhereNamesAreInOrderASyncOfAFileMakesItsNameDurable) {
  Run("new_file_without_directory_sync");
  for (const DiskImage& left : AllLeft(NameChanges::kInOrder)) EXPECT_EQ(ContentOf(left, "log"), kNew);
}

TEST_F(PowerLossTest, EveryCallIsInTheLog) {
  Run("every_call");
  ExpectWholeLog();
}

TEST_F(PowerLossTest, ThreadsAreInTheLogInTheirOrder) {
  Run("many_threads");
  ExpectWholeLog();
}

const std::string kMapped = kAppended + std::string(8192 - 2003, '\0');

TEST_F(PowerLossTest, WhatWasWrittenThroughAMappingAndSyncedLasts) {
  for (const char* program : {"append_mapped", "append_mapped_syncs_the_file"}) {
    SCOPED_TRACE(program);
    RunOnBase(program);
    EXPECT_THAT(LeftOf("file", true), ElementsAre(kMapped));
    ExpectWholeLog();
  }
}

TEST_F(PowerLossTest, WhatWasWrittenThroughAMappingAndNotSyncedMayBeLostOrTorn) {
  for (const char* program :
       {"append_mapped_without_sync", "append_mapped_syncs_later", "append_mapped_syncs_another_page"}) {
    SCOPED_TRACE(program);
    RunOnBase(program);
    const auto left = LeftOf("file", true);
    EXPECT_THAT(left, Contains("old" + std::string(8189, '\0')));
    EXPECT_THAT(left, Contains(kMapped));
    std::string torn = kMapped;
    torn.replace(512, 512, 512, '\0');
    EXPECT_THAT(left, Contains(torn));
    ExpectWholeLog();
  }
}

TEST_F(PowerLossTest, ASyncOfAMappingThatFailedMakesNothingDurable) {
  FailAt(faults::Call::kSync, EIO, 1);
  try {
    Run("append_mapped");
    FAIL() << "the program goes on";
  } catch (const std::runtime_error&) {
  }
  operations_ = log_.Read();
  EXPECT_THAT(LeftOf("file", false), Contains("old" + std::string(8189, '\0')));
}

TEST_F(PowerLossTest, AnIndexThatIsMappedMayBeLeftAheadOfItsLog) {
  Run("index_ahead");
  PowerLoss machine(base_);
  bool ahead = false;
  for (const FileOperation& operation : operations_) {
    machine.Apply(operation);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      const DiskImage left = machine.Left(Loss::kSome, seed);
      ahead = ahead || (ContentOf(left, "index").starts_with("1") && ContentOf(left, "file") == "old");
    }
  }
  EXPECT_TRUE(ahead);
}

TEST_F(PowerLossTest, MappingsThatMoveAndEndAreInTheLog) {
  Run("many_mappings");
  ExpectWholeLog();
}

TEST_F(PowerLossTest, WhatAStreamWritesIsInTheLog) {
  RunOnBase("prints");
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kAppended));
  ExpectWholeLog();
  RunOnBase("prints_without_sync");
  EXPECT_THAT(LeftOf("file", true), Contains("old"));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, WhatIsDoneUnseenIsTold) {
  Run("changes_protection");
  PowerLoss machine(base_);
  for (const FileOperation& operation : operations_) machine.Apply(operation);
  EXPECT_EQ(Difference(DiskImage::Read(directory_.path()), machine.Seen()), "file differs at byte 0");
}

TEST_F(PowerLossTest, ReadsFailAsPlanned) {
  const std::vector<std::string> calls = {"read", "pread", "preadv", "mmap"};
  for (std::size_t n = 0; n < calls.size(); ++n) {
    FaultLog log(directory_.path());
    faults::Plan plan;
    plan.calls = 1U << static_cast<unsigned>(faults::Call::kRead);
    plan.skip = static_cast<std::uint32_t>(n);
    plan.times = 1;
    plan.error = EIO;
    log.SetPlan(plan);
    RunWatched("read_all", directory_.path(), log);
    operations_ = log.Read();
    std::set<std::string> expected;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      expected.insert(calls[i] + (i == n ? " failed" : i == 3 ? " done" : " old"));
    }
    EXPECT_EQ(Marks(), expected);
  }
}

TEST_F(PowerLossTest, ReadsGiveLessAsPlanned) {
  FailAt(faults::Call::kRead, 0, 0, 3);
  Run("read_all");
  EXPECT_THAT(Marks(), ElementsAre("mmap done", "pread ol", "preadv o", "read ol"));
}

TEST_F(PowerLossTest, ASyncThatFailedIsNotMadeGoodByAnother) {
  FailAt(faults::Call::kSync, EIO);
  Run("syncs_twice");
  EXPECT_THAT(LeftOf("file", true), Contains("old" + std::string(2000, '\0')));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, ASyncThatFailedIsMadeGoodByWritingAgain) {
  FailAt(faults::Call::kSync, EIO);
  Run("writes_again");
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kAppended));
}

TEST_F(PowerLossTest, WritesByHalfAndInterruptedOnesAreWhatTheProgramSees) {
  FailAt(faults::Call::kWrite, 0, 0, 3);
  Run("writes_on");
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kAppended));
  EXPECT_EQ(log_.plan().failed, 3);
  ExpectWholeLog();
}

TEST_F(PowerLossTest, AnInterruptedWriteIsMadeAgain) {
  FailAt(faults::Call::kWrite, EINTR, 0, 2);
  Run("writes_on");
  EXPECT_THAT(LeftOf("file", true), ElementsAre(kAppended));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, CallsFailAsPlanned) {
  FailAt(faults::Call::kCreate, EROFS);
  Run("tell_errors");
  EXPECT_THAT(Marks(), ElementsAre("create"));
}

TEST_F(PowerLossTest, ARenameFailsAsPlanned) {
  FailAt(faults::Call::kRename, EROFS);
  Run("tell_errors");
  EXPECT_THAT(Marks(), ElementsAre("rename"));
  ExpectWholeLog();
}

TEST_F(PowerLossTest, AnOpenFailsAsPlanned) {
  FailAt(faults::Call::kOpen, EROFS);
  Run("tell_errors");
  EXPECT_THAT(Marks(), ElementsAre("open"));
}

TEST_F(PowerLossTest, ARemovalFailsAsPlanned) {
  FailAt(faults::Call::kUnlink, EROFS);
  Run("tell_errors");
  EXPECT_THAT(Marks(), ElementsAre("unlink"));
}

}  // namespace

}  // namespace aether::conformance

int main(int argc, char** argv) {
  if (const int status = aether::conformance::RunIfWatched(); status >= 0) return status;
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
