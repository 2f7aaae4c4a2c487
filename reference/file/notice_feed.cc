// Following the log.

#include "notice_feed.h"

#include <exception>
#include <system_error>

#include "aether/wire.h"

namespace aether::file {

Result<std::shared_ptr<NoticeFeed>> NoticeFeed::Start(std::shared_ptr<FileLog> log,
                                                      EventStoredCallback callback) {
  std::shared_ptr<NoticeFeed> feed(new NoticeFeed(std::move(log), std::move(callback)));
  try {
    // The thread shares the feed: a callback may drop the last other owner.
    feed->thread_ = std::thread([feed] { feed->Run(); });
  } catch (const std::system_error& e) {
    return StoreError(ErrorCode::kUnavailable, std::string("cannot start a thread: ") + e.what());
  }
  return feed;
}

NoticeFeed::NoticeFeed(std::shared_ptr<FileLog> log, EventStoredCallback callback)
    : log_(std::move(log)), callback_(std::move(callback)) {
  // First counted, then the end read: a batch stored in between ticks for nothing, none is missed.
  log_->CountFollower(1);
  cursor_ = log_->end();
}

NoticeFeed::~NoticeFeed() {
  log_->CountFollower(-1);
  if (thread_.joinable()) thread_.detach();  // only when the thread itself is the last owner
}

void NoticeFeed::End() {
  ended_ = true;
  log_->Tick();
  if (thread_.get_id() == std::this_thread::get_id()) return;
  std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

void NoticeFeed::Run() {
  while (true) {
    const auto tick = log_->tick();
    if (ended_) return;
    const auto end = log_->end();
    if (end == cursor_ || !TryToTellUpTo(end)) log_->WaitForTick(tick);
  }
}

// Tells of the events between the cursor and `end`, which is the end of a frame. What is damaged gives no
// notice. False if a read fails, which looks like damage: what is behind the cursor is told later.
bool NoticeFeed::TellUpTo(std::uint64_t end) {
  LogReader reader = log_->ReadUpTo(end);
  while (cursor_ < end) {
    const auto frame = reader.FrameAt(cursor_);
    if (!frame) {
      const std::uint64_t next = reader.FindFrame(cursor_ + 1);
      if (reader.error()) return false;
      cursor_ = next;
      continue;
    }
    if (told_end_ <= cursor_) told_end_ = frame->body();
    while (const auto record = reader.RecordAt(told_end_, frame->end())) {
      if (record->header.type == RecordType::kEvent && record->payload_intact) Tell(record->payload);
      told_end_ = record->end();
      if (ended_) return true;
    }
    if (reader.error()) return false;
    cursor_ = frame->end();
  }
  return true;
}

// False if it cannot be read, or there is no memory for it: the next batch is another occasion.
bool NoticeFeed::TryToTellUpTo(std::uint64_t end) {
  try {
    return TellUpTo(end);
  } catch (const std::exception&) {
    return false;
  }
}

void NoticeFeed::Tell(std::string_view payload) {
  const auto event = DecodeEvent(payload);
  if (!event) return;
  const EventStored notice = EventStored::Of(*event);
  try {
    callback_(notice);
  } catch (...) {
    // The callback's own affair: the next notice comes all the same.
  }
}

}  // namespace aether::file
