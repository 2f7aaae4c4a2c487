// A writer that is killed in the middle of its saves.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <map>

#include "test_support.h"

namespace aether::file {
namespace {

// The program of crash_writer.cc, running.
class Writer {
 public:
  explicit Writer(const std::filesystem::path& directory) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) std::abort();
    const std::string argument = directory.string();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], STDOUT_FILENO);
      ::execl(AETHER_CRASH_WRITER, AETHER_CRASH_WRITER, argument.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(ends[1]);
    acknowledged_ = ::fdopen(ends[0], "r");
  }

  ~Writer() {
    Kill();
    std::fclose(acknowledged_);
  }

  pid_t pid() const { return pid_; }

  // Reads acknowledgements until there are `count` more; false when there are no more.
  bool Read(int count) {
    char actor[16];
    long version = 0;
    for (int i = 0; i < count; ++i) {
      if (std::fscanf(acknowledged_, "%15s %ld\n", actor, &version) != 2) return false;
      last_[actor] = version;
    }
    return true;
  }

  void Kill() {
    if (killed_) return;
    killed_ = true;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  // The last version of each actor whose save has returned.
  const std::map<std::string, std::int64_t>& last() const { return last_; }

 private:
  pid_t pid_ = -1;
  std::FILE* acknowledged_ = nullptr;
  std::map<std::string, std::int64_t> last_;
  bool killed_ = false;
};

class Crash : public FileStoreFixture {};

TEST_F(Crash, LosesNothingAcknowledgedHoweverOftenTheWriterIsKilled) {
  for (int round = 0; round < 5; ++round) {
    std::filesystem::remove(log_path());  // each writer begins at version 1
    std::filesystem::remove(index_path());
    Writer writer(directory_.path());
    ASSERT_TRUE(writer.Read(50 + 37 * round));
    // On a busy machine one thread may be far ahead of the others.
    while (writer.last().size() < 4u) ASSERT_TRUE(writer.Read(1));
    writer.Kill();
    writer.Read(1'000'000);
    FileStore& store = Open();
    EXPECT_EQ(store.recovery().lost_records + store.recovery().damaged_records, 0u);
    for (const auto& [actor, version] : writer.last()) {
      const auto versions = VersionsIn(store, actor);
      ASSERT_GE(static_cast<std::int64_t>(versions.size()), version);
      EXPECT_LE(static_cast<std::int64_t>(versions.size()), version + 1);
      for (std::size_t i = 0; i < versions.size(); ++i) {
        EXPECT_EQ(versions[i], static_cast<std::int64_t>(i) + 1);
      }
    }
    Close();
  }
}

TEST_F(Crash, AnotherProcessIsRefusedUntilTheWriterIsGone) {
  Writer writer(directory_.path());
  ASSERT_TRUE(writer.Read(1));
  const auto refused = FileStore::Open(directory_.path());
  ASSERT_EQ(CodeOf(refused), ErrorCode::kUnavailable);
  EXPECT_THAT(refused.error().message(),
              testing::HasSubstr("is in use by process " + std::to_string(writer.pid())));
  writer.Kill();
  EXPECT_TRUE(IsOk(FileStore::Open(directory_.path())));
}

}  // namespace
}  // namespace aether::file
