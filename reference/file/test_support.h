// What the file store's tests share: a directory, events, and an environment that fails on demand.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aether/file_store.h"

namespace aether::file {

// A directory that lives as long as the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "aether-file-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void WriteFile(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline Event MakeEvent(std::string_view actor_id, std::int64_t version, std::string_view text = "") {
  Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "opened";
  event.actor_id = actor_id;
  event.version = version;
  event.data = JsonObject::Trusted("{\"text\":\"" + std::string(text) + "\"}");
  event.timestamp = {1768339576, 120000000};
  return event;
}

inline ActorSnapshot MakeSnapshot(std::string_view actor_id, std::int64_t version,
                                  std::string_view text = "") {
  return {std::string(actor_id), version, JsonObject::Trusted("{\"text\":\"" + std::string(text) + "\"}"),
          Timestamp{1768339576, 120000000}};
}

// The code of an answer; nothing for a success.
template <typename T>
std::optional<ErrorCode> CodeOf(const Result<T>& result) {
  if (result) return std::nullopt;
  return result.error().code();
}

template <typename T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().message();
}

inline std::vector<std::int64_t> VersionsOf(const std::vector<EventPtr>& events) {
  std::vector<std::int64_t> versions;
  for (const auto& event : events) versions.push_back(event->version);
  return versions;
}

inline std::vector<std::int64_t> VersionsIn(FileStore& store, std::string_view actor_id) {
  const auto events = store.GetEvents(actor_id, 0);
  EXPECT_TRUE(IsOk(events));
  return events ? VersionsOf(*events) : std::vector<std::int64_t>();
}

// Makes calls fail, one by one in the order given, and counts them. Thread-safe.
class FaultyEnv : public FileEnv {
 public:
  // The next call answers `error`; 0 lets it pass. Further calls of this queue up behind.
  void NextWrite(int error) { Push(&writes_, error); }
  void NextSync(int error) { Push(&syncs_, error); }
  void NextResize(int error) { Push(&resizes_, error); }
  void NextRead(int error) { Push(&reads_, error); }
  void FailAllocate() { allocate_fails = true; }
  void FailMap() { map_fails = true; }

  // Flushes only look as if: for tests of many states, which a flush each would make slow.
  void SkipSyncs() { skip_syncs = true; }

  // Forgets the errors that are still to come.
  void ClearFaults() {
    std::lock_guard lock(mutex_);
    for (auto* errors : {&writes_, &syncs_, &resizes_, &reads_}) errors->clear();
  }

  // No call moves more than this many bytes, and each is interrupted once before.
  void MakeCallsShort(std::size_t bytes) { short_bytes = bytes; }

  // Every flush from now on waits for ReleaseSyncs().
  void BlockSyncs() {
    std::lock_guard lock(mutex_);
    blocked_ = true;
  }
  void ReleaseSyncs() {
    std::lock_guard lock(mutex_);
    blocked_ = false;
    changed_.notify_all();
  }
  void WaitUntilASyncIsBlocked() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ > 0; });
  }

  ssize_t Read(int fd, void* buffer, std::size_t size, off_t offset) override {
    if (Fails(&reads_) || Interrupted()) return -1;
    const ssize_t read = FileEnv::Read(fd, buffer, Shortened(size), offset);
    if (read > 0) read_bytes += static_cast<std::uint64_t>(read);
    return read;
  }

  ssize_t Write(int fd, const void* bytes, std::size_t size, off_t offset) override {
    ++write_count;
    if (Fails(&writes_) || Interrupted()) return -1;
    return FileEnv::Write(fd, bytes, Shortened(size), offset);
  }

  int Sync(int fd) override {
    ++sync_count;
    {
      std::unique_lock lock(mutex_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [&] { return !blocked_; });
      --waiting_;
    }
    if (Fails(&syncs_) || Interrupted()) return -1;
    return skip_syncs ? 0 : FileEnv::Sync(fd);
  }

  int Allocate(int fd, off_t offset, off_t length) override {
    if (!allocate_fails) return FileEnv::Allocate(fd, offset, length);
    errno = ENOSPC;
    return -1;
  }

  int Resize(int fd, off_t size) override {
    if (Fails(&resizes_) || Interrupted()) return -1;
    return FileEnv::Resize(fd, size);
  }

  void* Map(int fd, std::size_t size, off_t offset) override {
    if (!map_fails) return FileEnv::Map(fd, size, offset);
    errno = ENOMEM;
    return nullptr;
  }

  // A page that cannot be read fails as a read does.
  int MakeReadable(void* pages, std::size_t size) override {
    if (Fails(&reads_) || Interrupted()) return -1;
    return FileEnv::MakeReadable(pages, size);
  }

  std::atomic<std::uint64_t> read_bytes = 0;
  std::atomic<int> write_count = 0;
  std::atomic<int> sync_count = 0;
  std::atomic<bool> allocate_fails = false;
  std::atomic<bool> map_fails = false;
  std::atomic<bool> skip_syncs = false;
  std::atomic<std::size_t> short_bytes = 0;

 private:
  void Push(std::deque<int>* errors, int error) {
    std::lock_guard lock(mutex_);
    errors->push_back(error);
  }

  bool Fails(std::deque<int>* errors) {
    std::lock_guard lock(mutex_);
    if (errors->empty()) return false;
    const int error = errors->front();
    errors->pop_front();
    errno = error;
    return error != 0;
  }

  bool Interrupted() {
    errno = EINTR;
    return short_bytes != 0 && calls_++ % 2 == 0;
  }

  std::size_t Shortened(std::size_t size) const {
    const std::size_t most = short_bytes;
    return most == 0 ? size : std::min(size, most);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<int> writes_, syncs_, resizes_, reads_;
  bool blocked_ = false;
  int waiting_ = 0;
  std::atomic<int> calls_ = 0;
};

// One directory, and the store in it.
class FileStoreFixture : public testing::Test {
 protected:
  std::filesystem::path log_path() const { return directory_.path() / "events.log"; }
  std::filesystem::path index_path() const { return directory_.path() / "events.index"; }

  // Opens the store anew; whatever was open is closed first.
  FileStore& Open(FileStoreOptions options = {}) {
    store_.reset();
    options.env = options.env ? options.env : &env_;
    auto opened = FileStore::Open(directory_.path(), options);
    EXPECT_TRUE(IsOk(opened));
    if (!opened) std::abort();  // every test needs it
    store_ = *std::move(opened);
    return *store_;
  }

  void Close() { store_.reset(); }

  TemporaryDirectory directory_;
  FaultyEnv env_;
  std::unique_ptr<FileStore> store_;
};

}  // namespace aether::file
