// How often this process has flushed to the device.

#pragma once

#include <cstdint>

namespace aether::bench {

// Calls of fsync, fdatasync, sync_file_range and msync(MS_SYNC) so far, by whatever library: this program
// has functions of these names, which count and call the system. What a server flushes is not in it, nor
// are writes to files that were opened with O_SYNC.
std::uint64_t DeviceFlushes();

}  // namespace aether::bench
