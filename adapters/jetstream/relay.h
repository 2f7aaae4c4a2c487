// Relay: links on 127.0.0.1 through which connections run, and which can be cut.

#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace aether {

// Each link has a port of its own; what connects to it is connected to the link's target, and bytes run
// both ways. One thread serves all links, and never waits for a side that does not read.
//
// A cut link is as a network that loses every packet: its connections stay open and pass nothing, and new
// ones are not answered. What was on its way arrives when the link is mended, as TCP would send it again.
//
// All threads may use it.
class Relay {
 public:
  // Throws std::runtime_error when the system gives no port.
  explicit Relay(int links);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port(int link) const { return links_[static_cast<std::size_t>(link)].port; }

  // The port on 127.0.0.1 that connections to the link are led to from now on; 0: they are ended at once.
  void SetTarget(int link, int port);

  void Cut(int link) { SetCut(link, true); }
  void Mend(int link) { SetCut(link, false); }

 private:
  class Connection;
  struct Link {
    int listener = -1;
    int port = 0;
    int target = 0;
    bool cut = false;
  };

  void SetCut(int link, bool cut);
  void Wake();
  void Serve();
  void Accept(int link);

  std::mutex mutex_;  // guards target and cut of the links
  std::vector<Link> links_;
  int wake_[2] = {-1, -1};
  std::atomic<bool> ending_{false};
  std::vector<std::unique_ptr<Connection>> connections_;  // of the thread
  std::thread thread_;                                    // last: it uses the others
};

}  // namespace aether
