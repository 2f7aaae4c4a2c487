// A line for each request under way: leased, asked over, given back.

#include "requester.h"

#include <algorithm>
#include <iterator>
#include <new>

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// How often a request that waits looks whether its connection is still the one that it was sent over.
constexpr milliseconds kLook{20};

MsgPtr ToMessage(const Request& request, const std::string& reply) {
  natsMsg* raw = nullptr;
  if (natsMsg_Create(&raw, request.subject.c_str(), reply.c_str(), request.data.data(),
                     static_cast<int>(request.data.size())) != NATS_OK) {
    throw std::bad_alloc();
  }
  MsgPtr message(raw);
  for (const auto& [name, value] : request.headers) {
    if (natsMsgHeader_Set(raw, name, value.c_str()) != NATS_OK) throw std::bad_alloc();
  }
  return message;
}

// Whether cnats refuses so before it sends anything.
bool IsRefusal(natsStatus status) {
  return status == NATS_INSUFFICIENT_BUFFER || status == NATS_MAX_PAYLOAD || status == NATS_INVALID_ARG ||
         status == NATS_NO_SERVER_SUPPORT;
}

}  // namespace

// A line for one request. Takes with it the subscriptions that may be freed once the request is answered.
class Requester::Lease {
 public:
  explicit Lease(Requester* requester) : requester_(requester) {
    const std::lock_guard lock(requester->lines_mutex_);
    ended_.swap(requester->ended_);
    if (requester->idle_.empty()) return;
    line_ = std::move(requester->idle_.back());
    requester->idle_.pop_back();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  // Only a line on which nothing can come any more is asked over again: that nobody listened is told
  // without naming the request, and must not be taken for an answer to another one.
  ~Lease() {
    const bool is_done = answered_ || !sent_;
    if (line_ && !is_done) {
      if (requester_->is_up()) (void)natsSubscription_Unsubscribe(line_->subscription.get());
      ended_.push_back(std::move(line_->subscription));
    }
    const std::lock_guard lock(requester_->lines_mutex_);
    if (line_ && is_done) requester_->idle_.push_back(std::move(line_));
    if (!answered_) {
      std::move(ended_.begin(), ended_.end(), std::back_inserter(requester_->ended_));
      ended_.clear();
    }
  }

  // Must come first.
  natsStatus Open() {
    // Those that ended while the connection was down are subscribed still.
    for (const SubscriptionPtr& ended : ended_) {
      if (natsSubscription_IsValid(ended.get())) (void)natsSubscription_Unsubscribe(ended.get());
    }
    if (line_) return NATS_OK;
    natsInbox* raw_inbox = nullptr;
    natsStatus status = natsInbox_Create(&raw_inbox);
    const InboxPtr inbox(raw_inbox);
    if (status != NATS_OK) return status;
    auto line = std::make_unique<Line>();
    line->inbox = std::string(inbox.get()) + ".";
    natsSubscription* raw = nullptr;
    status = natsConnection_SubscribeSync(&raw, requester_->connection_, (line->inbox + "*").c_str());
    line->subscription.reset(raw);
    if (status == NATS_OK) line_ = std::move(line);
    return status;
  }

  void Ask(const Request& request, milliseconds limit, Answer* answer) {
    reply_ = line_->inbox + std::to_string(++line_->requests);
    Send(request, answer);
    if (answer->status == NATS_OK) Await(limit, answer);
  }

 private:
  void Send(const Request& request, Answer* answer) {
    MsgPtr message = ToMessage(request, reply_);
    {
      const std::lock_guard lock(requester_->send_mutex_);
      reconnects_ = requester_->Reconnects();
      const bool was_closed = natsConnection_IsClosed(requester_->connection_);
      answer->status = natsConnection_PublishMsg(requester_->connection_, message.get());
      sent_ = answer->sent = !was_closed && !IsRefusal(answer->status);
    }
    line_->used.Add(std::move(message));
  }

  void Await(milliseconds limit, Answer* answer) {
    const auto deadline = Clock::now() + limit;
    for (auto left = limit; left.count() > 0;
         left = std::chrono::ceil<milliseconds>(deadline - Clock::now())) {
      natsMsg* raw = nullptr;
      answer->status =
          natsSubscription_NextMsg(&raw, line_->subscription.get(), std::min(left, kLook).count());
      answered_ = answer->status == NATS_NO_RESPONDERS;
      if (answer->status == NATS_OK) {
        Receive(MsgPtr(raw), answer);
      } else if (answer->status == NATS_TIMEOUT && requester_->IsLost(reconnects_)) {
        answer->status = NATS_CONNECTION_DISCONNECTED;
      }
      if (answered_ || (answer->status != NATS_OK && answer->status != NATS_TIMEOUT)) return;
    }
    answer->status = NATS_TIMEOUT;
  }

  // Passes over what is late for an earlier request.
  void Receive(MsgPtr message, Answer* answer) {
    const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(message.get()));
    answered_ = natsMsg_GetSubject(message.get()) == reply_;
    if (answered_) answer->data.assign(natsMsg_GetData(message.get()), size);
    line_->used.Add(std::move(message));
  }

  Requester* const requester_;
  std::unique_ptr<Line> line_;
  std::vector<SubscriptionPtr> ended_;
  std::string reply_;
  std::uint64_t reconnects_ = 0;
  bool sent_ = false;
  bool answered_ = false;
};

Answer Requester::Ask(const Request& request, milliseconds limit) {
  Answer answer;
  if (!is_up()) {
    answer.status = NATS_INSUFFICIENT_BUFFER;  // cnats' own word for it
    return answer;
  }
  Lease lease(this);
  answer.status = lease.Open();
  if (answer.status == NATS_OK) lease.Ask(request, limit, &answer);
  return answer;
}

void Requester::End(SubscriptionPtr subscription) {
  if (!subscription) return;
  if (is_up()) (void)natsSubscription_Unsubscribe(subscription.get());
  const std::lock_guard lock(lines_mutex_);
  ended_.push_back(std::move(subscription));
}

std::size_t Requester::CountEnded() const {
  const std::lock_guard lock(lines_mutex_);
  return ended_.size();
}

// Whether the connection has been lost since it had been made again `reconnects` times.
bool Requester::IsLost(std::uint64_t reconnects) const {
  return !is_up() || natsConnection_Status(connection_) != NATS_CONN_STATUS_CONNECTED ||
         Reconnects() != reconnects;
}

std::uint64_t Requester::Reconnects() const {
  natsStatistics* raw = nullptr;
  if (natsStatistics_Create(&raw) != NATS_OK) throw std::bad_alloc();
  const StatisticsPtr statistics(raw);
  std::uint64_t reconnects = 0;
  (void)natsConnection_GetStats(connection_, raw);
  (void)natsStatistics_GetCounts(raw, nullptr, nullptr, nullptr, nullptr, &reconnects);
  return reconnects;
}

}  // namespace aether::jetstream
