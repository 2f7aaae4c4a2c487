// Damaged images, and the storages they are made of.

#include "faults/damager.h"

#include <algorithm>
#include <iterator>

#include "faults/chance.h"

namespace aether::conformance {

namespace {

constexpr std::size_t kBlocks[] = {1, 4, 16, 64, 256, 512, 4096};

char At(const FileImage& file, std::size_t i) { return i < file.bytes.size() ? file.bytes[i] : '\0'; }

void Set(FileImage& file, std::size_t at, char byte) {
  if (file.bytes.size() <= at) file.bytes.resize(at + 1);
  file.bytes[at] = byte;
}

// Where a file differs from what it was before.
std::vector<Extent> ExtentsOf(const DiskImage& before, const DiskImage& after) {
  std::vector<Extent> extents;
  for (const auto& [path, file] : after.entries) {
    if (!file) continue;
    const auto old = before.entries.find(path);
    const FileImage none;
    const FileImage& was = old != before.entries.end() && old->second ? *old->second : none;
    const std::size_t size = std::max(file->bytes.size(), was.bytes.size());
    std::size_t begin = 0;
    while (begin < size && At(*file, begin) == At(was, begin)) ++begin;
    std::size_t end = size;
    while (end > begin && At(*file, end - 1) == At(was, end - 1)) --end;
    if (begin < end) extents.push_back({path, begin, end});
  }
  return extents;
}

// The call that saves the next event of an actor, or the next snapshot.
PeerCall NextSave(Trial& t, Ledger* ledger, bool snapshot) {
  PeerCall save;
  save.event.actor_id = ledger->actor_id();
  if (!snapshot) {
    save.event = t.NewEvent(ledger->actor_id(), ledger->NextVersion());
    ledger->Plan(save.event);
    return save;
  }
  save.kind = PeerCall::Kind::kSaveSnapshot;
  const std::int64_t version = ledger->NextVersion() - 1;
  save.snapshot = {ledger->actor_id(),
                   version,
                   JsonObject::Trusted(R"({"events":)" + std::to_string(version) + "}"),
                   {1768339576, 0}};
  ledger->Plan(save.snapshot);
  return save;
}

// Saves for two actors, one after another, and looks at the files in between. The writer closes the storage
// or is killed.
Stored Store(RuleRun& run, Trial& t, bool killed, Kept kept) {
  constexpr int kSaves = 7;  // of each actor
  Stored stored;
  stored.ledgers = NewLedgers(t, 2, kept);
  const Scratch directory("aether-at-rest");
  DiskImage::Read(t.Location()).WriteTo(directory.path());
  auto peer = Peer::Open(run.subject(), directory.path().string());
  if (!peer) throw Inconclusive("a copy of the storage does not open: " + Describe(peer.error()));
  stored.image = DiskImage::Read(directory.path());
  for (int i = 0; i < 2 * kSaves; ++i) {
    const auto n = static_cast<std::size_t>(i % 2);
    const PeerCall save = NextSave(t, &stored.ledgers[n], kept == Kept::kSnapshots && i % 4 >= 2);
    (*peer)->Start({{save}});
    const auto answer = (*peer)->Next();
    if (!answer || (*peer)->Next()) throw Inconclusive("the other process ended");
    t.Note(save, *answer);
    if (answer->error) throw Inconclusive("a save failed: " + Describe(*answer->error));
    DiskImage now = DiskImage::Read(directory.path());
    stored.saved.push_back({n, save.event.version, ExtentsOf(stored.image, now)});
    stored.image = std::move(now);
  }
  if (killed) (*peer)->Kill();
  peer->reset();
  stored.image = DiskImage::Read(directory.path());
  stored.told.push_back(kept == Kept::kEvents
                            ? "some events of two actors are saved in turn"
                            : "some events and snapshots of two actors are saved in turn");
  stored.told.push_back(killed ? "the writer is killed" : "the writer closes the storage");
  return stored;
}

}  // namespace

// Whether bytes there are other ones than they were.
bool IsDamaged(const std::vector<Extent>& extents, const DiskImage& was, const DiskImage& is) {
  return std::any_of(extents.begin(), extents.end(), [&](const Extent& extent) {
    const auto before = was.entries.find(extent.path);
    const auto after = is.entries.find(extent.path);
    if (before == was.entries.end() || after == is.entries.end() || !before->second || !after->second)
      return true;
    for (std::size_t i = extent.begin; i < extent.end; ++i) {
      if (At(*before->second, i) != At(*after->second, i)) return true;
    }
    return false;
  });
}

Damager::Damager(const Stored& stored, std::uint64_t seed)
    : stored_(stored), seed_(seed), image_(stored.image) {
  for (const auto& [path, file] : stored.image.entries) {
    if (file && file->size > 0) files_.push_back(path);
  }
}

DiskImage Damager::Damage(int i) {
  switch (i % 8) {
    case 0:
      return ZeroBlock();
    case 1:
      return MoveBlock(true);
    case 2:
      return MoveBlock(false);
    case 3:
      return MoveRecord(true);
    case 4:
      return MoveRecord(false);
    case 5:
      return i % 32 == 5 ? AddForeignFile() : FlipBit();
    case 6:
      return MoveWithinRecord();
    default:
      return FlipBit();
  }
}

DiskImage Damager::FlipBit() {
  FileImage& file = Pick();
  const std::size_t at = Below(file.size);
  const auto bit = static_cast<char>(1 << Below(8));
  Set(file, at, static_cast<char>(At(file, at) ^ bit));
  return Done("a bit of byte " + std::to_string(at) + " of " + path_ + " is flipped");
}

DiskImage Damager::ZeroBlock() {
  FileImage& file = Pick();
  const std::size_t at = Below(file.size);
  const std::size_t size = std::min<std::size_t>(BlockSize(), file.size - at);
  for (std::size_t i = 0; i < size; ++i) Set(file, at + i, '\0');
  return Done(Bytes(at, size) + " are zeros");
}

// Copies bytes over others, or changes the two.
DiskImage Damager::MoveBlock(bool swap) {
  FileImage& file = Pick();
  const std::size_t size = std::min<std::size_t>(BlockSize(), (file.size + 1) / 2);
  return Move(file, Below(file.size - size + 1), Below(file.size - size + 1), size, swap);
}

// The same with what single saves have written.
DiskImage Damager::MoveRecord(bool swap) {
  const std::vector<Extent>& one = stored_.saved[Below(stored_.saved.size())].extents;
  const std::vector<Extent>& other = stored_.saved[Below(stored_.saved.size())].extents;
  if (one.empty() || other.empty()) return MoveBlock(swap);
  const Extent& from = one[Below(one.size())];
  const Extent& to = other[Below(other.size())];
  const auto file = image_.entries.find(from.path);
  if (from.path != to.path || file == image_.entries.end() || !file->second) return MoveBlock(swap);
  path_ = from.path;
  const std::size_t size = std::min(from.end - from.begin, to.end - to.begin);
  if (std::max(from.begin, to.begin) + size > file->second->size) return MoveBlock(swap);
  return Move(*file->second, from.begin, to.begin, size, swap);
}

// A few bytes of what one save has written.
DiskImage Damager::MoveWithinRecord() {
  const std::vector<Extent>& extents = stored_.saved[Below(stored_.saved.size())].extents;
  if (extents.empty()) return FlipBit();
  const Extent& extent = extents[Below(extents.size())];
  const auto file = image_.entries.find(extent.path);
  const std::size_t all = extent.end - extent.begin;
  if (all < 4 || file == image_.entries.end() || !file->second || extent.end > file->second->size)
    return FlipBit();
  path_ = extent.path;
  const std::size_t size = 1 + Below(std::min<std::size_t>(8, all / 4));
  const auto place = [&] { return extent.begin + Below(all - size + 1); };
  const std::size_t from = place();
  return Move(*file->second, from, place(), size, true);
}

DiskImage Damager::AddForeignFile() {
  static const std::string kNames[] = {"foreign", ".hidden", "0", "tmp/inner", "lost+found/#1"};
  std::string name = kNames[Below(std::size(kNames))];
  if (!files_.empty() && Below(2) == 0) {
    static const std::string kEndings[] = {".bak", "~", ".tmp", ".old"};
    name = files_[Below(files_.size())] + kEndings[Below(std::size(kEndings))];
  }
  if (const std::size_t slash = name.find('/'); slash != std::string::npos) {
    image_.entries.try_emplace(name.substr(0, slash));
  }
  image_.entries.try_emplace(name, FileImage{"not ours", 8});
  return Done("a foreign file " + name + " is put beside the others");
}

DiskImage Damager::Truncate() {
  FileImage& file = Pick();
  file.size = Below(file.size);
  file.bytes.resize(std::min<std::size_t>(file.bytes.size(), file.size));
  return Done(path_ + " is cut to " + std::to_string(file.size) + " bytes");
}

DiskImage Damager::ZeroTail() {
  FileImage& file = Pick();
  const std::size_t at = Below(std::max<std::size_t>(file.bytes.size(), 1));
  file.bytes.resize(at);
  return Done(path_ + " is zeros from byte " + std::to_string(at) + " on");
}

std::size_t Damager::Below(std::size_t n) { return static_cast<std::size_t>(Chance(seed_, ++drawn_) % n); }

FileImage& Damager::Pick() {
  path_ = files_[Below(files_.size())];
  return *image_.entries.at(path_);
}

DiskImage Damager::Move(FileImage& file, std::size_t from, std::size_t to, std::size_t size, bool swap) {
  const FileImage was = file;
  for (std::size_t i = 0; i < size; ++i) Set(file, to + i, At(was, from + i));
  for (std::size_t i = 0; swap && i < size; ++i) Set(file, from + i, At(was, to + i));
  return Done(Bytes(from, size) + (swap ? " have changed places with those from " : " are also at ") +
              std::to_string(to));
}

std::string Damager::Bytes(std::size_t at, std::size_t size) const {
  return "bytes " + std::to_string(at) + " to " + std::to_string(at + size) + " of " + path_;
}

DiskImage Damager::Done(std::string told) {
  told_ = std::move(told);
  return std::exchange(image_, stored_.image);
}

std::size_t Damager::BlockSize() { return kBlocks[Below(std::size(kBlocks))]; }

void TryDamage(RuleRun& run, int standard, Kept kept, const std::function<DiskImage(Damager&, int)>& damage,
               const std::function<void(const Look&, const Stored&, const DiskImage&)>& require) {
  const int images = run.Scaled(standard) / 2;
  run.Rounds(2, [&](Trial& t, int round) {
    const Stored stored = Store(run, t, round == 1, kept);
    Judge judge(&t, &run.subject());
    Damager damager(stored, run.SeedOf(static_cast<std::uint64_t>(round)));
    if (!damager.HasFiles()) throw Inconclusive("the storage has no file that is not empty");
    for (int i = 0; i < images; ++i) {
      const DiskImage image = damage(damager, i);
      t.CountCases(1);
      t.Count("damaged images");
      try {
        require(judge.LookAt(image, stored.ledgers), stored, image);
      } catch (Failure& failure) {
        auto told = stored.told;
        told.push_back(damager.told());
        failure.timeline = judge.Tell(&run, told);
        throw;
      }
    }
  });
}

}  // namespace aether::conformance
