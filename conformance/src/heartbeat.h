// Heartbeat: what this process is doing, told in memory that its supervisor shares, so that a hang or
// a death can be named.

#pragma once

#include <string>
#include <string_view>

namespace aether::conformance {

// Shares the heartbeat through the file descriptor `fd` of a memory file; without it Beat() does nothing.
void ShareHeartbeat(int fd);

// Notes that `call` begins. From any thread.
void Beat(std::string_view call);

// The supervisor's side: makes the memory file, and reads what is in it.
class HeartbeatMonitor {
 public:
  HeartbeatMonitor();
  ~HeartbeatMonitor();
  HeartbeatMonitor(const HeartbeatMonitor&) = delete;
  HeartbeatMonitor& operator=(const HeartbeatMonitor&) = delete;

  int fd() const { return fd_; }
  unsigned long long beats() const;  // rises with each Beat()
  std::string last_call() const;     // of those that run, the last one to begin

 private:
  int fd_;
  struct Page* page_;
};

}  // namespace aether::conformance
