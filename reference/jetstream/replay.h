// From the records of an actor's subject to its events and replay errors.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "aether/event.h"
#include "record.h"

namespace aether::jetstream {

// The event in `record`; else why it cannot be read as one: it is none of ours, its payload does not
// decode, or payload and header name different versions.
Result<Event> ReadEvent(const Record& record);

// Collects one read of one actor. Records are added in the order of the stream.
class Replay {
 public:
  Replay(std::string_view actor_id, std::int64_t from_version)
      : actor_id_(actor_id), from_version_(from_version) {}

  void Add(const Record& record);

  // Whether a record names a predecessor that was not added: lost, or expired.
  bool MissesSome() const { return !missing_.empty(); }

  // What was read. `first_sequence` is the stream's oldest record after the read: a predecessor that is
  // older has expired, and with it all before it, even those that were still read; the others were lost. Of
  // no importance unless MissesSome().
  ReplayResult Finish(std::uint64_t first_sequence) &&;

 private:
  struct Missing {
    std::uint64_t sequence;
    std::int64_t version;
    std::size_t events_before;  // how many events had been read
  };

  std::string actor_id_;
  std::int64_t from_version_;
  std::uint64_t last_event_ = 0;  // sequence number of the last record that was ours
  std::vector<Missing> missing_;
  ReplayResult result_;
};

}  // namespace aether::jetstream
