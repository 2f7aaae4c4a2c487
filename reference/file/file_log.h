// FileLog: one open log, shared by the handles of a process.

#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "actor_index.h"
#include "aether/event_store.h"
#include "aether/file_store.h"
#include "checkpoint_file.h"
#include "commit_queue.h"
#include "event_reader.h"
#include "log_file.h"
#include "log_map.h"
#include "log_scan.h"
#include "log_writer.h"

namespace aether::file {

// Thread-safe. Calls other than Attach() need an attached handle.
class FileLog {
 public:
  // As FileStore::Open(). The caller is attached.
  static Result<std::shared_ptr<FileLog>> Open(const std::filesystem::path& directory,
                                               const FileStoreOptions& options);

  // Counts a handle in; false if the last one is gone already, and the log closed for good.
  bool Attach();

  // Counts a handle out. The last one seals the log, closes it and gives the directory free.
  Result<void> Detach();

  // The parts of the contract. The event or snapshot has passed Validate().
  Result<void> SaveEvent(const Event& event);
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot);
  Result<ReplayResult> Replay(std::string_view actor_id, std::int64_t from_version);
  Result<std::int64_t> LatestVersion(std::string_view actor_id);
  Result<std::optional<ActorSnapshot>> LatestSnapshot(std::string_view actor_id);

  // Puts a record of unknown version with these bytes at the end of the actor's stream, and answers its
  // sequence number. For tests of damage that no writer causes.
  Result<std::uint64_t> AppendRaw(std::string_view actor_id, std::string_view payload);

  // Calls `visit` with the JSON of each sound record of the actor, in order, where it lies in the log. For
  // measuring what reading takes without decoding.
  Result<void> ReadPayloads(std::string_view actor_id, std::int64_t from_version,
                            const std::function<void(std::string_view)>& visit);

  const FileStoreRecovery& recovery() const { return recovery_; }

  // Following the log: records before end() are stored, and a reader of them may be made at any time. A
  // follower reads tick(), then end(), and when there is nothing new waits for another tick, which comes
  // with each batch while anybody follows, and with Tick().
  std::uint64_t end() const { return end_.load(); }
  LogReader ReadUpTo(std::uint64_t end) const { return LogReader(*file_, log_id_, end); }
  void CountFollower(int change) { followers_ += change; }
  std::uint32_t tick() const { return tick_.load(); }
  void WaitForTick(std::uint32_t seen) const { tick_.wait(seen); }
  void Tick();

 private:
  FileLog(std::filesystem::path directory, FileEnv* env, FileDescriptor lock, LogFile file,
          std::uint64_t log_id, Durability durability);

  Result<void> Recover(const FileStoreOptions& options);
  LogContents StartOf(IndexFile* index);
  bool IndexIsFarBehind() const;
  void WriteIndex();
  void Index(const Record& record);
  Result<void> Commit(RecordType type, std::string_view actor_id, std::int64_t version,
                      std::string_view payload, Append* append);
  Result<void> Write(std::span<Append* const> appends);

  ReadableLog Readable() { return {*file_, *map_, log_id_, end_}; }

  // kCorrupt if records are lost: then no latest version is certain.
  Result<void> CheckNothingLost() const;
  std::error_code AddLost(ReplayResult* result) const;

  const std::filesystem::path directory_;
  FileEnv* const env_;
  FileDescriptor lock_;
  std::optional<LogFile> file_;  // none once the last handle is gone
  std::optional<LogMap> map_;
  const std::uint64_t log_id_;
  ActorIndex index_;
  std::uint64_t indexed_end_ = kFileHeaderBytes;  // of what events.index covers
  bool damaged_ = false;
  std::vector<LostRecords> lost_;
  FileStoreRecovery recovery_;

  std::optional<LogWriter> writer_;
  CommitQueue queue_;

  std::mutex handles_mutex_;
  int handles_ = 1;

  std::atomic<std::uint64_t> end_ = 0;
  std::atomic<int> followers_ = 0;
  std::atomic<std::uint32_t> tick_ = 0;
};

}  // namespace aether::file
