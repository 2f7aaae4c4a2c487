// Reading a log to its end, and doing it again.

#include "faults/recording.h"

#include <set>

#include "faults/power_loss.h"

namespace aether::conformance {

namespace {

// What a silent file holds in the end is what was written to it, unless a call says otherwise: the process
// did not come to record it.
void AddLastLook(const DiskImage& base, const DiskImage& now, std::vector<FileOperation>* operations) {
  PowerLoss machine(base);
  std::set<std::uint64_t> silent;
  for (const FileOperation& operation : *operations) {
    machine.Apply(operation);
    if (operation.what.op == faults::Op::kSilent) silent.insert(operation.what.handle);
  }
  for (const std::uint64_t handle : silent) {
    const auto file = now.entries.find(machine.NameOf(handle));
    if (file == now.entries.end() || !file->second) continue;
    FileOperation look;
    look.what.op = faults::Op::kContents;
    look.what.handle = handle;
    look.data = file->second->bytes;
    operations->push_back(std::move(look));
  }
}

}  // namespace

Recording ReadRecording(FaultLog* log, const DiskImage& base, const std::filesystem::path& directory) {
  const DiskImage now = DiskImage::Read(directory);
  Recording recording{log->Read(), "", std::nullopt};
  AddLastLook(base, now, &recording.operations);
  PowerLoss machine(base);
  for (const FileOperation& operation : recording.operations) machine.Apply(operation);
  recording.unknown = machine.unknown();
  recording.difference = Difference(machine.Seen(), now);
  return recording;
}

}  // namespace aether::conformance
