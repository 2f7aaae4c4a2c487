// LogMap: the log as memory, so that reading a record takes no system call and no copy.

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string_view>

#include "log_file.h"

namespace aether::file {

// Maps the log read-only, piece by piece as it is read. Before a page is looked at for the first time, the
// system is asked to read it, because a page that cannot be read ends a process that looks at it: then, and
// where mapping is not to be had, the caller has to read by other means, and gets its error there.
// Thread-safe.
class LogMap {
 public:
  // `file` outlives it.
  explicit LogMap(const LogFile* file) : file_(*file) {}
  ~LogMap();

  // The bytes of [offset, offset + size), valid as long as the map; empty if they cannot be had. The file
  // ends at `end` or behind, and will never be shorter.
  std::string_view View(std::uint64_t offset, std::size_t size, std::uint64_t end);

 private:
  // Each is as long as all before it, so that few are enough and pieces that are mapped stay where they
  // are.
  struct Segment {
    std::atomic<const char*> begin = nullptr;
    std::atomic<bool> failed = false;
    std::unique_ptr<std::atomic<std::uint64_t>[]> readable;  // a bit for each page
  };

  const char* Map(Segment* segment, std::uint64_t offset, std::uint64_t bytes);

  const LogFile& file_;
  std::mutex mutex_;
  std::array<Segment, 32> segments_;
};

}  // namespace aether::file
