// Encoding, searching and decoding of position lists.

#include "position_list.h"

#include <algorithm>

#include "log_format.h"

namespace aether::file {
namespace {

// Half as much again, not twice: the index has to stay small.
void MakeRoom(std::size_t bytes, std::string* text) {
  if (text->capacity() - text->size() < bytes) text->reserve(text->size() + text->size() / 2 + bytes);
}

}  // namespace

void PositionBlock::DropBelow(std::int64_t version) {
  const auto end = positions.begin() + static_cast<std::ptrdiff_t>(count);
  const auto begin = std::lower_bound(positions.begin(), end, version,
                                      [](const Position& p, std::int64_t v) { return p.version < v; });
  if (begin == positions.begin()) return;
  before = std::prev(begin)->version;
  count = static_cast<std::size_t>(end - begin);
  std::move(begin, end, positions.begin());
}

bool PositionListView::MarksAreSound() const {
  std::uint64_t before = 0;
  for (std::size_t mark = 0; mark < marks.size(); mark += kMarkBytes) {
    const auto at = Get<std::uint64_t>(marks, mark + 16);
    if (at < before || at > bytes.size()) return false;
    before = at;
  }
  return true;
}

std::size_t PositionListView::BlockOf(std::int64_t from_version) const {
  // The last block with a lower version before it; the marks' versions rise.
  std::size_t low = 0;
  for (std::size_t high = blocks(); low + 1 < high;) {
    const std::size_t middle = (low + high) / 2;
    const auto before = static_cast<std::int64_t>(Get<std::uint64_t>(marks, (middle - 1) * kMarkBytes));
    (before < from_version ? low : high) = middle;
  }
  return low;
}

std::string_view PositionListView::BytesOf(std::size_t block, ListState* block_start) const {
  std::size_t begin = 0;
  *block_start = start;
  if (block > 0) {
    const std::size_t mark = (block - 1) * kMarkBytes;
    *block_start = {static_cast<std::int64_t>(Get<std::uint64_t>(marks, mark)),
                    Get<std::uint64_t>(marks, mark + 8)};
    begin = Get<std::uint64_t>(marks, mark + 16);
  }
  const std::size_t end =
      block + 1 < blocks() ? Get<std::uint64_t>(marks, block * kMarkBytes + 16) : bytes.size();
  return bytes.substr(begin, end - begin);
}

PositionList::PositionList(const PositionListView& list)
    : start_(list.start), last_(list.last), count_(list.count), bytes_(list.bytes), marks_(list.marks) {}

void PositionList::Append(const Position& position) {
  if (count_ != 0 && count_ % kBlockEvents == 0) {
    MakeRoom(kMarkBytes, &marks_);
    AppendFixed(static_cast<std::uint64_t>(last_.version), &marks_);
    AppendFixed(last_.offset, &marks_);
    AppendFixed(static_cast<std::uint64_t>(bytes_.size()), &marks_);
  }
  char encoded[3 * kMaxVarintBytes];
  char* end = encoded;
  end += PutVarint(static_cast<std::uint64_t>(position.version) - static_cast<std::uint64_t>(last_.version),
                   end);
  end += PutVarint((position.offset - last_.offset) / kAlignment, end);
  end += PutVarint(position.bytes / kAlignment, end);
  const auto size = static_cast<std::size_t>(end - encoded);
  MakeRoom(size, &bytes_);
  bytes_.append(encoded, size);
  last_ = {position.version, position.offset};
  ++count_;
}

void DecodeBlock(std::string_view bytes, ListState start, PositionBlock* block) {
  block->before = start.version;
  block->count = 0;
  while (!bytes.empty() && block->count < kBlockEvents) {
    start.version =
        static_cast<std::int64_t>(static_cast<std::uint64_t>(start.version) + TakeVarint(&bytes));
    start.offset += TakeVarint(&bytes) * kAlignment;
    const auto size = static_cast<std::uint32_t>(TakeVarint(&bytes) * kAlignment);
    block->positions[block->count++] = {start.version, start.offset, size};
  }
}

}  // namespace aether::file
