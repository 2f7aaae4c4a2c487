// NoticeFeed: a thread that follows the log and tells a callback of each event.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>

#include "aether/event_store.h"
#include "file_log.h"

namespace aether::file {

class NoticeFeed {
 public:
  // Follows `log` from its present end on. kUnavailable if no thread can be had.
  static Result<std::shared_ptr<NoticeFeed>> Start(std::shared_ptr<FileLog> log,
                                                   EventStoredCallback callback);

  ~NoticeFeed();

  // Waits until the callback has returned and will not be called again, unless the callback itself calls.
  // The log may be closed afterwards, by the callback, too.
  void End();

 private:
  NoticeFeed(std::shared_ptr<FileLog> log, EventStoredCallback callback);

  void Run();
  bool TryToTellUpTo(std::uint64_t end);
  bool TellUpTo(std::uint64_t end);
  void Tell(std::string_view payload);

  const std::shared_ptr<FileLog> log_;
  const EventStoredCallback callback_;
  std::uint64_t cursor_;        // the frame before it was told
  std::uint64_t told_end_ = 0;  // and so were the records of the next one before this
  std::atomic<bool> ended_ = false;
  std::mutex join_mutex_;
  std::thread thread_;
};

}  // namespace aether::file
