// Damager: what may become of files at rest.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "faults/cutter.h"

namespace aether::conformance {

// Bytes of a file that one save has changed.
struct Extent {
  std::string path;
  std::size_t begin = 0;
  std::size_t end = 0;
};

// Whether bytes there are other ones than they were.
bool IsDamaged(const std::vector<Extent>& extents, const DiskImage& was, const DiskImage& is);

struct Saved {
  std::size_t ledger;
  std::int64_t version;
  std::vector<Extent> extents;
};

// A storage at rest, and how it came to be.
struct Stored {
  DiskImage image;
  std::vector<Ledger>
      ledgers;  // nothing in them is acknowledged: damage may take anything, but not in silence
  std::vector<Saved> saved;  // in their order
  std::vector<std::string> told;
};

// Damages images by chance, each time those of `stored`.
class Damager {
 public:
  Damager(const Stored& stored, std::uint64_t seed);
  bool HasFiles() const { return !files_.empty(); }

  // One of all the ways but a cut tail, in turn.
  DiskImage Damage(int i);
  DiskImage Truncate();
  DiskImage ZeroTail();

  const std::string& told() const { return told_; }

 private:
  DiskImage FlipBit();
  DiskImage ZeroBlock();
  DiskImage MoveBlock(bool swap);
  DiskImage MoveRecord(bool swap);
  DiskImage MoveWithinRecord();
  DiskImage AddForeignFile();
  std::size_t Below(std::size_t n);
  std::size_t BlockSize();
  FileImage& Pick();
  DiskImage Move(FileImage& file, std::size_t from, std::size_t to, std::size_t size, bool swap);
  std::string Bytes(std::size_t at, std::size_t size) const;
  DiskImage Done(std::string told);

  const Stored& stored_;
  std::uint64_t seed_;
  std::uint64_t drawn_ = 0;
  DiskImage image_;
  std::vector<std::string> files_;
  std::string path_;
  std::string told_;
};

// Damages about `standard` images, more or fewer by the profile, and has the store look at each. `require`
// throws Failure where what it tells is not true.
void TryDamage(RuleRun& run, int standard, Kept kept, const std::function<DiskImage(Damager&, int)>& damage,
               const std::function<void(const Look&, const Stored&, const DiskImage&)>& require);

}  // namespace aether::conformance
