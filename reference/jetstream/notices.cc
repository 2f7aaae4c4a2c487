// The thread of a subscription.

#include "notices.h"

#include "replay.h"
#include "subject_log.h"

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;

// How long one look for records lasts; long enough for the reader to notice that its consumer is gone.
constexpr milliseconds kLook = std::chrono::seconds(10);
// How long it waits after an error, such as a lost connection, before it tries again.
constexpr milliseconds kErrorPause{50};

}  // namespace

Result<std::shared_ptr<NoticeFeed>> NoticeFeed::Start(const std::shared_ptr<Connection>& connection,
                                                      const JetStreamNames& names,
                                                      EventStoredCallback callback) {
  std::shared_ptr<NoticeFeed> feed(new NoticeFeed(names, std::move(callback)));
  const auto bounds = SubjectLog(connection, names.events_stream).Bounds();
  if (!bounds) return bounds.error();
  auto reader =
      PullReader::Start(connection, names.events_stream, names.events_subject, bounds->last_sequence + 1);
  if (!reader) return reader.error();
  feed->reader_ = *std::move(reader);
  feed->thread_ = std::thread([feed] {
    feed->running_as_ = std::this_thread::get_id();
    feed->Run();
  });
  return feed;
}

NoticeFeed::~NoticeFeed() {
  // The last reference is the thread's own when the callback ended the subscription.
  if (thread_.joinable()) thread_.detach();
}

void NoticeFeed::Run() {
  while (!IsStopped()) {
    const auto record = reader_->Next(kLook);
    if (!record) {
      PauseOrStop();
    } else if (*record) {
      Tell(**record);
    }
  }
}

void NoticeFeed::Tell(const Record& record) {
  const auto event = ReadEvent(record);
  if (!event || names_.EventSubject(event->actor_id) != record.subject || IsStopped()) return;
  try {
    callback_(EventStored::Of(*event));
  } catch (...) {
    // A callback may throw: its own affair. (NOTE-08)
  }
}

bool NoticeFeed::IsStopped() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void NoticeFeed::PauseOrStop() {
  std::unique_lock lock(mutex_);
  stop_called_.wait_for(lock, kErrorPause, [this] { return stopped_; });
}

void NoticeFeed::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_called_.notify_all();
  reader_->Interrupt();
  if (running_as_.load() == std::this_thread::get_id()) return;
  const std::lock_guard lock(join_mutex_);
  if (thread_.joinable()) thread_.join();
}

}  // namespace aether::jetstream
