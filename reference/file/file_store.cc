// The handle: every call passes its gate and goes on to the log.

#include "aether/file_store.h"

#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include "call_gate.h"
#include "file_log.h"
#include "file_store_seam.h"
#include "notice_feed.h"

namespace aether {

using file::FileLog;
using file::NoticeFeed;

namespace {

// Its text is so short that it needs no memory.
StoreError OutOfMemory() { return StoreError(ErrorCode::kUnavailable, "out of memory"); }

}  // namespace

class FileStore::Handle {
 public:
  // `log` is attached; null makes a closed handle.
  Handle(std::shared_ptr<FileLog> log, FileStoreRecovery recovery)
      : recovery_(recovery), log_(std::move(log)) {
    if (!log_) gate_.Close();
  }

  const FileStoreRecovery& recovery() const { return recovery_; }

  // Calls `call(log)` unless the handle is closed, and keeps exceptions in.
  template <typename Call>
  auto Through(Call call) -> decltype(call(std::declval<const std::shared_ptr<FileLog>&>())) {
    if (!gate_.Enter()) return StoreError(ErrorCode::kClosed, "the handle is closed");
    struct Leaver {
      file::CallGate& gate;
      ~Leaver() { gate.Leave(); }
    } leaver{gate_};
    try {
      return call(log_);
    } catch (const std::bad_alloc&) {
      return OutOfMemory();
    } catch (const std::exception& e) {
      return StoreError(ErrorCode::kUnavailable, std::string("out of resources: ") + e.what());
    }
  }

  void Keep(const std::shared_ptr<NoticeFeed>& feed) {
    std::lock_guard lock(feeds_mutex_);
    std::erase_if(feeds_, [](const auto& known) { return known.expired(); });
    feeds_.push_back(feed);
  }

  Result<void> Close() {
    if (!gate_.Close()) return StoreError(ErrorCode::kClosed, "the handle is closed");
    for (const auto& known : feeds_) {
      if (const auto feed = known.lock()) feed->End();
    }
    return std::exchange(log_, nullptr)->Detach();
  }

 private:
  const FileStoreRecovery recovery_;
  file::CallGate gate_;
  std::shared_ptr<FileLog> log_;  // changes only behind the closed gate
  std::mutex feeds_mutex_;
  std::vector<std::weak_ptr<NoticeFeed>> feeds_;
};

namespace {

class FeedSubscription final : public Subscription {
 public:
  explicit FeedSubscription(std::shared_ptr<NoticeFeed> feed) : feed_(std::move(feed)) {}
  ~FeedSubscription() override { feed_->End(); }

 private:
  std::shared_ptr<NoticeFeed> feed_;
};

}  // namespace

FileStore::FileStore(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}

FileStore::~FileStore() {
  try {
    if (!handle_->Close()) return;
  } catch (const std::bad_alloc&) {
    // No memory for the error, which nobody would see.
  }
}

Result<std::unique_ptr<FileStore>> FileStore::Open(const std::filesystem::path& directory,
                                                   FileStoreOptions options) {
  try {
    auto log = FileLog::Open(directory, options);
    if (!log) return log.error();
    const auto recovery = (*log)->recovery();
    auto handle = std::make_unique<Handle>(*std::move(log), recovery);
    return std::unique_ptr<FileStore>(new FileStore(std::move(handle)));
  } catch (const std::bad_alloc&) {
    return OutOfMemory();
  } catch (const std::exception& e) {
    return StoreError(ErrorCode::kUnavailable, "cannot open " + directory.string() + ": " + e.what());
  }
}

std::unique_ptr<FileStore> FileStore::Share() {
  const auto attached = handle_->Through(
      [](const auto& log) -> Result<std::shared_ptr<FileLog>> { return log->Attach() ? log : nullptr; });
  return std::unique_ptr<FileStore>(
      new FileStore(std::make_unique<Handle>(attached ? *attached : nullptr, recovery())));
}

const FileStoreRecovery& FileStore::recovery() const { return handle_->recovery(); }

Result<void> FileStore::SaveEvent(const Event& event) {
  return handle_->Through([&](const auto& log) {
    auto valid = Validate(event);
    return valid ? log->SaveEvent(event) : valid;
  });
}

Result<std::vector<EventPtr>> FileStore::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  auto replay = GetEventsWithErrors(actor_id, from_version);
  if (!replay) return replay.error();
  return std::move(replay->events);
}

Result<std::int64_t> FileStore::GetLatestVersion(std::string_view actor_id) {
  return handle_->Through([&](const auto& log) { return log->LatestVersion(actor_id); });
}

Result<ReplayResult> FileStore::GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) {
  return handle_->Through([&](const auto& log) { return log->Replay(actor_id, from_version); });
}

Result<void> FileStore::SaveSnapshot(const ActorSnapshot& snapshot) {
  return handle_->Through([&](const auto& log) {
    auto valid = Validate(snapshot);
    return valid ? log->SaveSnapshot(snapshot) : valid;
  });
}

Result<std::optional<ActorSnapshot>> FileStore::GetLatestSnapshot(std::string_view actor_id) {
  return handle_->Through([&](const auto& log) { return log->LatestSnapshot(actor_id); });
}

Result<std::unique_ptr<Subscription>> FileStore::Subscribe(EventStoredCallback callback) {
  return handle_->Through([&](const auto& log) -> Result<std::unique_ptr<Subscription>> {
    auto feed = NoticeFeed::Start(log, std::move(callback));
    if (!feed) return feed.error();
    handle_->Keep(*feed);
    return std::unique_ptr<Subscription>(std::make_unique<FeedSubscription>(*std::move(feed)));
  });
}

Result<void> FileStore::Close() {
  try {
    return handle_->Close();
  } catch (const std::bad_alloc&) {  // it was closed before: all else needs no memory, or does without
    return StoreError(ErrorCode::kClosed, "out of memory");
  }
}

std::weak_ptr<FileLog> FileStoreSeam::LogOf(const FileStore& store) {
  const auto log = store.handle_->Through(
      [](const auto& attached) -> Result<std::shared_ptr<FileLog>> { return attached; });
  return log ? std::weak_ptr<FileLog>(*log) : std::weak_ptr<FileLog>();
}

std::unique_ptr<FileStore> FileStoreSeam::Attach(const std::weak_ptr<FileLog>& weak_log) {
  auto log = weak_log.lock();
  if (!log || !log->Attach()) return nullptr;
  const auto recovery = log->recovery();
  return std::unique_ptr<FileStore>(
      new FileStore(std::make_unique<FileStore::Handle>(std::move(log), recovery)));
}

Result<void> FileStoreSeam::ReadPayloads(FileStore& store, std::string_view actor_id,
                                         std::int64_t from_version,
                                         const std::function<void(std::string_view)>& visit) {
  return store.handle_->Through(
      [&](const auto& log) { return log->ReadPayloads(actor_id, from_version, visit); });
}

Result<std::uint64_t> FileStoreSeam::AppendRaw(FileStore& store, std::string_view actor_id,
                                               std::string_view raw) {
  return store.handle_->Through([&](const auto& log) { return log->AppendRaw(actor_id, raw); });
}

}  // namespace aether
