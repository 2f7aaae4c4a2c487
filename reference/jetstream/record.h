// Record: one message of a stream, and the Stamp that tells ours from what others put there.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "nats_client.h"

namespace aether::jetstream {

// What our writers put into the header of each record. The version need not be read from the payload, so
// a damaged payload cannot change it; and each record names its predecessor, so that a reader tells a gap
// in versions, which is legal, from an event that was lost.
struct Stamp {
  std::int64_t version = 0;
  std::int64_t previous_version = 0;    // of the actor's event before this one; 0: there was none
  std::uint64_t previous_sequence = 0;  // where that event is; 0: there is none, or it had expired
};

// A record that is to be appended.
struct Draft {
  std::string subject;
  std::string data;
  Stamp stamp;
};

// A draft of version `version`, without predecessor.
Draft MakeDraft(std::string subject, std::string data, std::int64_t version);

// An id that no other message has, whoever makes it.
std::string NewMessageId(const Draft& draft);

// A record that was read.
struct Record {
  std::uint64_t sequence = 0;
  std::string subject;
  std::string data;
  std::string message_id;
  std::optional<Stamp> stamp;  // nothing when the record is none of ours
};

// The publish that carries `draft`, which outlives it.
Request ToRequest(const Draft& draft, const std::string& message_id);

// The server's answer to a publish.
struct PublishAnswer {
  jsErrCode error = kNoJsError;  // why nothing was stored
  std::string description;       // of the error
  // The record's number. 0, besides with an error: a cluster has met the message id before, and does not say what
  // became of that message.
  std::uint64_t sequence = 0;
};

// Nothing when the answer is none that a server gives to a publish.
std::optional<PublishAnswer> ParsePublishAnswer(std::string_view json);

// The record in a message that a consumer delivered.
Record ToRecord(natsMsg* message, std::uint64_t sequence);

// The record in the server's answer to a request for one message; nothing when it says that there is none.
// Errors of the server are translated, as of an attempt to do `what`.
Result<std::optional<Record>> ParseGetAnswer(std::string_view json, std::string_view what);

}  // namespace aether::jetstream
