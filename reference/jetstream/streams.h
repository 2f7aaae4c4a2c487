// The streams of one namespace: made where they are missing, checked where they exist.

#pragma once

#include "nats_client.h"

namespace aether::jetstream {

// How many of an actor's last records the LATEST stream keeps: more than one, so that a record which
// somebody else put on the subject does not push out the last event before it.
inline constexpr int kKeptPerActor = 4;

// kStorageFailed when options contradict themselves; checked before anything is sent.
Result<void> CheckOptions(const JetStreamOptions& options);

// Makes the streams that `options` describe, or finds that they are there and configured so. Errors as
// JetStreamStore::Open says for streams. Trying again is safe, and several processes may do so at once.
Result<void> EnsureStreams(const Connection& connection, const JetStreamOptions& options);

}  // namespace aether::jetstream
