// NoticeFeed: EventStored notices, read from the events stream by a thread of their own.

#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "aether/jetstream_store.h"
#include "pull_reader.h"

namespace aether::jetstream {

// Lives as long as its subscription, its thread, or the store knows it, whichever is last.
class NoticeFeed : public std::enable_shared_from_this<NoticeFeed> {
 public:
  // Calls `callback` for every event stored after this has returned, until Stop().
  static Result<std::shared_ptr<NoticeFeed>> Start(const std::shared_ptr<Connection>& connection,
                                                   const JetStreamNames& names,
                                                   EventStoredCallback callback);

  ~NoticeFeed();

  // When it returns, the callback is not running and will not run again, unless the callback itself
  // called it. Any thread may call it, and more than once.
  void Stop();

 private:
  NoticeFeed(JetStreamNames names, EventStoredCallback callback)
      : names_(std::move(names)), callback_(std::move(callback)) {}

  void Run();
  void Tell(const Record& record);
  bool IsStopped();
  void PauseOrStop();

  const JetStreamNames names_;
  const EventStoredCallback callback_;
  std::unique_ptr<PullReader> reader_;

  std::mutex mutex_;  // guards stopped_
  std::condition_variable stop_called_;
  bool stopped_ = false;

  std::mutex join_mutex_;  // guards thread_
  std::thread thread_;
  std::atomic<std::thread::id> running_as_;  // the thread's own id, for Stop() to know it by
};

}  // namespace aether::jetstream
