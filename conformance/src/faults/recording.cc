// Reading a log to its end, and doing it again.

#include "faults/recording.h"

#include <set>

#include "faults/power_loss.h"

namespace aether::conformance {

Recording ReadRecording(FaultLog* log, const DiskImage& base, const std::filesystem::path& directory) {
  Recording recording{log->Read(), DiskImage::Read(directory), "", std::nullopt};
  PowerLoss machine(base);
  std::set<std::uint64_t> silent;
  for (const FileOperation& operation : recording.operations) {
    machine.Apply(operation);
    if (operation.what.op == faults::Op::kSilent) silent.insert(operation.what.handle);
  }
  // What a silent file holds in the end is what was written to it, unless a call says otherwise: the
  // process did not come to record it.
  for (const std::uint64_t handle : silent) {
    const auto file = recording.left.entries.find(machine.NameOf(handle));
    if (file == recording.left.entries.end() || !file->second) continue;
    FileOperation look;
    look.what.op = faults::Op::kContents;
    look.what.handle = handle;
    look.data = file->second->bytes;
    machine.Apply(look);
    recording.operations.push_back(std::move(look));
  }
  recording.unknown = machine.unknown();
  recording.difference = Difference(machine.Seen(), recording.left);
  return recording;
}

}  // namespace aether::conformance
