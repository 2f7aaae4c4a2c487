// StoreImage: the files of a file store as one input of a fuzz target, and the repair of their checksums.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aether::file::fuzz {

// The id of logs whose header is repaired.
inline constexpr std::uint64_t kLogId = 0x1122334455667788;

// How the store is opened: bits of StoreImage::mode.
enum Mode : std::uint8_t {
  kNoMapping = 1,   // the log is read, not mapped
  kShortReads = 2,  // no read answers more than a few bytes
  kPageCacheOnly = 4,
  kWithIndex = 8,  // `rest` is events.index
  kDamaged = 16,   // `rest` is damage that comes when the store has been closed
};

// The input is the mode, the length of the rest in four bytes, the log, and the rest.
struct StoreImage {
  std::uint8_t mode = 0;
  std::string log;
  std::string rest;

  bool with_index() const { return (mode & kWithIndex) != 0; }
  bool damaged() const { return (mode & kDamaged) != 0 && !with_index(); }

  static StoreImage Unpack(std::string_view input);
  std::string Pack() const;
};

struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// What begins as a frame and ends in the log, in order, sound or not.
std::vector<Span> FramesOf(std::string_view log);

// The records of a frame, as its bytes say, as far as they lie in it.
std::vector<Span> RecordsOf(std::string_view log, const Span& frame);

// The actors whose records lie anywhere in the log at a multiple of 8, sound or not: each once, and not too
// many.
std::vector<std::string> ActorsOf(std::string_view log);

// Makes the checksums of the log right, and the offsets in its frames; what the bytes say otherwise stays.
void RepairChecksums(std::string* log);

// Numbers frames and records as a writer does, and counts them; checksums are repaired too.
void RepairOrder(std::string* log);

// Does to the log what the bytes of `damage` say: bits that flip, zeros, blocks that are copied over
// others.
void Damage(std::string_view damage, std::string* log);

// Makes the index one of this log: sizes, the checksum of the log's tail, and its own checksums.
void RepairIndex(std::string_view log, std::string* index);

}  // namespace aether::file::fuzz
