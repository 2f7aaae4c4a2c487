// FileDouble: an honest store that survives crashes, power cuts and bad disks, as plain as can be: one file
// of lines with checksums, each synced before its save returns, and a file for the snapshot of each actor.
// Its decisions are virtual functions, for broken stores to override.

#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "aether/conformance/subject.h"
#include "faults/fault_log.h"
#include "process_double.h"

namespace aether::selftest {

class FileDouble : public EventStoreWithErrors, public SnapshotStore {
 public:
  explicit FileDouble(const std::filesystem::path& directory) : directory_(directory) {}
  ~FileDouble() override;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;
  Result<void> Close() override;

  // Opens the file, reads it, and cuts off what was written only in part. One process at a time.
  Result<void> Start();

 protected:
  // The decisions, honest as they stand here. All are called alone, but for that before a save.
  virtual Result<void> OpenFile();
  virtual Result<void> ReadFile(std::string* text);      // whose size is that of the file
  virtual void Recover(const std::string& text);         // reads the file's lines
  virtual Result<void> CutTornTail();                    // all behind end_
  virtual Result<void> Secure(const std::string& text);  // what a process that died may not have synced
  virtual bool Sync();                                   // of the file
  virtual bool SyncDirectory();                          // that has its name
  virtual Result<void> Append(const std::string& line);  // and syncs it
  virtual Result<void> AtFailedWrite(int error);         // takes back what was written of it
  virtual Result<void> AtFailedSync();                   // nobody knows what is stored
  virtual void BeforeAppend(const Event&) {}
  virtual std::optional<Event> EventOf(std::string_view line);  // nothing: the line is damaged
  virtual std::size_t NumberOf(std::string_view line) const;
  virtual void AtDamage(std::string_view line);  // with sound lines behind it
  virtual std::int64_t LatestOf(std::string_view actor_id) const;
  virtual Result<void> MayOpen() { return Lock(); }
  virtual Result<void> WriteSnapshot(const std::filesystem::path& path, const std::string& text);
  virtual bool SyncSnapshot(int fd) { return SyncFile(fd); }
  virtual Result<ActorSnapshot> SnapshotOf(std::string_view text);

  Result<void> Lock();
  void Show(const Event& event);
  bool WriteAt(off_t offset, const std::string& bytes) { return WriteTo(file_, offset, bytes); }
  static bool WriteTo(int fd, off_t offset, const std::string& bytes);  // false: errno says why
  static bool SyncFile(int fd);
  std::string LineOf(const Event& event) const;
  static std::string Checksum(std::string_view text);
  static bool SyncPath(const std::filesystem::path& path);
  static Result<void> Failed(const std::string& what);

  std::filesystem::path directory_;
  int file_ = -1;
  int lock_ = -1;
  off_t end_ = 0;          // behind the last sound line
  std::size_t lines_ = 0;  // numbered, so that none is missed or moved
  bool poisoned_ = false;  // takes no more saves until it is opened again
  std::mutex mutex_;
  std::map<std::string, std::vector<EventPtr>, std::less<>> actors_;
  std::vector<ReplayError> damage_;  // told to every reader: nobody knows whose it was

 private:
  Result<void> Store(const Event& event);
  std::filesystem::path SnapshotPath(std::string_view actor_id) const;
  Result<std::optional<ActorSnapshot>> ReadSnapshot(std::string_view actor_id);

  std::atomic<bool> closed_ = false;
};

// As honest, but what it does to its files goes past the C library, as in a program of Go.
class AsksTheSystem final : public FileDouble {
 public:
  using FileDouble::FileDouble;

 protected:
  Result<void> ReadFile(std::string* text) override;
  bool Sync() override;
  Result<void> Append(const std::string& line) override;
};

// A subject of such stores, which another process finds by `name`.
template <typename Store>
conformance::Subject SubjectOfFileDouble(std::string_view name) {
  conformance::Subject subject = SubjectOfProcessDouble<Store>(name);
  subject.shown = {.errors = true,
                   .snapshots = true,
                   .location = true,
                   .concurrency = true,
                   .in_process = true,
                   .files = true,
                   .watched = conformance::FaultLog::Possible(),
                   .power_loss = conformance::FaultLog::Possible()};
  return subject;
}

}  // namespace aether::selftest
