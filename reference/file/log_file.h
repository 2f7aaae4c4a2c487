// The log as a file: whole reads and writes over FileEnv, and the making of files and directories.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "aether/file_env.h"
#include "aether/result.h"

namespace aether::file {

// "cannot <doing>: <what the system says>", as `code` or, when there is no room, kStorageFull.
StoreError IoError(ErrorCode code, std::string_view doing, std::error_code error);

std::error_code LastError();

// Whether a call failed with this errno since something is short, which says nothing of the file.
bool IsShortage(int error);

// A descriptor that is closed with its owner.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

// Opens `path` with the flags of open(), not valid if that fails, with errno. A file that it makes belongs
// to the user and may be read by the group.
FileDescriptor OpenFile(const std::filesystem::path& path, int flags);

// Makes the entries of `directory` durable: a new file that is flushed can still be missing from it.
Result<void> SyncDirectory(const std::filesystem::path& directory);

// The same for `directory`, for its own name, and for those above it.
Result<void> SyncPath(const std::filesystem::path& directory);

// A file of which every call does all of its work or says why not. Reads may run beside anything.
class LogFile {
 public:
  LogFile(FileDescriptor fd, FileEnv* env) : fd_(std::move(fd)), env_(env) {}

  // Reads up to `size` bytes at `offset`, fewer only at the end of the file, and sets `*read`.
  std::error_code ReadAt(std::uint64_t offset, char* buffer, std::size_t size, std::size_t* read) const;
  std::error_code WriteAt(std::uint64_t offset, std::string_view bytes) const;
  std::error_code Sync() const;
  std::error_code Resize(std::uint64_t size) const;

  // Makes room from `offset` on; false if the file system does not. Nobody needs it to succeed.
  bool Allocate(std::uint64_t offset, std::uint64_t bytes) const;

  // Maps a part of the file, null if that is not to be had; and whether pages of such a part can be read.
  const char* Map(std::uint64_t offset, std::uint64_t bytes) const;
  bool MakeReadable(const char* pages, std::uint64_t bytes) const;

  Result<std::uint64_t> Size() const;

 private:
  FileDescriptor fd_;
  FileEnv* env_;
};

// The right to use a directory, until destroyed: an flock() on its file LOCK, which ends with the process.
// kUnavailable, naming the process, if somebody else has it.
Result<FileDescriptor> LockDirectory(const std::filesystem::path& directory);

// Makes the directory and what is missing above it, durable with SyncPath().
Result<void> MakeDirectory(const std::filesystem::path& directory);

// Opens the log `path`, for this process alone; makes it with a random id if it is missing. It never exists
// without its header, and its name is durable with SyncPath(). kUnavailable if another process has it.
Result<LogFile> OpenOrMakeLog(const std::filesystem::path& path, FileEnv* env);

}  // namespace aether::file
