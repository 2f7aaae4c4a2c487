// What a power cut leaves.

#include <algorithm>
#include <set>

#include "faults/chance.h"
#include "faults/power_loss.h"

namespace aether::conformance {

class PowerLoss::Dice {
 public:
  explicit Dice(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t Below(std::uint64_t n) { return Chance(seed_, thrown_++) % n; }

 private:
  std::uint64_t seed_;
  std::uint64_t thrown_ = 0;
};

FileImage PowerLoss::LeftOf(const Node& node, Loss loss, bool last, Dice& dice) const {
  // What of this file is kept: everything, nothing, or, by chance, some.
  enum { kNone, kOnlySizes, kAll, kEach } kept = kNone;
  switch (loss) {
    case Loss::kAll:
    case Loss::kContents:
      break;
    case Loss::kContentsButSizes:
      kept = kOnlySizes;
      break;
    case Loss::kNothing:
    case Loss::kNames:
    case Loss::kTear:
      kept = kAll;
      break;
    case Loss::kSome:
      kept = dice.Below(4) == 0 ? kAll : dice.Below(4) == 0 ? kOnlySizes : kEach;
      break;
  }
  std::size_t sizes = kept == kNone ? 0 : node.sizes.size();
  if (kept == kEach) sizes = dice.Below(node.sizes.size() + 1);
  FileImage left = node.stable;
  for (std::size_t i = 0; i < sizes; ++i) {
    const std::uint64_t size = node.sizes[i].size;
    if (left.bytes.size() > size) left.bytes.resize(size);
    left.size = size;
  }
  // Of each sector some version is there: that of a sync, or one since.
  std::map<std::uint64_t, std::vector<const Piece*>> sectors;
  for (const Piece& piece : node.pieces) sectors[piece.offset / kSector].push_back(&piece);
  const std::uint64_t last_step = node.pieces.empty() ? 0 : node.pieces.back().step;
  for (const auto& [sector, pieces] : sectors) {
    std::size_t n = kept == kAll ? pieces.size() : kept == kEach ? dice.Below(pieces.size() + 1) : 0;
    const bool tears = loss == Loss::kTear && last && pieces.back()->step == last_step;
    if (tears && dice.Below(2) == 0) n = pieces.size() - 1;
    for (std::size_t i = 0; i < n; ++i) {
      const Piece& piece = *pieces[i];
      const std::uint64_t end = std::min<std::uint64_t>(piece.offset + piece.bytes.size(), left.size);
      if (piece.offset >= end) continue;
      if (left.bytes.size() < end) left.bytes.resize(end);
      std::copy_n(piece.bytes.begin(), end - piece.offset,
                  left.bytes.begin() + static_cast<std::ptrdiff_t>(piece.offset));
    }
  }
  return left;
}

PowerLoss::Names PowerLoss::LeftNames(Loss loss, Dice& dice) const {
  if (loss == Loss::kAll || loss == Loss::kNames) return stable_;
  if (loss != Loss::kSome) return seen_;
  Names left = stable_;
  const std::uint64_t in_order = dice.Below(changes_.size() + 1);
  std::set<Names::key_type> lost;  // a later change of a name is not kept without the earlier ones
  const std::uint64_t keeps = dice.Below(4);
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Change& change = changes_[i];
    const bool builds_on_lost = std::any_of(change.sets.begin(), change.sets.end(),
                                            [&](const auto& set) { return lost.contains(set.first); });
    const bool is_lost = name_changes_ == NameChanges::kInOrder ? i >= in_order : dice.Below(4) > keeps;
    if (builds_on_lost || is_lost) {
      for (const auto& set : change.sets) lost.insert(set.first);
      continue;
    }
    for (const auto& [key, id] : change.sets) {
      if (id) {
        left[key] = *id;
      } else {
        left.erase(key);
      }
    }
  }
  return left;
}

template <typename Content>
DiskImage PowerLoss::ImageOf(const Names& names, Content content) const {
  DiskImage image;
  std::vector<std::pair<std::uint64_t, std::string>> open = {{0, ""}};
  std::set<std::uint64_t> entered;  // a directory has one place, also when only half of its move was kept
  while (!open.empty()) {
    const auto [directory, path] = open.back();
    open.pop_back();
    if (!entered.insert(directory).second) continue;
    for (auto i = names.lower_bound({directory, ""}); i != names.end() && i->first.first == directory;
         ++i) {
      const std::string inner = path.empty() ? i->first.second : path + "/" + i->first.second;
      const Node& node = nodes_[i->second];
      if (node.directory) {
        image.entries[inner] = std::nullopt;
        open.emplace_back(i->second, inner);
      } else {
        image.entries[inner] = content(i->second);
      }
    }
  }
  return image;
}

DiskImage PowerLoss::Seen() const {
  return ImageOf(seen_, [&](std::uint64_t id) { return nodes_[id].seen; });
}

DiskImage PowerLoss::Left(Loss loss, std::uint64_t seed) const {
  Dice dice(seed);
  // A file is left the same under each of its names.
  std::map<std::uint64_t, FileImage> left;
  for (std::uint64_t id = 0; id < nodes_.size(); ++id) {
    if (!nodes_[id].directory) left[id] = LeftOf(nodes_[id], loss, id == last_written_, dice);
  }
  return ImageOf(LeftNames(loss, dice), [&](std::uint64_t id) { return left[id]; });
}

}  // namespace aether::conformance
