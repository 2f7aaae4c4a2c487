// PullReader: the records of a stream in order, from a sequence number on, and those that follow.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "nats_client.h"
#include "record.h"

namespace aether::jetstream {

// The numbers of a message that a consumer delivered.
struct Delivery {
  std::uint64_t stream_sequence = 0;
  std::uint64_t consumer_sequence = 0;  // 1 for the first that the consumer delivered
};

// Reads them from the subject on which the message is to be acknowledged; nothing when it is none. (ADR-15)
std::optional<Delivery> ParseDelivery(std::string_view ack_subject);

// Reads through a short-lived consumer in the server's memory, which is made again, from the first record
// not yet handed out, when the server has lost it (a restart, a long silence) or a record did not arrive.
// So each record comes exactly once, in order. Pulls rather than being pushed to: a slow reader is never
// flooded, and cnats 3.4 may crash when a push subscription ends while messages arrive.
//
// One thread reads; Interrupt() may be called from any.
class PullReader {
 public:
  // Reads the records of `subject` (a wildcard, or one actor's) from `first_sequence` on. When it returns
  // without an error, the server has the consumer.
  static Result<std::unique_ptr<PullReader>> Start(std::shared_ptr<Connection> connection,
                                                   std::string stream, std::string subject,
                                                   std::uint64_t first_sequence);

  // Ends the consumer on the server too.
  ~PullReader();

  // The next record; nothing when none came within `wait`. Errors: kUnavailable, and kClosed after
  // Interrupt(); trying again is safe, and nothing is skipped.
  Result<std::optional<Record>> Next(std::chrono::milliseconds wait);

  // Makes the Next() under way, and all later ones, end at once; while the connection is down, within two seconds.
  void Interrupt();

 private:
  PullReader(std::shared_ptr<Connection> connection, std::string stream, std::string subject,
             std::uint64_t first_sequence);

  Result<void> MakeConsumer();
  void EndConsumer();
  Result<void> Subscribe();
  Result<void> Pull();
  Result<std::optional<Record>> Receive(MsgPtr message);

  const std::shared_ptr<Connection> connection_;
  const std::string stream_;
  const std::string subject_;
  std::uint64_t next_sequence_;

  std::string consumer_;         // its name; empty: there is none
  std::chrono::steady_clock::time_point made_;
  std::uint64_t delivered_ = 0;  // messages of this consumer that have come
  int awaited_ = 0;              // messages still to come for the requests under way
  MessageBin used_{1'000, 1 << 20};
  std::mutex mutex_;  // guards interrupted_, and subscription_ against Interrupt()
  bool interrupted_ = false;
  InboxPtr inbox_;
  SubscriptionPtr subscription_;
};

}  // namespace aether::jetstream
