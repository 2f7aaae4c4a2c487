// Whole reads and writes, and the making of files and directories.

#include "log_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "log_format.h"

namespace aether::file {
namespace {

namespace fs = std::filesystem;

// The answer of `call`, made again as long as a signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  auto answer = call();
  while (answer < 0 && errno == EINTR) answer = call();
  return answer;
}

// Renaming a whole file into place: a crash leaves a log with a header or no log.
Result<void> MakeLog(const fs::path& path, FileEnv* env) {
  const fs::path draft = path.string() + ".new";
  std::uint64_t log_id = 0;
  if (Uninterrupted([&] { return ::getrandom(&log_id, sizeof(log_id), 0); }) != sizeof(log_id)) {
    return IoError(ErrorCode::kUnavailable, "choose an id for " + path.string(), LastError());
  }
  auto fd = OpenFile(draft, O_RDWR | O_CREAT | O_TRUNC);
  if (!fd.valid()) return IoError(ErrorCode::kUnavailable, "make " + draft.string(), LastError());
  const LogFile file(std::move(fd), env);
  auto error = file.WriteAt(0, EncodeFileHeader(log_id));
  if (!error) error = file.Sync();
  if (!error && ::rename(draft.c_str(), path.c_str()) != 0) error = LastError();
  if (error) return IoError(ErrorCode::kStorageFailed, "make " + path.string(), error);
  return {};
}

// What flock() says of a file system that has no locks.
bool CannotLock(int error) { return error == EOPNOTSUPP || error == ENOSYS || error == ENOLCK; }

// What fsync() says of a directory where we make no names, or of a file system that keeps none.
bool NeedsNoSync(int error) {
  return error == EACCES || error == EPERM || error == EINVAL || error == EROFS || error == EOPNOTSUPP ||
         error == ENOSYS;
}

// For LastError().
StoreError FlushFailed(const fs::path& directory) {
  const auto code = IsShortage(errno) ? ErrorCode::kUnavailable : ErrorCode::kStorageFailed;
  return IoError(code, "flush directory " + directory.string(), LastError());
}

bool IsLink(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

}  // namespace

StoreError IoError(ErrorCode code, std::string_view doing, std::error_code error) {
  if (error.value() == ENOSPC || error.value() == EDQUOT || error.value() == EFBIG) {
    if (code == ErrorCode::kStorageFailed || code == ErrorCode::kUnavailable)
      code = ErrorCode::kStorageFull;
  }
  return StoreError(code, "cannot " + std::string(doing) + ": " + error.message());
}

bool IsShortage(int error) { return error == EMFILE || error == ENFILE || error == ENOMEM; }

std::error_code LastError() { return {errno, std::generic_category()}; }

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

FileDescriptor OpenFile(const fs::path& path, int flags) {
  return FileDescriptor(
      Uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, S_IRUSR | S_IWUSR | S_IRGRP); }));
}

Result<void> SyncDirectory(const fs::path& directory) {
  const auto fd = OpenFile(directory, O_RDONLY | O_DIRECTORY);
  if (!fd.valid() || Uninterrupted([&] { return ::fsync(fd.get()); }) != 0) {
    return FlushFailed(directory);
  }
  return {};
}

Result<void> SyncPath(const fs::path& directory) {
  std::error_code error;
  fs::path path = fs::canonical(directory, error);  // a link's own name is not the directory's
  if (error) return IoError(ErrorCode::kUnavailable, "look at " + directory.string(), error);
  if (auto synced = SyncDirectory(path); !synced) return synced;
  while (path.has_relative_path()) {
    path = path.parent_path();
    const auto fd = OpenFile(path, O_RDONLY | O_DIRECTORY);
    if (fd.valid() && Uninterrupted([&] { return ::fsync(fd.get()); }) == 0) continue;
    if (NeedsNoSync(errno)) continue;
    return FlushFailed(path);
  }
  return {};
}

std::error_code LogFile::ReadAt(std::uint64_t offset, char* buffer, std::size_t size,
                                std::size_t* read) const {
  *read = 0;
  while (*read < size) {
    const auto got = Uninterrupted([&] {
      return env_->Read(fd_.get(), buffer + *read, size - *read, static_cast<off_t>(offset + *read));
    });
    if (got < 0) return LastError();
    if (got == 0) break;
    *read += static_cast<std::size_t>(got);
  }
  return {};
}

std::error_code LogFile::WriteAt(std::uint64_t offset, std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto written = Uninterrupted(
        [&] { return env_->Write(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (written < 0) return LastError();
    if (written == 0) return std::make_error_code(std::errc::io_error);
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

std::error_code LogFile::Sync() const {
  return Uninterrupted([&] { return env_->Sync(fd_.get()); }) == 0 ? std::error_code() : LastError();
}

std::error_code LogFile::Resize(std::uint64_t size) const {
  const auto resize = [&] { return env_->Resize(fd_.get(), static_cast<off_t>(size)); };
  return Uninterrupted(resize) == 0 ? std::error_code() : LastError();
}

bool LogFile::Allocate(std::uint64_t offset, std::uint64_t bytes) const {
  // Beyond this limit a signal ends the process. Let a write meet it that has to.
  struct rlimit limit = {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) != 0 || offset + bytes > limit.rlim_cur) return false;
  return env_->Allocate(fd_.get(), static_cast<off_t>(offset), static_cast<off_t>(bytes)) == 0;
}

const char* LogFile::Map(std::uint64_t offset, std::uint64_t bytes) const {
  return static_cast<const char*>(env_->Map(fd_.get(), bytes, static_cast<off_t>(offset)));
}

bool LogFile::MakeReadable(const char* pages, std::uint64_t bytes) const {
  return Uninterrupted([&] { return env_->MakeReadable(const_cast<char*>(pages), bytes); }) == 0;
}

Result<std::uint64_t> LogFile::Size() const {
  struct stat status;
  if (::fstat(fd_.get(), &status) != 0)
    return IoError(ErrorCode::kUnavailable, "look at the log", LastError());
  return static_cast<std::uint64_t>(status.st_size);
}

Result<FileDescriptor> LockDirectory(const fs::path& directory) {
  const fs::path path = directory / "LOCK";
  auto fd = OpenFile(path, O_RDWR | O_CREAT);
  if (!fd.valid()) return IoError(ErrorCode::kUnavailable, "open " + path.string(), LastError());
  if (Uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) return IoError(ErrorCode::kUnavailable, "lock " + path.string(), LastError());
    char text[32] = {};
    const auto size = ::pread(fd.get(), text, sizeof(text) - 1, 0);
    const std::string owner = size > 0 ? "process " + std::string(text) : "another process";
    return StoreError(ErrorCode::kUnavailable, directory.string() + " is in use by " + owner);
  }
  // For the message above only: the lock itself is the kernel's. A disk that is full can still be read.
  const std::string pid = std::to_string(::getpid());
  [[maybe_unused]] const bool told =
      ::ftruncate(fd.get(), 0) == 0 && ::pwrite(fd.get(), pid.data(), pid.size(), 0) > 0;
  return fd;
}

Result<void> MakeDirectory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return IoError(ErrorCode::kUnavailable, "make directory " + directory.string(), error);
  return {};
}

Result<LogFile> OpenOrMakeLog(const fs::path& path, FileEnv* env) {
  auto fd = OpenFile(path, O_RDWR);
  if (!fd.valid() && errno == ENOENT) {
    // Where the log lives on another disk, which is not there now, an empty one must not take its place.
    if (IsLink(path)) {
      return StoreError(ErrorCode::kUnavailable, path.string() + " is a link to a file that is not there");
    }
    if (auto made = MakeLog(path, env); !made) return made.error();
    fd = OpenFile(path, O_RDWR);
  }
  if (!fd.valid()) return IoError(ErrorCode::kUnavailable, "open " + path.string(), LastError());
  // Once more, in case somebody has removed LOCK, which looks like litter. Where a link leads to a file
  // system without locks, LOCK has to do.
  if (Uninterrupted([&] { return ::flock(fd.get(), LOCK_EX | LOCK_NB); }) != 0 && !CannotLock(errno)) {
    if (errno != EWOULDBLOCK) return IoError(ErrorCode::kUnavailable, "lock " + path.string(), LastError());
    return StoreError(ErrorCode::kUnavailable, path.string() + " is in use by another process");
  }
  return LogFile(std::move(fd), env);
}

}  // namespace aether::file
