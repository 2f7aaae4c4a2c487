// Doing operations: what is seen at once, and what waits for a sync.

#include "faults/power_loss.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace aether::conformance {

using faults::Op;

namespace {

constexpr std::uint64_t kRoot = 0;

std::pair<std::string, std::string> Split(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

void Put(FileImage* file, std::uint64_t offset, const std::string& bytes) {
  const std::uint64_t end = offset + bytes.size();
  if (file->bytes.size() < end) file->bytes.resize(end);
  std::copy(bytes.begin(), bytes.end(), file->bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  file->size = std::max(file->size, end);
}

faults::Range RangeOf(const FileOperation& sync) {
  faults::Range range;
  if (sync.data.size() == sizeof range) std::memcpy(&range, sync.data.data(), sizeof range);
  return range;
}

void Resize(FileImage* file, std::uint64_t size) {
  if (file->bytes.size() > size) file->bytes.resize(size);
  file->size = size;
}

}  // namespace

std::string_view LossName(Loss loss) {
  switch (loss) {
    case Loss::kAll:
      return "nothing of it is kept";
    case Loss::kNothing:
      return "all of it is kept";
    case Loss::kContents:
      return "only names are kept";
    case Loss::kContentsButSizes:
      return "names and sizes are kept, contents not";
    case Loss::kNames:
      return "contents are kept, names not";
    case Loss::kTear:
      return "all of it is kept but some sectors of the last write";
    case Loss::kSome:
      return "some of it is kept";
  }
  return "";
}

PowerLoss::PowerLoss(const DiskImage& base, NameChanges names) : name_changes_(names) {
  Node root;
  root.directory = true;
  Add(std::move(root));
  for (const auto& [path, file] : base.entries) {
    Node node;
    node.directory = !file;
    node.name = path;
    if (file) node.stable = node.seen = *file;
    const std::uint64_t id = Add(std::move(node));
    if (const auto key = KeyOf(path)) seen_[*key] = id;
  }
  stable_ = seen_;
}

std::uint64_t PowerLoss::Add(Node node) {
  nodes_.push_back(std::move(node));
  return nodes_.size() - 1;
}

std::optional<std::uint64_t> PowerLoss::Find(const std::string& path) const {
  if (path.empty()) return kRoot;
  const auto key = KeyOf(path);
  if (!key) return std::nullopt;
  const auto found = seen_.find(*key);
  if (found == seen_.end()) return std::nullopt;
  return found->second;
}

std::optional<PowerLoss::Names::key_type> PowerLoss::KeyOf(const std::string& path) const {
  const auto [parent, name] = Split(path);
  const auto directory = Find(parent);
  if (!directory) return std::nullopt;
  return Names::key_type(*directory, name);
}

std::string PowerLoss::NameOf(std::uint64_t handle) const {
  const auto found = handles_.find(handle);
  return found == handles_.end() ? "" : nodes_[found->second.node].name;
}

void PowerLoss::Apply(const FileOperation& operation) {
  ++step_;
  const auto& what = operation.what;
  const auto handle = handles_.find(what.handle);
  switch (what.op) {
    case Op::kOpen:
      return Open(operation);
    case Op::kWrite:
      if (handle == handles_.end()) return;
      Write(nodes_[handle->second.node], what.offset, operation.data);
      last_written_ = handle->second.node;
      SyncWritten(handle->second, operation);
      return;
    case Op::kContents:
      if (handle == handles_.end()) return;
      Look(nodes_[handle->second.node], what.offset, operation.data);
      last_written_ = handle->second.node;
      return;
    case Op::kResize:
      if (handle != handles_.end()) SetSize(nodes_[handle->second.node], what.offset);
      return;
    case Op::kSyncBegin:
      if (handle != handles_.end()) syncs_[what.offset] = {handle->second.node, step_, RangeOf(operation)};
      return;
    case Op::kSyncEnd:
      if (const auto sync = syncs_.extract(what.offset)) {
        what.error == 0 ? SyncNode(sync.mapped()) : FailSync(sync.mapped());
      }
      return;
    case Op::kSyncAllBegin:
      syncs_[what.offset] = {kRoot, step_, {}};
      return;
    case Op::kSyncAllEnd:
      if (const auto sync = syncs_.extract(what.offset)) {
        for (std::uint64_t id = 0; id < nodes_.size(); ++id) SyncNode({id, sync.mapped().step, {}});
      }
      return;
    case Op::kRename:
    case Op::kLink:
    case Op::kUnlink:
    case Op::kRemoveDirectory:
    case Op::kMakeDirectory:
      return Rename(operation);
    case Op::kUnknown:
      if (unknown_.empty()) unknown_ = operation.data;
      return;
    case Op::kSilent:
    case Op::kMark:
    case Op::kInjected:
      return;
  }
}

void PowerLoss::Open(const FileOperation& operation) {
  const auto& what = operation.what;
  auto id = Find(operation.path);
  if (!id) {
    const auto key = KeyOf(operation.path);
    if (!key) return;
    Node made;
    made.directory = (what.flags & faults::kDirectory) != 0;
    id = Add(std::move(made));
    ChangeNames({step_, {{*key, *id}}});
  }
  nodes_[*id].name = operation.path;
  if ((what.flags & faults::kTruncated) != 0) SetSize(nodes_[*id], 0);
  handles_[what.handle] = {*id, (what.flags & faults::kSynced) != 0};
}

void PowerLoss::Rename(const FileOperation& operation) {
  const auto from = KeyOf(operation.path);
  if (!from) return;
  if (operation.what.op == Op::kMakeDirectory) {
    Node made;
    made.directory = true;
    made.name = operation.path;
    ChangeNames({step_, {{*from, Add(std::move(made))}}});
    return;
  }
  const auto node = seen_.find(*from);
  if (node == seen_.end()) return;
  const std::uint64_t id = node->second;
  if (operation.what.op == Op::kUnlink || operation.what.op == Op::kRemoveDirectory) {
    ChangeNames({step_, {{*from, std::nullopt}}});
    return;
  }
  const auto to = KeyOf(operation.data);
  if (!to || to == from) return;
  nodes_[id].name = operation.data;
  if (operation.what.op == Op::kLink) {
    ChangeNames({step_, {{*to, id}}});
  } else {
    ChangeNames({step_, {{*from, std::nullopt}, {*to, id}}});
  }
}

void PowerLoss::ChangeNames(Change change) {
  for (const auto& [key, id] : change.sets) {
    if (id) {
      seen_[key] = *id;
    } else {
      seen_.erase(key);
    }
  }
  changes_.push_back(std::move(change));
}

void PowerLoss::Write(Node& node, std::uint64_t offset, const std::string& bytes) {
  const std::uint64_t end = offset + bytes.size();
  if (end > node.seen.size) node.sizes.push_back({step_, end, false});
  Put(&node.seen, offset, bytes);
  for (std::uint64_t at = offset; at < end;) {
    const std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
    node.pieces.push_back({step_, at, bytes.substr(at - offset, next - at)});
    at = next;
  }
}

// Takes for written what is not as it was.
void PowerLoss::Look(Node& node, std::uint64_t offset, const std::string& bytes) {
  const auto was = [&](std::uint64_t at) {
    return at < node.seen.bytes.size() ? node.seen.bytes[at] : '\0';
  };
  const std::uint64_t known = node.seen.size;
  const std::uint64_t end = offset + bytes.size();
  const auto changed = [&](std::uint64_t at) { return at >= known || bytes[at - offset] != was(at); };
  for (std::uint64_t at = offset; at < end;) {
    std::uint64_t next = std::min(end, (at / kSector + 1) * kSector);
    const std::uint64_t sector = next;
    while (at < next && !changed(at)) ++at;
    while (next > at && !changed(next - 1)) --next;
    if (at < next) Write(node, at, bytes.substr(at - offset, next - at));
    at = sector;
  }
}

void PowerLoss::SetSize(Node& node, std::uint64_t size) {
  const bool cuts = size < node.seen.size;
  if (size == node.seen.size) return;
  node.sizes.push_back({step_, size, cuts});
  Resize(&node.seen, size);
  if (!cuts) return;
  // What is cut off is not written any more.
  std::erase_if(node.pieces, [&](const Piece& piece) { return piece.offset >= size; });
  for (Piece& piece : node.pieces) {
    piece.bytes.resize(std::min<std::uint64_t>(piece.bytes.size(), size - piece.offset));
  }
}

void PowerLoss::SyncNode(const Sync& sync) {
  if (nodes_[sync.node].directory) {
    SyncNames(sync.node, sync.step);
  } else {
    SyncFile(nodes_[sync.node], sync);
    if (name_changes_ == NameChanges::kInOrder) SyncNamesOf(sync.node, sync.step);
  }
}

void PowerLoss::SyncFile(Node& node, const Sync& sync) {
  std::set<std::uint64_t>
      dirty;  // sectors that a sync writes: some of them was written since a sync failed
  for (const Piece& piece : node.pieces) {
    if (Covers(sync, piece) && !piece.dropped) dirty.insert(piece.offset / kSector);
  }
  for (const Size& size : node.sizes) {
    if (size.step <= sync.step) Resize(&node.stable, size.size);
  }
  const std::uint64_t size = node.stable.size;
  const auto goes = [&](const Piece& piece) {
    return Covers(sync, piece) && dirty.contains(piece.offset / kSector);
  };
  for (const Piece& piece : node.pieces) {
    if (goes(piece)) Put(&node.stable, piece.offset, piece.bytes);
  }
  Resize(&node.stable, size);
  std::erase_if(node.sizes, [&](const Size& s) { return s.step <= sync.step; });
  std::erase_if(node.pieces, goes);
}

// A write that is synced is synced itself, and what is in its sectors, but not the rest of the file.
void PowerLoss::SyncWritten(const Handle& handle, const FileOperation& write) {
  const faults::Range sectors = {write.what.offset / kSector * kSector,
                                 (write.what.offset + write.data.size() + kSector - 1) / kSector * kSector};
  const Sync sync = {handle.node, step_, sectors};
  if ((write.what.flags & faults::kSyncFailed) != 0) {
    FailSync(sync);
  } else if (handle.synced || (write.what.flags & faults::kSynced) != 0) {
    SyncNode(sync);
  }
}

void PowerLoss::FailSync(const Sync& sync) {
  for (Piece& piece : nodes_[sync.node].pieces) {
    if (Covers(sync, piece)) piece.dropped = true;
  }
}

bool PowerLoss::Covers(const Sync& sync, const Piece& piece) {
  return piece.step <= sync.step && piece.offset >= sync.range.begin && piece.offset < sync.range.end;
}

void PowerLoss::SyncNames(std::uint64_t directory, std::uint64_t step) {
  // What a change of this directory builds on is written with it.
  std::set<Names::key_type> wanted;
  std::vector<bool> goes(changes_.size());
  for (std::size_t i = changes_.size(); i-- > 0;) {
    const Change& change = changes_[i];
    const bool touches = std::any_of(change.sets.begin(), change.sets.end(), [&](const auto& set) {
      return (change.step <= step && set.first.first == directory) || wanted.contains(set.first);
    });
    if (!touches) continue;
    goes[i] = true;
    for (const auto& set : change.sets) wanted.insert(set.first);
  }
  if (name_changes_ == NameChanges::kInOrder) {
    const auto last = std::find(goes.rbegin(), goes.rend(), true);
    std::fill(last, goes.rend(), true);
  }
  KeepChanges(goes);
}

// Those that give the file a name or take it, and all before them.
void PowerLoss::SyncNamesOf(std::uint64_t file, std::uint64_t step) {
  std::vector<bool> goes(changes_.size());
  for (std::size_t i = changes_.size(); i-- > 0;) {
    const auto& sets = changes_[i].sets;
    const bool names =
        std::any_of(sets.begin(), sets.end(), [&](const auto& set) { return set.second == file; });
    goes[i] = (changes_[i].step <= step && names) || (i + 1 < goes.size() && goes[i + 1]);
  }
  KeepChanges(goes);
}

void PowerLoss::KeepChanges(const std::vector<bool>& goes) {
  std::vector<Change> kept;
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    if (!goes[i]) {
      kept.push_back(std::move(changes_[i]));
      continue;
    }
    for (const auto& [key, id] : changes_[i].sets) {
      if (id) {
        stable_[key] = *id;
      } else {
        stable_.erase(key);
      }
    }
  }
  changes_ = std::move(kept);
}

}  // namespace aether::conformance
