// The open log: recovery, saves through the commit queue, reads through the index.

#include "file_log.h"

#include <algorithm>
#include <chrono>
#include <exception>

#include "aether/wire.h"
#include "checkpoint_file.h"
#include "log_format.h"

namespace aether::file {
namespace {

// As much of a lost region as a replay error carries.
constexpr std::uint64_t kLostBytesShown = 1 << 20;

// The most memory that a thread keeps for encoding its next event.
constexpr std::size_t kMaxKeptBytes = 64 << 10;

// How long a batch waits for more records: a sixth of what the fastest flush takes. Without a flush,
// waiting gains nothing.
std::chrono::microseconds PatienceFor(Durability durability) {
  return std::chrono::microseconds(durability == Durability::kDurable ? 20 : 0);
}

// The least part of a log that is worth an index before the log is closed.
constexpr std::uint64_t kLongScanBytes = 64 << 20;

StoreError ReadFailed(std::error_code error) {
  return IoError(ErrorCode::kUnavailable, "read the log", error);
}

}  // namespace

FileLog::FileLog(std::filesystem::path directory, FileEnv* env, FileDescriptor lock, LogFile file,
                 std::uint64_t log_id, Durability durability)
    : directory_(std::move(directory)),
      env_(env),
      lock_(std::move(lock)),
      file_(std::move(file)),
      map_(std::in_place, &*file_),
      log_id_(log_id),
      queue_([this](std::span<Append* const> appends) { return Write(appends); }, PatienceFor(durability)) {
}

Result<std::shared_ptr<FileLog>> FileLog::Open(const std::filesystem::path& directory,
                                               const FileStoreOptions& options) {
  if (auto made = MakeDirectory(directory); !made) return made.error();
  auto lock = LockDirectory(directory);
  if (!lock) return lock.error();
  const auto path = directory / "events.log";
  std::error_code ignored;
  if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored)) &&
      std::filesystem::exists(directory / "events.index", ignored)) {
    return StoreError(ErrorCode::kCorrupt,
                      path.string() +
                          " is missing, and its index is there; an empty log is made when "
                          "that is removed, too");
  }
  FileEnv* const env = options.env ? options.env : &FileEnv::System();
  auto file = OpenOrMakeLog(path, env);
  if (!file) return file.error();
  char bytes[kFileHeaderBytes];
  std::size_t read = 0;
  if (const auto error = file->ReadAt(0, bytes, sizeof(bytes), &read)) return ReadFailed(error);
  const auto log_id = DecodeFileHeader({bytes, read});
  if (const auto version = FormatVersionOf({bytes, read}); version && !log_id) {
    return StoreError(ErrorCode::kCorrupt, path.string() + " has format version " +
                                               std::to_string(*version) +
                                               ", which this store does not know");
  }
  if (!log_id) {
    return StoreError(ErrorCode::kCorrupt,
                      path.string() + " is no log of this store, or the log's header is damaged");
  }
  std::shared_ptr<FileLog> log(
      new FileLog(directory, env, *std::move(lock), *std::move(file), *log_id, options.durability));
  if (auto recovered = log->Recover(options); !recovered) return recovered.error();
  return log;
}

Result<void> FileLog::Recover(const FileStoreOptions& options) {
  const auto size = file_->Size();
  if (!size) return size.error();
  auto index = ReadIndexFile(directory_, env_, *file_, log_id_, *size);
  if (!index) return index.error();
  auto contents =
      ScanLog(*file_, log_id_, *size, StartOf(&*index), [this](const Record& record) { Index(record); });
  if (!contents) return contents.error();
  if (index->next_sequence > contents->next_sequence) {
    contents->lost.push_back(
        {contents->end, 0, contents->next_sequence, index->next_sequence - contents->next_sequence});
  } else if (index->wrong) {
    if (auto removed = RemoveIndexFile(directory_); !removed) return removed;
  }
  writer_.emplace(&*file_, log_id_, options, *contents);
  if (auto repaired = writer_->Repair(*contents); !repaired) return repaired;
  // Nobody has saved yet: whoever made the names may have been killed before they were durable.
  if (contents->end == kFileHeaderBytes) {
    if (auto synced = SyncPath(directory_); !synced) return synced;
  }
  end_ = writer_->end();
  damaged_ = contents->damaged();
  lost_ = std::move(contents->lost);
  if (contents->torn_bytes > 0 && lost_.empty()) {
    recovery_.cut_offset = contents->end;
    recovery_.cut_bytes = contents->torn_bytes;
  }
  recovery_.damaged_records = contents->damaged_records;
  recovery_.damaged_bytes = contents->damaged_bytes;
  for (const LostRecords& lost : lost_) recovery_.lost_records += lost.count;
  if (IndexIsFarBehind()) WriteIndex();
  return {};
}

// Takes over what the index says of the log's beginning, and answers where to read on.
LogContents FileLog::StartOf(IndexFile* index) {
  LogContents start;
  if (!index->checkpoint) return start;
  const CheckpointRange range = index->checkpoint->range();
  start.end = indexed_end_ = range.end;
  start.proven = range.proven;
  start.next_sequence = range.next_sequence;
  index_.SetCheckpoint(*std::move(index->checkpoint));
  return start;
}

// The log is flushed up to its end, and nobody else writes. A damaged log gets no index: each opening has
// to find the damage again.
void FileLog::WriteIndex() {
  if (end_ == indexed_end_ || damaged_) return;
  const CheckpointRange range{end_, writer_->synced(), writer_->next_sequence(), 0};
  try {
    if (WriteCheckpoint(directory_, env_, *file_, log_id_, range, index_)) indexed_end_ = end_;
  } catch (const std::exception&) {
    // No memory for it. The log is as good without.
  }
}

// By so much that an opening would have to read for long, and that writing it costs each event next to
// nothing.
bool FileLog::IndexIsFarBehind() const {
  return end_ - indexed_end_ >= std::max(kLongScanBytes, indexed_end_ / 2);
}

void FileLog::Index(const Record& record) {
  Actor& actor = index_.FindOrAdd(record.header.actor_id);
  const auto bytes = static_cast<std::uint32_t>(record.header.size());
  if (record.header.type == RecordType::kSnapshot) {
    actor.AddSnapshot({record.header.version, record.offset, bytes});
    return;
  }
  // Versions never fall, whatever a record says: its reader finds out.
  const std::int64_t version = std::max(record.header.version, actor.latest());
  actor.AddEvent({version, record.offset, bytes});
  actor.accepted = version;
}

bool FileLog::Attach() {
  std::lock_guard lock(handles_mutex_);
  if (handles_ == 0) return false;
  ++handles_;
  return true;
}

Result<void> FileLog::Detach() {
  std::lock_guard lock(handles_mutex_);
  if (--handles_ > 0) return {};
  Result<void> sealed;
  try {
    sealed = writer_->Seal();
  } catch (const std::exception&) {
    sealed = StoreError(ErrorCode::kOutcomeUnknown, "out of memory");
  }
  if (writer_->sealed()) {
    end_ = writer_->end();
    WriteIndex();
  }
  map_.reset();
  file_.reset();
  lock_ = FileDescriptor();
  return sealed;
}

Result<void> FileLog::CheckNothingLost() const {
  if (lost_.empty()) return {};
  return StoreError(ErrorCode::kCorrupt, "the log is damaged: " + std::to_string(recovery_.lost_records) +
                                             " records are lost, the first of them has sequence number " +
                                             std::to_string(lost_.front().first_sequence));
}

Result<void> FileLog::SaveEvent(const Event& event) {
  if (auto sound = CheckNothingLost(); !sound) return sound;
  // Latest versions only rise: a save that is too late is so without the queue, or its encoding. A version
  // that is too low for every actor is no reason to remember this one.
  Actor* const actor = event.version > 0 ? &index_.FindOrAdd(event.actor_id) : nullptr;
  const std::int64_t latest = actor ? actor->latest() : index_.Latest(event.actor_id);
  if (event.version <= latest) return StoreError::Conflict(event.actor_id, event.version, latest);
  thread_local std::string payload;  // keeps its memory from save to save
  payload.clear();
  AppendEvent(event, &payload);
  Append append;
  append.actor = actor;
  auto saved = payload.size() > kMaxPayloadBytes
                   ? StoreError::InvalidEvent("data", "the event is too large")
                   : Commit(RecordType::kEvent, event.actor_id, event.version, payload, &append);
  if (payload.capacity() > kMaxKeptBytes) std::string().swap(payload);
  return saved;
}

Result<void> FileLog::SaveSnapshot(const ActorSnapshot& snapshot) {
  if (auto sound = CheckNothingLost(); !sound) return sound;
  auto payload = EncodeSnapshot(snapshot);
  if (!payload) return payload.error();
  if (payload->size() > kMaxPayloadBytes) {
    return StoreError::InvalidEvent("state", "the snapshot is too large");
  }
  Append append;
  return Commit(RecordType::kSnapshot, snapshot.actor_id, snapshot.version, *payload, &append);
}

Result<std::uint64_t> FileLog::AppendRaw(std::string_view actor_id, std::string_view payload) {
  if (auto sound = CheckNothingLost(); !sound) return sound.error();
  Append append;
  auto stored = Commit(RecordType::kEvent, actor_id, 0, payload, &append);
  if (!stored) return stored.error();
  return append.sequence;
}

Result<void> FileLog::Commit(RecordType type, std::string_view actor_id, std::int64_t version,
                             std::string_view payload, Append* append) {
  append->type = type;
  append->actor_id = actor_id;
  append->version = version;
  append->payload = payload;
  append->payload_checksum = Checksum(payload, log_id_);
  if (!append->actor) append->actor = &index_.FindOrAdd(actor_id);
  return queue_.Commit(*append);
}

// Nothing is visible before it is stored: the index, then the end that followers see.
Result<void> FileLog::Write(std::span<Append* const> appends) {
  if (auto written = writer_->Write(appends); !written) return written;
  try {
    for (const Append* append : appends) {
      if (append->type == RecordType::kEvent) {
        append->actor->AddEvent(append->position);
      } else {
        append->actor->AddSnapshot(append->position);
      }
    }
  } catch (const std::exception&) {  // stored, and no memory to know where
    writer_->GiveUp();
    return StoreError(ErrorCode::kOutcomeUnknown, "out of memory");
  }
  end_ = writer_->end();
  if (followers_ > 0) Tick();
  if (writer_->synced() == end_ && IndexIsFarBehind()) WriteIndex();
  return {};
}

Result<ReplayResult> FileLog::Replay(std::string_view actor_id, std::int64_t from_version) {
  ReplayResult result;
  const auto error = ReadEvents(Readable(), actor_id, index_.EventsFrom(actor_id, from_version), &result);
  if (error) return ReadFailed(error);
  if (lost_.empty()) return result;
  if (const auto lost_error = AddLost(&result)) return ReadFailed(lost_error);
  std::stable_sort(result.errors.begin(), result.errors.end(),
                   [](const auto& a, const auto& b) { return a.sequence_number < b.sequence_number; });
  return result;
}

Result<void> FileLog::ReadPayloads(std::string_view actor_id, std::int64_t from_version,
                                   const std::function<void(std::string_view)>& visit) {
  const auto error =
      file::ReadPayloads(Readable(), actor_id, index_.EventsFrom(actor_id, from_version), visit);
  if (error) return ReadFailed(error);
  return {};
}

std::error_code FileLog::AddLost(ReplayResult* result) const {
  for (const LostRecords& lost : lost_) {
    std::string raw(std::min(lost.bytes, kLostBytesShown), '\0');
    std::size_t read = 0;
    if (const auto error = file_->ReadAt(lost.offset, raw.data(), raw.size(), &read)) return error;
    raw.resize(read);
    const char* const what =
        lost.bytes > 0 ? " damaged records" : " records missing from the end of the log";
    result->errors.push_back({lost.first_sequence, std::move(raw),
                              std::to_string(lost.count) + what + ", of this or other actors"});
  }
  return {};
}

Result<std::int64_t> FileLog::LatestVersion(std::string_view actor_id) {
  if (auto sound = CheckNothingLost(); !sound) return sound.error();
  return index_.Latest(actor_id);
}

Result<std::optional<ActorSnapshot>> FileLog::LatestSnapshot(std::string_view actor_id) {
  if (auto sound = CheckNothingLost(); !sound) return sound.error();
  const auto position = index_.Snapshot(actor_id);
  if (!position) return std::optional<ActorSnapshot>();
  auto snapshot = ReadSnapshot(Readable(), actor_id, *position);
  if (!snapshot) return snapshot.error();
  return std::optional<ActorSnapshot>(*std::move(snapshot));
}

void FileLog::Tick() {
  ++tick_;
  tick_.notify_all();
}

}  // namespace aether::file
