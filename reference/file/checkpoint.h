// Checkpoint: the index of a log's beginning, as events.index holds it. format.md has its grammar.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "position_list.h"

namespace aether::file {

// How far a checkpoint reaches, and what the writer of the log has to know to go on there.
struct CheckpointRange {
  std::uint64_t end = 0;     // of the frames that it covers
  std::uint64_t proven = 0;  // what lies before was flushed, as far as records lie before `end`
  std::uint64_t next_sequence = 1;
  std::uint64_t tail_checksum = 0;  // of the last bytes before `end`
};

// As many bytes before its end bind a checkpoint to its log.
inline constexpr std::uint64_t kTailBytes = 4096;

// What the header of a checkpoint's file says.
struct CheckpointHeader {
  CheckpointRange range;
  std::uint64_t entry_bytes = 0;
  std::uint64_t slot_count = 0;
  std::uint64_t body_checksum = 0;

  // None if `bytes` do not begin with the sound header of a checkpoint of the log `log_id`.
  static std::optional<CheckpointHeader> Decode(std::string_view bytes, std::uint64_t log_id);

  static constexpr std::size_t kBytes = 88;

  // Whether the file is as long as the header says.
  bool Fits(std::uint64_t file_bytes) const;
};

// What a checkpoint says about an actor. It refers to the checkpoint.
struct StoredActor {
  PositionListView events;
  Position snapshot;  // none if it has no bytes
};

class Checkpoint {
 public:
  // Verifies all of the file `bytes`; none if they are not a whole, sound checkpoint of the log `log_id`.
  static std::optional<Checkpoint> Decode(std::unique_ptr<char[]> bytes, std::size_t size,
                                          std::uint64_t log_id);

  const CheckpointRange& range() const { return range_; }

  std::optional<StoredActor> Find(std::string_view actor_id) const;

  void ForEach(const std::function<void(std::string_view actor_id, const StoredActor&)>& visit) const;

 private:
  Checkpoint() = default;

  std::unique_ptr<char[]> owned_;
  std::string_view entries_;
  std::string_view slots_;
  CheckpointRange range_;
  std::uint64_t log_id_ = 0;
};

// Collects actors, each once, and makes the file of them.
class CheckpointBuilder {
 public:
  explicit CheckpointBuilder(std::uint64_t log_id) : log_id_(log_id) {}

  void Add(std::string_view actor_id, const PositionListView& events, const Position& snapshot);
  std::string Finish(const CheckpointRange& range);

 private:
  struct Entry {
    std::uint64_t hash;
    std::uint64_t offset;
  };

  std::uint64_t log_id_;
  std::string entries_;
  std::vector<Entry> known_;
};

}  // namespace aether::file
