// The honest store of lines. A line is a checksum, the line's number, and an event in the wire form.

#include "file_double.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "aether/wire.h"

namespace aether::selftest {

namespace {

constexpr std::size_t kChecksumSize = 16;

std::string Number(std::size_t value) {
  char text[24];
  std::snprintf(text, sizeof text, "%08zu", value);
  return text;
}

}  // namespace

FileDouble::~FileDouble() {
  if (file_ >= 0) ::close(file_);
  if (lock_ >= 0) ::close(lock_);
}

std::string FileDouble::Checksum(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const unsigned char c : text) hash = (hash ^ c) * 1099511628211ULL;
  char digits[kChecksumSize + 1];
  std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
  return digits;
}

std::string FileDouble::LineOf(const Event& event) const {
  const std::string rest = Number(lines_) + " " + *EncodeEvent(event);
  return Checksum(rest) + " " + rest + "\n";
}

std::optional<Event> FileDouble::EventOf(std::string_view line) {
  if (line.size() < kChecksumSize + 11) return std::nullopt;
  const std::string_view rest = line.substr(kChecksumSize + 1);
  if (Checksum(rest) != line.substr(0, kChecksumSize) || line[kChecksumSize] != ' ') return std::nullopt;
  if (rest.substr(0, 8) < Number(lines_)) return std::nullopt;  // it was copied from elsewhere
  auto event = DecodeEvent(rest.substr(9));
  if (!event) return std::nullopt;
  return *std::move(event);
}

Result<void> FileDouble::Failed(const std::string& what) {
  const auto code = errno == ENOSPC ? ErrorCode::kStorageFull : ErrorCode::kStorageFailed;
  return StoreError(code, what + ": " + std::strerror(errno));
}

bool FileDouble::SyncPath(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool synced = fd >= 0 && ::fsync(fd) == 0;
  if (fd >= 0) ::close(fd);
  return synced;
}

Result<void> FileDouble::Lock() {
  lock_ = ::open((directory_ / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return Failed("lock");
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  return StoreError(ErrorCode::kUnavailable, "another process has the storage open");
}

Result<void> FileDouble::OpenFile() {
  file_ = ::open((directory_ / "events").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) return Failed("open");
  if (!SyncDirectory()) return Failed("sync of the directory");
  return {};
}

bool FileDouble::SyncFile(int fd) { return ::fdatasync(fd) == 0; }
bool FileDouble::Sync() { return SyncFile(file_); }
bool FileDouble::SyncDirectory() { return SyncPath(directory_); }

Result<void> FileDouble::Start() {
  if (auto mine = MayOpen(); !mine) return mine;
  if (auto opened = OpenFile(); !opened) return opened;
  struct stat status = {};
  ::fstat(file_, &status);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  if (auto read = ReadFile(&text); !read) return read;
  Recover(text);
  if (end_ < status.st_size) {
    if (auto cut = CutTornTail(); !cut) return cut;
  }
  text.resize(static_cast<std::size_t>(std::min<off_t>(end_, status.st_size)));
  return Secure(text);
}

// It may be in memory only, and after a failed sync it looks clean there.
Result<void> FileDouble::Secure(const std::string& text) {
  return WriteAt(0, text) && Sync() ? Result<void>() : Failed("sync");
}

Result<void> FileDouble::ReadFile(std::string* text) {
  const ssize_t n = ::pread(file_, text->data(), text->size(), 0);
  return n == static_cast<ssize_t>(text->size()) ? Result<void>() : Failed("read");
}

void FileDouble::Recover(const std::string& text) {
  std::vector<std::string_view> damaged;  // with no sound line behind them so far
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const auto event = EventOf(line);
    if (!event) {
      damaged.push_back(line);
      continue;
    }
    const std::size_t number = NumberOf(line);
    if (number > lines_ && damaged.empty()) damaged.push_back("");
    for (const std::string_view lost : damaged) AtDamage(lost);
    damaged.clear();
    Show(*event);
    lines_ = number + 1;
    end_ = static_cast<off_t>(end + 1);
  }
}

std::size_t FileDouble::NumberOf(std::string_view line) const {
  return std::strtoull(std::string(line.substr(kChecksumSize + 1, 8)).c_str(), nullptr, 10);
}

void FileDouble::AtDamage(std::string_view line) {
  damage_.push_back({damage_.size() + 1, std::string(line), "the line is damaged"});
}

Result<void> FileDouble::CutTornTail() {
  if (::ftruncate(file_, end_) != 0) return Failed("ftruncate");
  return {};
}

void FileDouble::Show(const Event& event) {
  actors_[event.actor_id].push_back(std::make_shared<const Event>(event));
}

std::int64_t FileDouble::LatestOf(std::string_view actor_id) const {
  const auto actor = actors_.find(actor_id);
  return actor == actors_.end() ? 0 : actor->second.back()->version;
}

bool FileDouble::WriteTo(int fd, off_t offset, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t n =
        ::pwrite(fd, bytes.data() + sent, bytes.size() - sent, offset + static_cast<off_t>(sent));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<std::size_t>(n);
  }
  return true;
}

Result<void> FileDouble::AtFailedWrite(int error) {
  if (::ftruncate(file_, end_) != 0 || !Sync()) return AtFailedSync();
  errno = error;
  return Failed("write");
}

Result<void> FileDouble::AtFailedSync() {
  poisoned_ = true;
  const int error = errno;
  (void)!::ftruncate(file_, end_);  // so that nobody takes for stored what the system has dropped
  errno = error;
  return StoreError(ErrorCode::kOutcomeUnknown, std::string("sync: ") + std::strerror(errno));
}

Result<void> FileDouble::Append(const std::string& line) {
  if (!WriteAt(end_, line)) return AtFailedWrite(errno);
  if (!Sync()) return AtFailedSync();
  return {};
}

Result<void> FileDouble::Store(const Event& event) {
  if (!damage_.empty()) return StoreError(ErrorCode::kCorrupt, "lines of the file are damaged");
  if (event.version <= LatestOf(event.actor_id)) {
    return StoreError::Conflict(event.actor_id, event.version, LatestOf(event.actor_id));
  }
  if (poisoned_) return StoreError(ErrorCode::kStorageFailed, "a sync has failed: open the storage again");
  const std::string line = LineOf(event);
  BeforeAppend(event);
  if (auto stored = Append(line); !stored) return stored;
  end_ += static_cast<off_t>(line.size());
  ++lines_;
  Show(event);
  return {};
}

Result<void> FileDouble::SaveEvent(const Event& event) {
  if (closed_) return StoreError(ErrorCode::kClosed, "the handle is closed");
  if (auto valid = Validate(event); !valid) return valid;
  const std::lock_guard lock(mutex_);
  return Store(event);
}

Result<ReplayResult> FileDouble::GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) {
  if (closed_) return StoreError(ErrorCode::kClosed, "the handle is closed");
  const std::lock_guard lock(mutex_);
  ReplayResult result;
  if (from_version <= 1) result.errors = damage_;
  const auto actor = actors_.find(actor_id);
  if (actor == actors_.end()) return result;
  for (const EventPtr& event : actor->second) {
    if (event->version >= from_version) result.events.push_back(event);
  }
  return result;
}

Result<std::vector<EventPtr>> FileDouble::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  auto replay = GetEventsWithErrors(actor_id, from_version);
  if (!replay) return replay.error();
  return std::move(replay->events);
}

Result<std::int64_t> FileDouble::GetLatestVersion(std::string_view actor_id) {
  if (closed_) return StoreError(ErrorCode::kClosed, "the handle is closed");
  const std::lock_guard lock(mutex_);
  if (!damage_.empty()) return StoreError(ErrorCode::kCorrupt, "lines of the file are damaged");
  return LatestOf(actor_id);
}

std::filesystem::path FileDouble::SnapshotPath(std::string_view actor_id) const {
  std::string name = "snapshot-";
  for (const unsigned char c : actor_id) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", c);
    name += digits;
  }
  return directory_ / name;
}

// The new one is whole before it takes the name of the old one.
Result<void> FileDouble::WriteSnapshot(const std::filesystem::path& path, const std::string& text) {
  const std::string draft = path.string() + ".new";
  const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed("open");
  auto written = WriteTo(fd, 0, text) && SyncSnapshot(fd) ? Result<void>() : Failed("write");
  ::close(fd);
  if (!written) return written;
  if (::rename(draft.c_str(), path.c_str()) != 0) return Failed("rename");
  if (!SyncDirectory()) return StoreError(ErrorCode::kOutcomeUnknown, "sync of the directory");
  return {};
}

Result<ActorSnapshot> FileDouble::SnapshotOf(std::string_view text) {
  const StoreError damaged(ErrorCode::kCorrupt, "the snapshot is damaged");
  if (text.size() < kChecksumSize + 1) return damaged;
  if (Checksum(text.substr(kChecksumSize)) != text.substr(0, kChecksumSize)) return damaged;
  return DecodeSnapshot(text.substr(kChecksumSize));
}

Result<std::optional<ActorSnapshot>> FileDouble::ReadSnapshot(std::string_view actor_id) {
  const int fd = ::open(SnapshotPath(actor_id).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<ActorSnapshot>();
  if (fd < 0) return Failed("open").error();
  struct stat status = {};
  ::fstat(fd, &status);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t n = ::pread(fd, text.data(), text.size(), 0);
  const auto failed = Failed("read");
  ::close(fd);
  if (n != status.st_size) return failed.error();
  auto snapshot = SnapshotOf(text);
  if (!snapshot) return snapshot.error();
  if (snapshot->actor_id != actor_id)
    return StoreError(ErrorCode::kCorrupt, "the snapshot is another actor's");
  return std::optional(*std::move(snapshot));
}

Result<void> FileDouble::SaveSnapshot(const ActorSnapshot& snapshot) {
  if (closed_) return StoreError(ErrorCode::kClosed, "the handle is closed");
  if (auto valid = Validate(snapshot); !valid) return valid;
  const std::lock_guard lock(mutex_);
  const auto old = ReadSnapshot(snapshot.actor_id);
  if (!old) return old.error();
  if (*old && (*old)->version > snapshot.version) return {};
  const std::string text = *EncodeSnapshot(snapshot);
  return WriteSnapshot(SnapshotPath(snapshot.actor_id), Checksum(text) + text);
}

Result<std::optional<ActorSnapshot>> FileDouble::GetLatestSnapshot(std::string_view actor_id) {
  if (closed_) return StoreError(ErrorCode::kClosed, "the handle is closed");
  const std::lock_guard lock(mutex_);
  return ReadSnapshot(actor_id);
}

Result<void> FileDouble::Close() {
  closed_ = true;
  return {};
}

Result<void> AsksTheSystem::ReadFile(std::string* text) {
  const auto n = ::syscall(SYS_pread64, file_, text->data(), text->size(), 0);
  return n == static_cast<long>(text->size()) ? Result<void>() : Failed("read");
}

bool AsksTheSystem::Sync() { return ::syscall(SYS_fdatasync, file_) == 0; }

Result<void> AsksTheSystem::Append(const std::string& line) {
  const auto n = ::syscall(SYS_pwrite64, file_, line.data(), line.size(), end_);
  if (n != static_cast<long>(line.size())) return AtFailedWrite(n < 0 ? errno : EIO);
  return Sync() ? Result<void>() : AtFailedSync();
}

}  // namespace aether::selftest
