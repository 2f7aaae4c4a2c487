// Recording: what a watched process did to its files, and whether that is all.

#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "faults/disk_image.h"
#include "faults/fault_log.h"

namespace aether::conformance {

// Why a recording may not be whole, for people.
inline constexpr const char* kNotSeen =
    "direct system calls as Go's, io_uring, static linking and other processes' writes are not seen: ";

struct Recording {
  std::vector<FileOperation> operations;
  DiskImage left;                         // what is in the directory
  std::string unknown;                    // an operation that has no record of its own; empty: none
  std::optional<std::string> difference;  // the operations, done again, give another directory

  bool whole() const { return unknown.empty() && !difference; }
};

// Of a process that is dead: it began with `base` in the directory.
Recording ReadRecording(FaultLog* log, const DiskImage& base, const std::filesystem::path& directory);

}  // namespace aether::conformance
