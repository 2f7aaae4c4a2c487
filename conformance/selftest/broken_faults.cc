// Stores that do the wrong thing when the disk does: when calls fail, and when bytes have changed.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "aether/wire.h"
#include "broken_store.h"
#include "file_double.h"

namespace aether::selftest {

namespace {

// ---- calls that fail

// Takes what was not written for written.
struct IgnoresAFullDisk : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedWrite(int error) override {
    if (error == ENOSPC) return {};
    return FileDouble::AtFailedWrite(error);
  }
};

// Leaves half a line in the file, and writes behind it.
struct LeavesHalfALine : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedWrite(int error) override {
    struct stat status = {};
    ::fstat(file_, &status);
    end_ = status.st_size;
    errno = error;
    return Failed("write");
  }
};

// After a failed save it does not read either.
struct DoesNotReadOnAFullDisk : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedWrite(int error) override {
    full_ = true;
    return FileDouble::AtFailedWrite(error);
  }
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    if (full_) return StoreError(ErrorCode::kStorageFull, "no space is left");
    return FileDouble::GetEvents(actor_id, from_version);
  }
  bool full_ = false;
};

struct TellsAFullDiskAsAConflict : FileDouble {
  using FileDouble::FileDouble;
  Result<void> SaveEvent(const Event& event) override {
    auto saved = FileDouble::SaveEvent(event);
    if (saved || saved.error().code() != ErrorCode::kStorageFull) return saved;
    return StoreError::Conflict(event.actor_id, event.version, event.version);
  }
};

// The number of the next line is counted up before the line is written.
struct CountsBeforeItWrites : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedWrite(int error) override {
    ++lines_;
    return FileDouble::AtFailedWrite(error);
  }
};

// Takes an error of the write for one of the sync: the line is there in half, and nobody knows.
struct IgnoresAFailedWrite : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedWrite(int error) override {
    if (error == EIO) return {};
    return FileDouble::AtFailedWrite(error);
  }
};

// When it cannot open the file it makes another one.
struct MakesAnotherFile : FileDouble {
  using FileDouble::FileDouble;
  Result<void> OpenFile() override {
    const auto path = directory_ / "events";
    file_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    if (file_ < 0) {
      ::unlink(path.c_str());
      return FileDouble::OpenFile();
    }
    return {};
  }
};

struct TakesHalfAWriteForAll : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    if (::pwrite(file_, line.data(), line.size(), end_) < 0) return AtFailedWrite(errno);
    return Sync() ? Result<void>() : AtFailedSync();
  }
};

struct TakesAnInterruptionForSuccess : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    if (::pwrite(file_, line.data(), line.size(), end_) < 0 && errno == EINTR) return {};
    return FileDouble::Append(line);
  }
};

struct IgnoresAFailedSync : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedSync() override { return {}; }
};

struct SyncsAgain : FileDouble {
  using FileDouble::FileDouble;
  bool Sync() override { return FileDouble::Sync() || FileDouble::Sync(); }
};

struct IgnoresAFailedDirectorySync : FileDouble {
  using FileDouble::FileDouble;
  bool SyncDirectory() override {
    (void)FileDouble::SyncDirectory();
    return true;
  }
};

// Says that nothing was stored, and what takes it back may be lost.
struct TakesBackWithoutSync : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedSync() override {
    (void)!::ftruncate(file_, end_);
    return StoreError(ErrorCode::kStorageFailed, "the sync failed");
  }
};

// Half a line stays where it cannot be cut off, and the next line is written behind it.
struct AppendsBehindAFailedTruncation : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    struct stat status = {};
    ::fstat(file_, &status);
    if (WriteAt(status.st_size, line)) return Sync() ? Result<void>() : AtFailedSync();
    const int error = errno;
    (void)!::ftruncate(file_, status.st_size);
    errno = error;
    return Failed("write");
  }
};

// Says that nothing was stored, and leaves it stored.
struct TellsAFailedSyncAsAFailure : FileDouble {
  using FileDouble::FileDouble;
  Result<void> AtFailedSync() override {
    poisoned_ = true;
    return StoreError(ErrorCode::kStorageFailed, "the sync failed");
  }
};

// Does not believe the next sync, and writes the event anew: behind the first, which may be there after
// all.
struct StoresTwiceAfterAFailedSync : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    if (!WriteAt(end_, line)) return AtFailedWrite(errno);
    if (Sync()) return {};
    const auto event = DecodeEvent(std::string_view(line).substr(26, line.size() - 27));
    end_ += static_cast<off_t>(line.size());
    ++lines_;
    return FileDouble::Append(LineOf(*event));
  }
};

// ---- bytes that have changed

struct BelievesEveryByte : FileDouble {
  using FileDouble::FileDouble;
  std::optional<Event> EventOf(std::string_view line) override {
    const std::size_t begin = line.find('{');
    if (begin == std::string_view::npos) return std::nullopt;
    const auto event = DecodeEvent(line.substr(begin));
    return event ? std::optional(*event) : std::nullopt;
  }
};

// What stands behind a damaged line is not read, and not told.
struct StopsAtTheFirstBadLine : FileDouble {
  using FileDouble::FileDouble;
  std::optional<Event> EventOf(std::string_view line) override {
    auto event = stopped_ ? std::nullopt : FileDouble::EventOf(line);
    stopped_ = !event;
    return event;
  }
  bool stopped_ = false;
};

// Damaged lines are passed over.
struct PassesOverBadLines : FileDouble {
  using FileDouble::FileDouble;
  void AtDamage(std::string_view) override {}
};

// The checksum is that of the line, and not of its place: lines may be moved and doubled.
struct ForgetsTheNumbers : FileDouble {
  using FileDouble::FileDouble;
  std::optional<Event> EventOf(std::string_view line) override {
    if (line.size() < 27 || Checksum(line.substr(17)) != line.substr(0, 16)) return std::nullopt;
    const auto event = DecodeEvent(line.substr(26));
    return event ? std::optional(*event) : std::nullopt;
  }
  std::size_t NumberOf(std::string_view) const override { return lines_; }
};

// The checksum is of the first bytes only.
struct ChecksTheBeginningOnly : FileDouble {
  using FileDouble::FileDouble;
  Result<void> Append(const std::string& line) override {
    return FileDouble::Append(Checksum(line.substr(17, 20)) + line.substr(16));
  }
  std::optional<Event> EventOf(std::string_view line) override {
    if (line.size() < 37 || Checksum(line.substr(17, 20)) != line.substr(0, 16)) return std::nullopt;
    const auto event = DecodeEvent(line.substr(26));
    return event ? std::optional(*event) : std::nullopt;
  }
};

// The checksum is of the size only.
struct ChecksTheSizeOnly : FileDouble {
  using FileDouble::FileDouble;
  static std::string SizeSum(std::size_t size) { return Checksum(std::to_string(size)); }
  Result<void> Append(const std::string& line) override {
    return FileDouble::Append(SizeSum(line.size() - 1) + line.substr(16));
  }
  std::optional<Event> EventOf(std::string_view line) override {
    if (line.size() < 27 || SizeSum(line.size()) != line.substr(0, 16)) return std::nullopt;
    const auto event = DecodeEvent(line.substr(26));
    return event ? std::optional(*event) : std::nullopt;
  }
};

// What changes places adds up to the same.
struct AddsUpItsBytes : FileDouble {
  using FileDouble::FileDouble;
  static std::string Sum(std::string_view text) {
    std::uint64_t sum = 0;
    for (const char c : text) sum += static_cast<unsigned char>(c);
    return Checksum(std::to_string(sum));
  }
  Result<void> Append(const std::string& line) override {
    return FileDouble::Append(Sum(std::string_view(line).substr(17, line.size() - 18)) + line.substr(16));
  }
  std::optional<Event> EventOf(std::string_view line) override {
    if (line.size() < 27 || Sum(line.substr(17)) != line.substr(0, 16)) return std::nullopt;
    const auto event = DecodeEvent(line.substr(26));
    return event ? std::optional(*event) : std::nullopt;
  }
};

// A line that was cut off is an event as far as it goes.
struct CompletesACutLine : FileDouble {
  using FileDouble::FileDouble;
  void Recover(const std::string& text) override {
    FileDouble::Recover(text);
    const std::string_view rest = std::string_view(text).substr(static_cast<std::size_t>(end_));
    const std::size_t begin = rest.find('{');
    const std::size_t data = rest.find(",\"data\"");
    if (begin == std::string_view::npos || data == std::string_view::npos) return;
    const auto event = DecodeEvent(std::string(rest.substr(begin, data - begin)) +
                                   R"(,"data":{},"timestamp":"2026-01-13T21:26:16Z"})");
    if (event) Show(*event);
  }
};

// Events of even versions are in a file of their own, and nothing says what is in the other.
struct TwoFiles : FileDouble {
  using FileDouble::FileDouble;
  ~TwoFiles() override { ::close(even_); }
  Result<void> OpenFile() override {
    even_ = ::open((directory_ / "even").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return FileDouble::OpenFile();
  }
  Result<void> Append(const std::string& line) override {
    const auto event = DecodeEvent(std::string_view(line).substr(26, line.size() - 27));
    if (event->version % 2 != 0) return FileDouble::Append(line);
    (void)!::write(even_, line.data() + 26, line.size() - 26);
    end_ -= static_cast<off_t>(line.size());
    --lines_;
    return ::fdatasync(even_) == 0 ? Result<void>() : AtFailedSync();
  }
  void Recover(const std::string& text) override {
    FileDouble::Recover(text);
    struct stat status = {};
    ::fstat(even_, &status);
    std::string lines(static_cast<std::size_t>(status.st_size), '\0');
    (void)!::pread(even_, lines.data(), lines.size(), 0);
    for (std::size_t begin = 0, end; (end = lines.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const auto event = DecodeEvent(std::string_view(lines).substr(begin, end - begin));
      if (!event) continue;
      auto& events = actors_[event->actor_id];
      const auto place = std::lower_bound(events.begin(), events.end(), event->version,
                                          [](const EventPtr& e, std::int64_t v) { return e->version < v; });
      events.insert(place, std::make_shared<const Event>(*event));
    }
  }
  int even_ = -1;
};

// ---- reads that fail

// What could not be read is not there; what is behind it is cut off as a torn tail.
struct TakesAFailedReadForTheEnd : FileDouble {
  using FileDouble::FileDouble;
  Result<void> ReadFile(std::string* text) override {
    const ssize_t n = ::pread(file_, text->data(), text->size(), 0);
    text->resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    return {};
  }
};

// The same, but nothing is cut off: versions begin anew.
struct CountsFromZeroAfterAFailedRead : TakesAFailedReadForTheEnd {
  using TakesAFailedReadForTheEnd::TakesAFailedReadForTheEnd;
  Result<void> CutTornTail() override { return {}; }
};

// An error is told. Less than was asked for is the end.
struct TakesAShortReadForTheEnd : FileDouble {
  using FileDouble::FileDouble;
  Result<void> ReadFile(std::string* text) override {
    const ssize_t n = ::pread(file_, text->data(), text->size(), 0);
    if (n < 0) return Failed("read");
    text->resize(static_cast<std::size_t>(n));
    return {};
  }
};

// ---- snapshots

// Makes room first.
struct GivesUpTheOldSnapshotFirst : FileDouble {
  using FileDouble::FileDouble;
  Result<void> WriteSnapshot(const std::filesystem::path& path, const std::string& text) override {
    ::unlink(path.c_str());
    return FileDouble::WriteSnapshot(path, text);
  }
};

struct IgnoresAFailedSnapshot : FileDouble {
  using FileDouble::FileDouble;
  Result<void> WriteSnapshot(const std::filesystem::path& path, const std::string& text) override {
    (void)FileDouble::WriteSnapshot(path, text).has_value();
    return {};
  }
};

struct BelievesASnapshot : FileDouble {
  using FileDouble::FileDouble;
  Result<ActorSnapshot> SnapshotOf(std::string_view text) override {
    return DecodeSnapshot(text.substr(std::min<std::size_t>(16, text.size())));
  }
};

template <typename Store>
BrokenStore BrokenFile(std::string_view name, std::string_view rule, std::string_view fault) {
  return {name, rule, fault, SubjectOfFileDouble<Store>(name), true};
}

}  // namespace

std::vector<BrokenStore> BrokenUnderFaults() {
  return {
      BrokenFile<IgnoresAFullDisk>("ignores_a_full_disk", "FLT-01",
                                   "a save on a full disk is acknowledged"),
      BrokenFile<LeavesHalfALine>("leaves_half_a_line", "FLT-01",
                                  "half a record stays where the disk was full"),
      BrokenFile<DoesNotReadOnAFullDisk>("does_not_read_on_a_full_disk", "FLT-01",
                                         "reads fail where saves do"),
      BrokenFile<TellsAFullDiskAsAConflict>("tells_a_full_disk_as_a_conflict", "FLT-01",
                                            "a full disk is told as a version conflict"),
      BrokenFile<CountsBeforeItWrites>("counts_before_it_writes", "FLT-01",
                                       "a record that was not written has its number all the same"),
      BrokenFile<IgnoresAFailedWrite>("ignores_a_failed_write", "FLT-02",
                                      "a save whose write failed is acknowledged"),
      BrokenFile<AppendsBehindAFailedTruncation>("appends_behind_a_failed_truncation", "FLT-02",
                                                 "half a record that cannot be cut off is written behind"),
      BrokenFile<MakesAnotherFile>("makes_another_file", "FLT-02",
                                   "a file that cannot be opened is made anew"),
      BrokenFile<TakesHalfAWriteForAll>("takes_half_a_write_for_all", "FLT-03",
                                        "the rest of a short write is not written"),
      BrokenFile<TakesAnInterruptionForSuccess>("takes_an_interruption_for_success", "FLT-03",
                                                "an interrupted write is taken for done"),
      BrokenFile<IgnoresAFailedSync>("ignores_a_failed_sync", "FLT-04",
                                     "the error of a sync is passed over"),
      BrokenFile<IgnoresAFailedDirectorySync>("ignores_a_failed_directory_sync", "FLT-04",
                                              "a failed sync of the directory is ignored"),
      BrokenFile<TakesBackWithoutSync>(
          "takes_back_without_sync", "FLT-04",
          "what is said to be not stored is taken back, and that is not synced"),
      BrokenFile<SyncsAgain>("syncs_again", "FLT-04", "a failed sync is tried again and believed"),
      BrokenFile<TellsAFailedSyncAsAFailure>("tells_a_failed_sync_as_a_failure", "FLT-04",
                                             "after a failed sync nothing is said to be stored, and it is"),
      BrokenFile<StoresTwiceAfterAFailedSync>("stores_twice_after_a_failed_sync", "FLT-04",
                                              "after a failed sync the event is stored a second time"),
      BrokenFile<BelievesEveryByte>("believes_every_byte", "FLT-05", "records have no checksum"),
      BrokenFile<StopsAtTheFirstBadLine>("stops_at_the_first_bad_line", "FLT-05",
                                         "what stands behind a damaged record is lost in silence"),
      BrokenFile<PassesOverBadLines>("passes_over_bad_lines", "FLT-05",
                                     "damaged records are passed over in silence"),
      BrokenFile<ForgetsTheNumbers>("forgets_the_numbers", "FLT-05",
                                    "records that were moved or doubled are read as they stand"),
      BrokenFile<ChecksTheBeginningOnly>("checks_the_beginning_only", "FLT-05",
                                         "the checksum covers the beginning of a record only"),
      BrokenFile<ChecksTheSizeOnly>("checks_the_size_only", "FLT-05",
                                    "the checksum covers the size of a record only"),
      BrokenFile<AddsUpItsBytes>("adds_up_its_bytes", "FLT-05",
                                 "the checksum is the same when bytes change places"),
      BrokenFile<CompletesACutLine>("completes_a_cut_line", "FLT-06",
                                    "a record that was cut off is read as far as it goes"),
      BrokenFile<TwoFiles>("two_files", "FLT-06", "a file that was cut leaves holes in a stream"),
      BrokenFile<TakesAFailedReadForTheEnd>("takes_a_failed_read_for_the_end", "FLT-07",
                                            "what could not be read when opening is cut off"),
      BrokenFile<CountsFromZeroAfterAFailedRead>("counts_from_zero_after_a_failed_read", "FLT-07",
                                                 "after a failed read versions begin anew"),
      BrokenFile<TakesAShortReadForTheEnd>(
          "takes_a_short_read_for_the_end", "FLT-07",
          "a read that gives less than it was asked for is taken for the end"),
      BrokenFile<GivesUpTheOldSnapshotFirst>("gives_up_the_old_snapshot_first", "FLT-08",
                                             "the old snapshot is removed before there is a new one"),
      BrokenFile<IgnoresAFailedSnapshot>("ignores_a_failed_snapshot", "FLT-08",
                                         "a snapshot that could not be written is acknowledged"),
      BrokenFile<BelievesASnapshot>("believes_a_snapshot", "FLT-09", "snapshots have no checksum"),
  };
}

}  // namespace aether::selftest
