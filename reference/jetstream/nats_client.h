// The thin layer over cnats: owned handles, one connection, and the one place where its errors are
// translated into ours.

#pragma once

#include <nats/nats.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "aether/jetstream_store.h"
#include "nats_handles.h"
#include "requester.h"

namespace aether::jetstream {

inline constexpr jsErrCode kNoJsError = static_cast<jsErrCode>(0);

// The error of a cnats call that has just failed in this thread, while doing `what`. A failure that leaves
// open whether something was stored is not for this function to judge: see SubjectLog::Append.
StoreError Translate(natsStatus status, jsErrCode code, std::string_view what);

// What to answer while the connection is down, instead of a call to cnats.
StoreError NotConnected(std::string_view what);

// The same for an error that the server described itself.
StoreError TranslateServerError(jsErrCode code, std::string_view description, std::string_view what);

// Whether the server refused a publish because its expected last sequence was wrong. Servers have several
// codes for it: that of 2.9, and from 2.11 another one for a publish that meets one under way.
bool IsWrongLastSequence(jsErrCode code);

// Whether a publish that was answered with this error may have been stored all the same, or may be still: a replica that
// has to catch up with the others cannot tell, nor does a cluster tell of a message with the same id that is under way.
bool LeavesOutcomeOpen(jsErrCode code);

// One connection with its JetStream context. Closed for good by Close() only; otherwise it reconnects for
// ever. All threads may use it.
class Connection {
 public:
  // Errors as JetStreamStore::Open says for connecting.
  static Result<std::shared_ptr<Connection>> Open(const JetStreamOptions& options);

  natsConnection* nats() const { return connection_.get(); }
  jsCtx* js() const { return context_.get(); }
  std::chrono::milliseconds time_limit() const { return time_limit_; }

  // Whether streams have replicas. A server that led them, and has not heard yet that another one does, then answers
  // too: what it tells may be out of date.
  bool replicated() const { return replicated_; }

  Requester& requester() { return requester_; }
  bool is_up() const { return requester_.is_up(); }

  // Every call on the connection, waiting ones included, fails from now on. It may wait while cnats connects again to a
  // server that is silent.
  void Close();

  ~Connection();

 private:
  Connection(ConnectionPtr connection, ContextPtr context, const JetStreamOptions& options);

  ConnectionPtr connection_;
  ContextPtr context_;  // after connection_: destroyed before it
  std::chrono::milliseconds time_limit_;
  bool replicated_;
  Requester requester_;
};

}  // namespace aether::jetstream
