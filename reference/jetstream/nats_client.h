// The thin layer over cnats: owned handles, one connection, and the one place where its errors are
// translated into ours.

#pragma once

#include <nats/nats.h>

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aether/jetstream_store.h"

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
using SubscriptionPtr = std::unique_ptr<natsSubscription, Destroyer<natsSubscription_Destroy>>;
using PubAckPtr = std::unique_ptr<jsPubAck, Destroyer<jsPubAck_Destroy>>;
using MetaDataPtr = std::unique_ptr<jsMsgMetaData, Destroyer<jsMsgMetaData_Destroy>>;
using StreamInfoPtr = std::unique_ptr<jsStreamInfo, Destroyer<jsStreamInfo_Destroy>>;
using ConsumerInfoPtr = std::unique_ptr<jsConsumerInfo, Destroyer<jsConsumerInfo_Destroy>>;

inline constexpr jsErrCode kNoJsError = static_cast<jsErrCode>(0);

// The error of a cnats call that has just failed in this thread, while doing `what`. A failure that leaves
// open whether something was stored is not for this function to judge: see SubjectLog::Append.
StoreError Translate(natsStatus status, jsErrCode code, std::string_view what);

// The same for an error that the server described itself.
StoreError TranslateServerError(jsErrCode code, std::string_view description, std::string_view what);

// Whether the server refused a publish because its expected last sequence was wrong. Servers have several
// codes for it: that of 2.9, and from 2.11 another one for a publish that meets one under way.
bool IsWrongLastSequence(natsStatus status, jsErrCode code);

// One connection with its JetStream context. Closed for good by Close() only; otherwise it reconnects for
// ever. All threads may use it.
class Connection {
 public:
  // Errors as JetStreamStore::Open says for connecting.
  static Result<std::shared_ptr<Connection>> Open(const JetStreamOptions& options);

  natsConnection* nats() const { return connection_.get(); }
  jsCtx* js() const { return context_.get(); }
  std::chrono::milliseconds time_limit() const { return time_limit_; }

  bool IsClosed() const { return natsConnection_IsClosed(connection_.get()); }

  // Ends `subscription` and frees it as soon as that is safe: cnats (before 3.6.1, at least) uses it once
  // more for a message that is just arriving.
  void EndSubscription(SubscriptionPtr subscription);

  // Every call on the connection, waiting ones included, fails from now on.
  void Close() { natsConnection_Close(connection_.get()); }

  ~Connection();

 private:
  Connection(ConnectionPtr connection, ContextPtr context, std::chrono::milliseconds time_limit)
      : connection_(std::move(connection)), context_(std::move(context)), time_limit_(time_limit) {}

  ConnectionPtr connection_;
  ContextPtr context_;  // after connection_: destroyed before it
  std::chrono::milliseconds time_limit_;

  std::mutex ended_mutex_;              // guards ended_
  std::vector<SubscriptionPtr> ended_;  // subscriptions that are freed with the connection
};

}  // namespace aether::jetstream
