// FileStore: events in one append-only log in a directory, durable when SaveEvent returns.
//
// reference/file/format.md describes the log: its grammar, what a crash and what damage leads to.

#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "aether/event_store.h"
#include "aether/file_env.h"

namespace aether {

enum class Durability {
  // A save returns when the event is on stable storage: it survives a power cut.
  kDurable,
  // A save returns when the operating system has the event: it survives the end of the process, however
  // sudden, but a power cut may take everything since the store was opened.
  kPageCache,
};

struct FileStoreOptions {
  Durability durability = Durability::kDurable;

  // The log grows by as much as it holds already, and by at most this many bytes at a time, so that
  // most flushes need not write the file's size. 0: it grows with every write.
  std::uint64_t preallocate_bytes = 16 << 20;

  // Null: the system. Otherwise it has to outlive every handle.
  FileEnv* env = nullptr;
};

// What Open() found wrong with the log where it read it: behind the part that a sound index covers, or all
// of it without one. All zero after a clean close.
struct FileStoreRecovery {
  // The tail that was cut off because it had been written only in part: no save of it had returned,
  // unless storage itself lost bytes of the last flush.
  std::uint64_t cut_offset = 0;
  std::uint64_t cut_bytes = 0;

  // Records whose payload is damaged: replay errors of their actors.
  std::uint64_t damaged_records = 0;

  // Records that are gone, nobody can say from which actor: damaged, or cut off with the end of the log, of
  // which its index knows. They are told to every reader of replay errors; latest versions and snapshots
  // are unknown, and saves are refused, with kCorrupt. The log is left as it is.
  std::uint64_t lost_records = 0;

  // Bytes of the log that belong to no readable record, the cut-off tail not counted.
  std::uint64_t damaged_bytes = 0;

  friend bool operator==(const FileStoreRecovery&, const FileStoreRecovery&) = default;
};

// A handle on a log. Every method may be called from any thread at any time.
//
// Saves of several threads share flushes (group commit). After a flush that failed, what it carried is
// kOutcomeUnknown, and later saves answer kStorageFailed until the log is closed and opened again; reads
// go on. A write that failed before its flush is taken back, and the next save may succeed.
//
// An event, encoded, may have up to 256 MiB; a larger one is refused with kInvalidEvent.
class FileStore final : public EventStoreWithErrors, public SnapshotStore, public EventNotifier {
 public:
  // Opens the log in `directory` and makes both if they are missing. Reads what was saved since the log was
  // last closed; all of it if its index, events.index, is missing or wrong.
  //   kUnavailable    another handle from another Open(), of this or another process, has it open; or
  //                   the directory, the log or its index cannot be made or read, or memory or descriptors
  //                   are short; nothing was changed
  //   kCorrupt        the file is not a log, or of a format version that is not known, or its header is
  //   damaged; or
  //                   it is missing and its index is there
  //   kStorageFull, kStorageFailed  the log could not be made, or its tail not repaired, or a wrong index
  //                   not removed
  static Result<std::unique_ptr<FileStore>> Open(const std::filesystem::path& directory,
                                                 FileStoreOptions options = {});

  // As Close(), its error passed over.
  ~FileStore() override;

  // A second, independent handle on the same log. Each is closed by itself; the log is free for other
  // processes when the last one is. On a closed handle, the answer is a closed handle.
  std::unique_ptr<FileStore> Share();

  // What the Open() behind this handle found.
  const FileStoreRecovery& recovery() const;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;

  // Each subscription has a thread of its own, which follows the log.
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;

  // Waits for the handle's calls under way and for its running callbacks, unless it is called by one
  // of them. kClosed if the handle is closed already. The last handle of a log also flushes it:
  // kOutcomeUnknown if that fails where saves did not wait for it (Durability::kPageCache).
  Result<void> Close() override;

 private:
  friend struct FileStoreSeam;  // reference/file/file_store_seam.h: what the adapter needs
  class Handle;

  explicit FileStore(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace aether
