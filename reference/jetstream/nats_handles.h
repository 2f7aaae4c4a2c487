// The objects of cnats, owned.

#pragma once

#include <nats/nats.h>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace aether::jetstream {

template <auto Destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};

using OptionsPtr = std::unique_ptr<natsOptions, Destroyer<natsOptions_Destroy>>;
using ConnectionPtr = std::unique_ptr<natsConnection, Destroyer<natsConnection_Destroy>>;
using ContextPtr = std::unique_ptr<jsCtx, Destroyer<jsCtx_Destroy>>;
using MsgPtr = std::unique_ptr<natsMsg, Destroyer<natsMsg_Destroy>>;
using InboxPtr = std::unique_ptr<natsInbox, Destroyer<natsInbox_Destroy>>;
using StatisticsPtr = std::unique_ptr<natsStatistics, Destroyer<natsStatistics_Destroy>>;
using SubscriptionPtr = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;
using StreamInfoPtr = std::unique_ptr<jsStreamInfo, Destroyer<jsStreamInfo_Destroy>>;
using ConsumerInfoPtr = std::unique_ptr<jsConsumerInfo, Destroyer<jsConsumerInfo_Destroy>>;

// Messages that are no longer needed. cnats frees each in a thread of its own, under a lock that it spins
// for, and wakes that thread where it sleeps: a burst of them costs little more than one. One thread uses
// it.
class MessageBin {
 public:
  // Frees what is in it as soon as it is so many messages, or so many bytes.
  MessageBin(std::size_t messages, std::size_t bytes) : most_messages_(messages), most_bytes_(bytes) {}

  void Add(MsgPtr message) {
    bytes_ += static_cast<std::size_t>(natsMsg_GetDataLength(message.get()));
    messages_.push_back(std::move(message));
    if (messages_.size() < most_messages_ && bytes_ < most_bytes_) return;
    messages_.clear();
    bytes_ = 0;
  }

 private:
  const std::size_t most_messages_;
  const std::size_t most_bytes_;
  std::size_t bytes_ = 0;
  std::vector<MsgPtr> messages_;
};

}  // namespace aether::jetstream
