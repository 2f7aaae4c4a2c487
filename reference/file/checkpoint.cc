// The bytes of events.index.

#include "checkpoint.h"

#include <bit>

#include "log_format.h"

namespace aether::file {
namespace {

constexpr std::string_view kMagic{"AETHRIDX", 8};
constexpr std::uint32_t kFormatVersion = 1;
constexpr std::size_t kHeaderBytes = CheckpointHeader::kBytes;
constexpr std::size_t kSlotBytes = 8;

// A slot: the top of the hash, so that few entries are looked at in vain, and one more than the entry's
// offset.
constexpr int kTagShift = 48;
constexpr std::uint64_t kOffsetMask = (std::uint64_t{1} << kTagShift) - 1;

struct Entry {
  std::string_view actor_id;
  StoredActor actor;
};

// Takes the entry at the front of `bytes`; none if it does not fit, or its list is none.
std::optional<Entry> TakeEntry(std::string_view* bytes) {
  Entry entry;
  auto& [events, snapshot] = entry.actor;
  const auto id_bytes = TakeVarint(bytes);
  events.count = TakeVarint(bytes);
  const auto list_bytes = TakeVarint(bytes);
  events.last.version = static_cast<std::int64_t>(TakeVarint(bytes));
  events.last.offset = TakeVarint(bytes) * kAlignment;
  snapshot.bytes = static_cast<std::uint32_t>(TakeVarint(bytes) * kAlignment);
  if (snapshot.bytes != 0) {
    snapshot.version = static_cast<std::int64_t>(TakeVarint(bytes));
    snapshot.offset = TakeVarint(bytes) * kAlignment;
  }
  const auto take = [bytes](std::uint64_t size, std::string_view* part) {
    if (size > bytes->size()) return false;
    *part = bytes->substr(0, size);
    bytes->remove_prefix(size);
    return true;
  };
  if (!take(id_bytes, &entry.actor_id) || !take(list_bytes, &events.bytes) ||
      events.count > events.bytes.size() || !take(MarkBytesOf(events.count), &events.marks) ||
      !events.MarksAreSound()) {
    return std::nullopt;
  }
  return entry;
}

bool EntriesAreSound(std::string_view entries) {
  while (!entries.empty()) {
    if (!TakeEntry(&entries)) return false;
  }
  return true;
}

// Whether each slot leads to an entry, and a search among them ends.
bool SlotsAreSound(std::string_view slots, std::string_view entries) {
  bool any_empty = false;
  for (std::size_t at = 0; at < slots.size(); at += kSlotBytes) {
    const auto slot = Get<std::uint64_t>(slots, at);
    any_empty = any_empty || slot == 0;
    if (slot != 0 && (slot & kOffsetMask) - 1 >= entries.size()) return false;
  }
  return any_empty;
}

}  // namespace

std::optional<CheckpointHeader> CheckpointHeader::Decode(std::string_view bytes, std::uint64_t log_id) {
  if (bytes.size() < kBytes || !bytes.starts_with(kMagic)) return std::nullopt;
  const std::size_t covered = kBytes - kChecksumBytes;
  if (Get<std::uint64_t>(bytes, covered) != Checksum(bytes.substr(0, covered), log_id)) return std::nullopt;
  if (Get<std::uint32_t>(bytes, 8) != kFormatVersion || Get<std::uint64_t>(bytes, 16) != log_id) {
    return std::nullopt;
  }
  CheckpointHeader header;
  header.range = {Get<std::uint64_t>(bytes, 24), Get<std::uint64_t>(bytes, 32),
                  Get<std::uint64_t>(bytes, 40), Get<std::uint64_t>(bytes, 48)};
  header.entry_bytes = Get<std::uint64_t>(bytes, 56);
  header.slot_count = Get<std::uint64_t>(bytes, 64);
  header.body_checksum = Get<std::uint64_t>(bytes, 72);
  return header;
}

bool CheckpointHeader::Fits(std::uint64_t file_bytes) const {
  if (file_bytes < kBytes || entry_bytes > file_bytes - kBytes) return false;
  const std::uint64_t slot_bytes = file_bytes - kBytes - entry_bytes;
  return slot_bytes % kSlotBytes == 0 && slot_bytes / kSlotBytes == slot_count;
}

std::optional<Checkpoint> Checkpoint::Decode(std::unique_ptr<char[]> bytes, std::size_t size,
                                             std::uint64_t log_id) {
  const std::string_view file(bytes.get(), size);
  const auto header = CheckpointHeader::Decode(file, log_id);
  if (!header || !header->Fits(size) || !std::has_single_bit(header->slot_count)) return std::nullopt;
  const std::string_view body = file.substr(CheckpointHeader::kBytes);
  if (header->body_checksum != Checksum(body, log_id)) return std::nullopt;
  Checkpoint checkpoint;
  checkpoint.range_ = header->range;
  checkpoint.log_id_ = log_id;
  checkpoint.entries_ = body.substr(0, header->entry_bytes);
  checkpoint.slots_ = body.substr(header->entry_bytes);
  // What a sound checksum covers is as it was written; that it was written right costs little to look at.
  if (!EntriesAreSound(checkpoint.entries_) || !SlotsAreSound(checkpoint.slots_, checkpoint.entries_)) {
    return std::nullopt;
  }
  checkpoint.owned_ = std::move(bytes);
  return checkpoint;
}

std::optional<StoredActor> Checkpoint::Find(std::string_view actor_id) const {
  const std::uint64_t hash = Checksum(actor_id, log_id_);
  const std::uint64_t mask = slots_.size() / kSlotBytes - 1;
  for (std::uint64_t at = hash & mask;; at = (at + 1) & mask) {
    const auto slot = Get<std::uint64_t>(slots_, at * kSlotBytes);
    if (slot == 0) return std::nullopt;
    if ((slot ^ hash) >> kTagShift != 0) continue;
    auto bytes = entries_.substr((slot & kOffsetMask) - 1);
    const auto entry = TakeEntry(&bytes);
    if (entry && entry->actor_id == actor_id) return entry->actor;
  }
}

void Checkpoint::ForEach(const std::function<void(std::string_view, const StoredActor&)>& visit) const {
  for (auto bytes = entries_; !bytes.empty();) {
    const auto entry = TakeEntry(&bytes);
    if (!entry) return;
    visit(entry->actor_id, entry->actor);
  }
}

void CheckpointBuilder::Add(std::string_view actor_id, const PositionListView& events,
                            const Position& snapshot) {
  known_.push_back({Checksum(actor_id, log_id_), entries_.size()});
  AppendVarint(actor_id.size(), &entries_);
  AppendVarint(events.count, &entries_);
  AppendVarint(events.bytes.size(), &entries_);
  AppendVarint(static_cast<std::uint64_t>(events.last.version), &entries_);
  AppendVarint(events.last.offset / kAlignment, &entries_);
  AppendVarint(snapshot.bytes / kAlignment, &entries_);
  if (snapshot.bytes != 0) {
    AppendVarint(static_cast<std::uint64_t>(snapshot.version), &entries_);
    AppendVarint(snapshot.offset / kAlignment, &entries_);
  }
  entries_.append(actor_id).append(events.bytes).append(events.marks);
}

std::string CheckpointBuilder::Finish(const CheckpointRange& range) {
  // Never more than two slots in three are taken, so that a search ends soon, and ends.
  const std::uint64_t slot_count = std::bit_ceil(known_.size() + known_.size() / 2 + 1);
  std::string file(kHeaderBytes, '\0');
  file.reserve(kHeaderBytes + entries_.size() + slot_count * kSlotBytes);
  file.append(entries_);
  file.resize(file.size() + slot_count * kSlotBytes);
  char* const slots = file.data() + kHeaderBytes + entries_.size();
  for (const auto& [hash, offset] : known_) {
    std::uint64_t at = hash & (slot_count - 1);
    while (Get<std::uint64_t>({slots + at * kSlotBytes, kSlotBytes}, 0) != 0)
      at = (at + 1) & (slot_count - 1);
    Put((hash >> kTagShift << kTagShift) | (offset + 1), slots + at * kSlotBytes);
  }
  char* const header = file.data();
  std::memcpy(header, kMagic.data(), kMagic.size());
  Put(kFormatVersion, header + 8);
  Put(log_id_, header + 16);
  Put(range.end, header + 24);
  Put(range.proven, header + 32);
  Put(range.next_sequence, header + 40);
  Put(range.tail_checksum, header + 48);
  Put(std::uint64_t{entries_.size()}, header + 56);
  Put(slot_count, header + 64);
  Put(Checksum(std::string_view(file).substr(kHeaderBytes), log_id_), header + 72);
  Put(Checksum({header, kHeaderBytes - kChecksumBytes}, log_id_), header + kHeaderBytes - kChecksumBytes);
  return file;
}

}  // namespace aether::file
