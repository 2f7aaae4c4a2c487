// Opening where something around the store is not as it should be: files that are missing, limits, other
// processes.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <set>

#include "log_format.h"
#include "test_support.h"

namespace {

// What fsync() was called for.
std::mutex synced_mutex;
std::set<ino_t> synced;

// What fsync() and flock() answer for one file.
std::atomic<ino_t> failing_file = 0;
std::atomic<int> failing_error = 0;

ino_t FileOf(int fd) {
  struct stat status = {};
  return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

bool Fails(int fd) {
  if (failing_file == 0 || FileOf(fd) != failing_file) return false;
  errno = failing_error;
  return true;
}

}  // namespace

// In place of the C library's, for the whole program.
extern "C" int fsync(int fd) {
  if (const ino_t file = FileOf(fd); file != 0) {
    const std::lock_guard lock(synced_mutex);
    synced.insert(file);
  }
  return Fails(fd) ? -1 : static_cast<int>(::syscall(SYS_fsync, fd));
}

extern "C" int flock(int fd, int operation) noexcept {
  return Fails(fd) ? -1 : static_cast<int>(::syscall(SYS_flock, fd, operation));
}

namespace aether::file {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

// A limit of this process, until the end of the scope.
class Limit {
 public:
  Limit(__rlimit_resource resource, rlim_t value) : resource_(resource) {
    ::getrlimit(resource, &before_);
    const struct rlimit now = {value, before_.rlim_max};
    EXPECT_EQ(::setrlimit(resource, &now), 0);
  }
  ~Limit() { ::setrlimit(resource_, &before_); }

 private:
  const __rlimit_resource resource_;
  struct rlimit before_ = {};
};

// Makes fsync() and flock() fail for one file, until the end of the scope.
class Failing {
 public:
  Failing(const fs::path& path, int error) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    failing_error = error;
    failing_file = status.st_ino;
  }
  ~Failing() { failing_file = 0; }
};

class Opening : public FileStoreFixture {
 protected:
  void SetUp() override {
    Open();
    ASSERT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 1))));
  }

  // That opening is refused with this code and a text that holds `why`.
  void ExpectRefused(ErrorCode code, std::string_view why, const fs::path& directory) {
    const auto opened = FileStore::Open(directory);
    ASSERT_EQ(CodeOf(opened), code);
    EXPECT_THAT(opened.error().message(), HasSubstr(std::string(why)));
  }

  bool WasSynced(const fs::path& path) {
    struct stat status = {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    const std::lock_guard lock(synced_mutex);
    return synced.contains(status.st_ino);
  }

  void ForgetSyncs() {
    const std::lock_guard lock(synced_mutex);
    synced.clear();
  }
};

TEST_F(Opening, IsRefusedWhileItIsOpenAlsoWhenLockWasRemoved) {
  fs::remove(directory_.path() / "LOCK");
  ExpectRefused(ErrorCode::kUnavailable, "in use", directory_.path());
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
}

TEST_F(Opening, PutsNoEmptyLogInPlaceOfALinkThatLeadsNowhere) {
  Close();
  const fs::path elsewhere = directory_.path() / "elsewhere";
  fs::rename(log_path(), elsewhere);
  fs::create_symlink(elsewhere, log_path());
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
  Close();
  fs::rename(elsewhere, directory_.path() / "gone");
  ExpectRefused(ErrorCode::kUnavailable, "link", directory_.path());
  fs::rename(directory_.path() / "gone", elsewhere);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

TEST_F(Opening, FollowsALinkToTheDirectory) {
  Close();
  const fs::path link = directory_.path() / "link";
  fs::create_directory_symlink(directory_.path(), link);
  const auto opened = FileStore::Open(link);
  ASSERT_TRUE(IsOk(opened));
  EXPECT_THAT(VersionsIn(**opened, "a"), ElementsAre(1));
  const fs::path nowhere = directory_.path() / "nowhere";
  fs::create_directory_symlink(directory_.path() / "gone", nowhere);
  EXPECT_EQ(CodeOf(FileStore::Open(nowhere)), ErrorCode::kUnavailable);
  EXPECT_FALSE(fs::exists(directory_.path() / "gone"));
}

TEST_F(Opening, IsRefusedWhenTheLogIsGoneAndItsIndexIsThere) {
  Close();
  fs::remove(log_path());
  ExpectRefused(ErrorCode::kCorrupt, "missing", directory_.path());
  EXPECT_FALSE(fs::exists(log_path()));
  fs::remove(index_path());
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre());
}

TEST_F(Opening, NamesTheFormatVersionThatItDoesNotKnow) {
  Close();
  std::string log = ReadFile(log_path());
  const auto log_id = *DecodeFileHeader(log);
  log[8] = 2;
  const std::uint64_t checksum = Checksum(std::string_view(log).substr(0, 24), log_id);
  log.replace(24, 8, reinterpret_cast<const char*>(&checksum), 8);
  WriteFile(log_path(), log);
  ExpectRefused(ErrorCode::kCorrupt, "format version 2", directory_.path());
  EXPECT_EQ(ReadFile(log_path()), log);
}

TEST_F(Opening, WithoutADescriptorForTheIndexLeavesItAlone) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "UndefinedBehaviorSanitizer looks at memory through descriptors of its own";
#endif
  Close();
  const int next = ::open("/dev/null", O_RDONLY);
  ::close(next);
  for (int spare = 0; spare < 3; ++spare) {
    SCOPED_TRACE(spare);
    const Limit limit(RLIMIT_NOFILE, static_cast<rlim_t>(next + spare));
    ExpectRefused(ErrorCode::kUnavailable, "Too many open files", directory_.path());
  }
  EXPECT_TRUE(fs::exists(index_path()));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

TEST_F(Opening, WhenTheIndexCannotBeOpenedItIsLeftAlone) {
  Close();
  const std::string index = ReadFile(index_path());
  fs::remove(index_path());
  fs::create_symlink(index_path().filename(), index_path());  // to itself
  ExpectRefused(ErrorCode::kStorageFailed, "events.index", directory_.path());
  EXPECT_TRUE(fs::is_symlink(index_path()));
  fs::remove(index_path());
  WriteFile(index_path(), index);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

// Whoever made the directory and the log may have been killed, or a shell, before their names were durable.
TEST_F(Opening, MakesTheNamesOfANewLogDurable) {
  const fs::path inner = directory_.path() / "one" / "two";
  fs::create_directories(inner);
  for (int round = 0; round < 2; ++round) {
    ForgetSyncs();
    ASSERT_TRUE(IsOk(FileStore::Open(inner)));
    for (fs::path path = inner; path != directory_.path().parent_path(); path = path.parent_path()) {
      EXPECT_TRUE(WasSynced(path)) << path;
    }
    // As if nobody had come further than to make the file.
    fs::remove(inner / "events.index");
  }
}

TEST_F(Opening, MakesTheNamesOfWhatALinkLeadsToDurable) {
  const fs::path inner = directory_.path() / "one" / "two";
  fs::create_directories(inner);
  const fs::path link = directory_.path() / "link";
  fs::create_directory_symlink(inner, link);
  ForgetSyncs();
  ASSERT_TRUE(IsOk(FileStore::Open(link)));
  EXPECT_TRUE(WasSynced(inner));
  EXPECT_TRUE(WasSynced(inner.parent_path()));
}

TEST_F(Opening, GoesOnAboveADirectoryThatKeepsNoNames) {
  const fs::path above = directory_.path() / "above";
  const fs::path inner = above / "inner";
  fs::create_directories(inner);
  for (const int error : {ENOTSUP, ENOSYS, EINVAL}) {
    const Failing failing(above, error);
    ForgetSyncs();
    EXPECT_TRUE(IsOk(FileStore::Open(inner)));
    EXPECT_TRUE(WasSynced(directory_.path()));
    fs::remove(inner / "events.index");
  }
  for (const auto& [error, code] :
       {std::pair(ENOMEM, ErrorCode::kUnavailable), {EIO, ErrorCode::kStorageFailed}}) {
    for (const fs::path& path : {above, inner}) {
      const Failing failing(path, error);
      ExpectRefused(code, "flush directory", inner);
    }
  }
}

TEST_F(Opening, ALogThatCannotBeLockedIsNotTakenForOneInUse) {
  Close();
  for (const int error : {EOPNOTSUPP, ENOLCK, ENOSYS}) {
    const Failing failing(log_path(), error);
    EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
    ExpectRefused(ErrorCode::kUnavailable, "in use by process", directory_.path());  // by LOCK
    Close();
  }
  const Failing failing(log_path(), EIO);
  ExpectRefused(ErrorCode::kUnavailable, "cannot lock", directory_.path());
}

// A signal would end the process, which no room made ahead is worth.
TEST_F(Opening, ALimitOfTheFileSizeIsMetByWritesOnly) {
  FileStoreOptions options;
  options.preallocate_bytes = 0;
  Open(options);
  Close();
  const auto size = fs::file_size(log_path());
  Open();
  const auto before = std::signal(SIGXFSZ, SIG_DFL);
  {
    const Limit limit(RLIMIT_FSIZE, size + 10'000);
    EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 2))));
    std::signal(SIGXFSZ, SIG_IGN);
    EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 3, std::string(20'000, 'x')))),
              ErrorCode::kStorageFull);
    EXPECT_THAT(VersionsIn(*store_, "a"), ElementsAre(1, 2));
    EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 3))));
  }
  std::signal(SIGXFSZ, before);
  EXPECT_TRUE(IsOk(store_->SaveEvent(MakeEvent("a", 4, std::string(20'000, 'x')))));
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1, 2, 3, 4));
}

TEST_F(Opening, WhereNothingCanBeWrittenReadsWhatIsThere) {
  Close();
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  {
    const Limit limit(RLIMIT_FSIZE, 0);
    EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
    EXPECT_EQ(CodeOf(store_->SaveEvent(MakeEvent("a", 2))), ErrorCode::kStorageFull);
    EXPECT_TRUE(IsOk(store_->Close()));
    store_.reset();
  }
  std::signal(SIGXFSZ, before);
  EXPECT_THAT(VersionsIn(Open(), "a"), ElementsAre(1));
}

}  // namespace
}  // namespace aether::file
