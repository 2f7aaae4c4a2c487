// Where the events of one actor lie in the log: a compact list in blocks, the same in memory and in
// events.index. format.md has its grammar.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "bytes.h"

namespace aether::file {

// A record of an actor.
struct Position {
  std::int64_t version = 0;  // of a record without a version: that of the event before it
  std::uint64_t offset = 0;
  std::uint32_t bytes = 0;

  friend bool operator==(const Position&, const Position&) = default;
};

inline constexpr std::size_t kBlockEvents = 64;

// A mark: version and offset before its block, and where the block begins in the list's bytes.
inline constexpr std::size_t kMarkBytes = 24;

// The positions of a block, decoded.
struct PositionBlock {
  std::int64_t before = 0;  // the version of the event before the first of them; 0 if there is none
  std::size_t count = 0;
  std::array<Position, kBlockEvents> positions;

  // Forgets those of versions below `version`.
  void DropBelow(std::int64_t version);
};

// How many bytes the marks of a list of `count` positions take.
inline std::size_t MarkBytesOf(std::uint64_t count) {
  return count == 0 ? 0 : (count - 1) / kBlockEvents * kMarkBytes;
}

// What a position is told relative to: the one before it.
struct ListState {
  std::int64_t version = 0;
  std::uint64_t offset = 0;
};

// A list of which the bytes lie elsewhere. The mark of each block but the first says where it begins.
struct PositionListView {
  ListState start;
  ListState last;
  std::uint64_t count = 0;
  std::string_view bytes;
  std::string_view marks;

  std::size_t blocks() const { return (count + kBlockEvents - 1) / kBlockEvents; }

  // Whether the marks lead from each block to the next within `bytes`.
  bool MarksAreSound() const;

  // The block in which the first event of `from_version` or above would be. `blocks()` is not 0.
  std::size_t BlockOf(std::int64_t from_version) const;

  // The bytes of a block, and what its first position is relative to.
  std::string_view BytesOf(std::size_t block, ListState* start) const;
};

// A list that grows.
class PositionList {
 public:
  // An empty one behind `start`.
  explicit PositionList(ListState start) : start_(start), last_(start) {}

  // A copy of `list`.
  explicit PositionList(const PositionListView& list);

  void Append(const Position& position);

  // Valid until the list changes.
  PositionListView view() const { return {start_, last_, count_, bytes_, marks_}; }

  const ListState& last() const { return last_; }

 private:
  ListState start_;
  ListState last_;
  std::uint64_t count_ = 0;
  std::string bytes_;
  std::string marks_;
};

// No block takes more bytes.
inline constexpr std::size_t kMaxBlockBytes = kBlockEvents * 3 * kMaxVarintBytes;

void DecodeBlock(std::string_view bytes, ListState start, PositionBlock* block);

}  // namespace aether::file
