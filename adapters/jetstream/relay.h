// Relay: links on 127.0.0.1 through which connections run, and which can be cut.

#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <cstdint>
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

  // From now on every byte arrives so much later, and at most so many a second pass each way in each
  // connection; zero: as fast as they come.
  void Slow(int link, std::chrono::milliseconds delay, std::int64_t bytes_per_second);

  // Ends the link's connections at once, for both sides; new ones are taken.
  void Reset(int link);

  // Tells the clients of the link's connections that the server has ended its side. It has not, and theirs
  // stays open.
  void HalfClose(int link);

 private:
  class Connection;
  struct Link {
    int listener = -1;
    int port = 0;
    int target = 0;
    bool cut = false;
    std::chrono::milliseconds delay{0};
    std::int64_t bytes_per_second = 0;
    bool reset = false;       // asked for, and not yet done
    bool half_close = false;  // likewise
  };

  template <typename Change>
  void Set(int link, Change change);
  void SetCut(int link, bool cut);
  const Link& LinkOf(const Connection& connection) const;
  std::chrono::steady_clock::time_point ListPolled(std::vector<pollfd>* polled) const;
  bool Tend(Connection* connection, const pollfd& client, const pollfd& server);  // false: it is over
  void Wake();
  void Serve();
  void Accept(int link);

  mutable std::mutex mutex_;  // guards the links
  std::vector<Link> links_;
  int wake_[2] = {-1, -1};
  std::atomic<bool> ending_{false};
  std::vector<std::unique_ptr<Connection>> connections_;  // of the thread
  std::thread thread_;                                    // last: it uses the others
};

}  // namespace aether
