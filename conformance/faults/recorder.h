// What libaether_faults.so notes of a process: which descriptors are files of the directory, and the log.

#pragma once

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/types.h>

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

// Makes a sync with `real()`, and records that it begins and ends. Others go on meanwhile.
template <typename Real>
int RecordSync(std::uint64_t handle, const Fate& fate, const Range& range, Real real) {
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
  const int done = fate.fails ? -1 : real();
  if (fate.fails) errno = fate.error;
  record.op = Op::kSyncEnd;
  record.error = done == 0 ? 0 : static_cast<std::uint16_t>(errno);
  const Alone alone;
  Log(record);
  return done;
}

}  // namespace aether::faults
