// What libaether_faults.so notes of a process: which descriptors are files of the directory, and the log.

#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/types.h>
#include <time.h>

#include <cstddef>
#include <cstdint>

#include "fault_records.h"

namespace aether::faults {

// The function of the C library behind one that this library has too.
void* FindReal(const char* name);
template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(FindReal(name));
}

// A path in the directory, relative to it; otherwise not inside.
struct Place {
  bool inside = false;
  char text[PATH_MAX] = "";
};

Place PlaceOf(int directory_fd, const char* path);  // of a name, which need not exist
Place PlaceOfDescriptor(int fd);

// Whether this process is watched.
bool Active();

// The handle behind a descriptor; 0: none of the directory's files.
std::uint64_t HandleOf(int fd);
void SetHandle(int fd, std::uint64_t handle);

// Alone among all threads and processes that share the log.
class Alone {
 public:
  Alone();
  ~Alone();
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;
};

// All below: alone.
std::uint64_t NewHandle();
std::uint64_t NewSync();
bool NoSync();
bool DeathIsPlanned();  // the plan says kDies
void Log(Record record, const char* path = "", const void* data = nullptr, std::size_t size = 0);
void LogText(Op op, const char* text, int error = 0);

// What the plan has for a call.
struct Fate {
  bool fails = false;
  bool half = false;  // a write is done by half, and succeeds so far
  int error = 0;
};
Fate FateOf(Call call, const char* name, std::size_t size = 0);

// Not alone: whether reads are to fail, which are not looked at otherwise.
bool ReadsMayFail();

// A sync of one of the directory's files: it is recorded, and nothing is asked of the disk. What a power
// cut would leave is computed. Others go on meanwhile, for as long as a fast disk would take.
inline int RecordSync(std::uint64_t handle, const Fate& fate, const Range& range = {}) {
  Record record;
  record.op = Op::kSyncBegin;
  record.handle = handle;
  {
    const Alone alone;
    if (NoSync()) return 0;
    record.offset = NewSync();
    const bool whole = range.end == UINT64_MAX;
    Log(record, "", &range, whole ? 0 : sizeof range);
  }
  constexpr timespec kFastDisk = {0, 100'000};
  nanosleep(&kFastDisk, nullptr);
  record.op = Op::kSyncEnd;
  record.error = static_cast<std::uint16_t>(fate.error);
  {
    const Alone alone;
    Log(record);
  }
  errno = fate.error;
  return fate.fails ? -1 : 0;
}

}  // namespace aether::faults
