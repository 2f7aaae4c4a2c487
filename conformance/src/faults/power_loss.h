// PowerLoss: which contents of a directory a power cut may leave, by the file operations that were done
// before it. spec/durability.md states the model, with its limits.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "faults/disk_image.h"
#include "faults/fault_log.h"

namespace aether::conformance {

// What becomes of operations that were not synced when the power is cut.
enum class Loss {
  kAll,               // none of them is kept
  kNothing,           // all are
  kContents,          // names are kept, and nothing of what was done to files
  kContentsButSizes,  // names and sizes are kept: zeros where the new contents should be
  kNames,             // contents are kept, and no name
  kTear,              // all is kept but some sectors of the last write
  kSome,              // each is kept or not, by chance
};
inline constexpr Loss kLosses[] = {Loss::kAll,   Loss::kNothing, Loss::kContents, Loss::kContentsButSizes,
                                   Loss::kNames, Loss::kTear,    Loss::kSome};

std::string_view LossName(Loss loss);

// What the file system promises of names that were not synced.
enum class NameChanges {
  kInAnyOrder,  // nothing
  kInOrder,     // none is kept without those before it; a sync of a file makes its names durable
};

// Not thread-safe. Reads no clock and no file.
class PowerLoss {
 public:
  static constexpr std::uint64_t kSector = 512;

  // All of `base` is on stable storage.
  explicit PowerLoss(const DiskImage& base, NameChanges names = NameChanges::kInAnyOrder);

  // Does the next operation.
  void Apply(const FileOperation& operation);

  // What programs see now.
  DiskImage Seen() const;

  // What a cut now leaves; the same for the same `seed`.
  DiskImage Left(Loss loss, std::uint64_t seed) const;

  // The file behind a handle, for people; empty when there is none.
  std::string NameOf(std::uint64_t handle) const;

  // What was done that the model does not know, if anything.
  const std::string& unknown() const { return unknown_; }

 private:
  // A piece of a write: within one sector.
  struct Piece {
    std::uint64_t step;
    std::uint64_t offset;
    std::string bytes;
    bool dropped = false;  // a sync failed since: later ones do not write it
  };
  struct Size {
    std::uint64_t step;
    std::uint64_t size;
    bool cuts;
  };
  // A file or directory, whatever its names.
  struct Node {
    bool directory = false;
    std::string name;           // that it was opened by last
    FileImage stable;           // of a file: on stable storage
    FileImage seen;             // by programs
    std::vector<Piece> pieces;  // not synced, in order
    std::vector<Size> sizes;
  };
  using Names =
      std::map<std::pair<std::uint64_t, std::string>, std::uint64_t>;  // (directory, name) to node
  // A change of names that was not synced: all of it is kept, or nothing.
  struct Change {
    std::uint64_t step;
    std::vector<std::pair<Names::key_type, std::optional<std::uint64_t>>> sets;  // nothing: the name goes
  };
  struct Handle {
    std::uint64_t node;
    bool synced;
  };
  struct Sync {
    std::uint64_t node;
    std::uint64_t step;
    faults::Range range;  // of a file
  };
  class Dice;

  std::uint64_t Add(Node node);
  std::optional<std::uint64_t> Find(const std::string& path) const;
  std::optional<Names::key_type> KeyOf(const std::string& path) const;
  void Rename(const FileOperation& operation);
  void Open(const FileOperation& operation);
  void Write(Node& node, std::uint64_t offset, const std::string& bytes);
  void Look(Node& node, std::uint64_t offset, const std::string& bytes);
  void SetSize(Node& node, std::uint64_t size);
  void ChangeNames(Change change);
  void SyncNode(const Sync& sync);
  void SyncFile(Node& node, const Sync& sync);
  void SyncNames(std::uint64_t directory, std::uint64_t step);
  void SyncNamesOf(std::uint64_t file, std::uint64_t step);
  void KeepChanges(const std::vector<bool>& goes);
  void SyncWritten(const Handle& handle, const FileOperation& write);
  void FailSync(const Sync& sync);
  static bool Covers(const Sync& sync, const Piece& piece);
  FileImage LeftOf(const Node& node, Loss loss, bool last, Dice& dice) const;
  Names LeftNames(Loss loss, Dice& dice) const;
  template <typename Content>
  DiskImage ImageOf(const Names& names, Content content) const;

  const NameChanges name_changes_;
  std::vector<Node> nodes_;  // the first is the directory itself
  Names stable_;
  Names seen_;
  std::vector<Change> changes_;
  std::map<std::uint64_t, Handle> handles_;
  std::map<std::uint64_t, Sync> syncs_;  // under way
  std::uint64_t step_ = 0;
  std::uint64_t last_written_ = 0;  // the node of the last write
  std::string unknown_;
};

}  // namespace aether::conformance
