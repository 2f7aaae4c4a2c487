// Heartbeat: what this process is doing, told in memory that its supervisor shares, so that a hang or
// a death can be named.

#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace aether::conformance {

// Shares the heartbeat through the file descriptor `fd` of a memory file; without it nothing is told.
void ShareHeartbeat(int fd);

// Tells that `call` runs, from here to its destruction. From any thread, and calls may be nested.
class CallInProgress {
 public:
  explicit CallInProgress(std::string_view call);
  ~CallInProgress();
  CallInProgress(const CallInProgress&) = delete;
  CallInProgress& operator=(const CallInProgress&) = delete;

 private:
  int slot_;  // -1: untold
};

// The supervisor's side: makes the memory file, and reads what is in it.
class HeartbeatMonitor {
 public:
  HeartbeatMonitor();
  ~HeartbeatMonitor();
  HeartbeatMonitor(const HeartbeatMonitor&) = delete;
  HeartbeatMonitor& operator=(const HeartbeatMonitor&) = delete;

  int fd() const { return fd_; }

  // The call that has run for the longest, and for how long; nothing when none runs.
  struct Oldest {
    std::string call;
    std::chrono::nanoseconds age;
  };
  std::optional<Oldest> oldest_call() const;

 private:
  int fd_;
  struct Page* page_;
};

}  // namespace aether::conformance
