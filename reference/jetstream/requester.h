// Requester: requests over one connection, from many threads at once.

#pragma once

#include <nats/nats.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats_handles.h"

namespace aether::jetstream {

struct Request {
  std::string subject;
  std::string_view data;  // outlives the call
  std::vector<std::pair<const char*, std::string>> headers;
};

struct Answer {
  // NATS_OK: an answer has come, and this is what is in it. Otherwise why none did, as of
  // natsConnection_RequestMsg; nats_GetLastError() tells more.
  natsStatus status = NATS_OK;
  std::string data;
  // The request, or part of it, may have left. Where this is false, it certainly never arrives.
  bool sent = false;
};

// What natsConnection_RequestMsg does, but for what makes that slow: a thread that hands all answers on,
// and many threads that spin for the connection's lock. Here each request under way has a subscription to
// itself, so that the thread that reads from the socket wakes the one that waits.
//
// All threads may use it.
class Requester {
 public:
  // `is_up`: whether the connection is made now, as far as is known. While it is not, nothing here waits
  // for cnats: as long as a server that it connects to again is silent, cnats (before 3.6.1, at least)
  // holds its lock for ever.
  Requester(natsConnection* connection, std::shared_ptr<const std::atomic<bool>> is_up)
      : connection_(connection), is_up_(std::move(is_up)) {}

  // See above. Whoever enters cnats asks this first: a call may still be held when the connection is lost just then.
  bool is_up() const { return *is_up_; }

  // Sends the request once and waits for its answer, for `limit` at most. When the connection is lost
  // meanwhile, it says so soon (NATS_CONNECTION_DISCONNECTED).
  Answer Ask(const Request& request, std::chrono::milliseconds limit);

  // Ends `subscription`, and frees it when that is safe: cnats (before 3.6.1, at least) uses it once more
  // for a message that is just arriving. It no longer does when a request that was made later is answered. While the
  // connection is down, the server is told later.
  void End(SubscriptionPtr subscription);

  // How many subscriptions have ended and cannot be freed yet.
  std::size_t CountEnded() const;

 private:
  // Answers arrive on inbox.1, inbox.2 and so on: one that is late is not taken for that to the next
  // request.
  struct Line {
    std::string inbox;
    std::uint64_t requests = 0;
    SubscriptionPtr subscription;
    MessageBin used{64, 64 << 10};
  };
  class Lease;

  std::uint64_t Reconnects() const;
  bool IsLost(std::uint64_t reconnects) const;

  natsConnection* const connection_;
  const std::shared_ptr<const std::atomic<bool>> is_up_;

  mutable std::mutex lines_mutex_;           // guards idle_ and ended_
  std::vector<std::unique_ptr<Line>> idle_;  // as many as were ever used at once
  std::vector<SubscriptionPtr> ended_;       // those that cannot be freed yet
  std::mutex send_mutex_;                    // held while a request is sent
};

}  // namespace aether::jetstream
