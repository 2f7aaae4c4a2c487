// The log of file operations, as libaether_faults.so writes it and the kit reads it.
//
// The log is a file: a header of kHeaderBytes, which is shared memory, and behind it records one after
// another. Every operation is done and recorded under the header's mutex, which all processes share, so the
// order of the records is the order of the operations. Only a sync runs without it: two records tell its
// begin and its end.

#pragma once

#include <pthread.h>

#include <cstddef>
#include <cstdint>

namespace aether::faults {

inline constexpr char kLogVariable[] = "AETHER_FAULTS_LOG";
inline constexpr char kDirectoryVariable[] =
    "AETHER_FAULTS_DIRECTORY";  // canonical; only what is in it counts
inline constexpr char kMarkSymbol[] = "aether_faults_mark";

enum class Op : std::uint8_t {
  kOpen,       // handle, path, flags
  kWrite,      // handle, offset, data
  kResize,     // handle, offset: the new size
  kSyncBegin,  // handle; offset: a number that its end has too; data: a Range, unless all of the file is
               // synced
  kSyncEnd,    // the same, without data; error
  kRename,     // path to data
  kLink,       // path, and its new name as data
  kUnlink,     // path
  kMakeDirectory,
  kRemoveDirectory,
  kSyncAllBegin,  // sync(), syncfs(): offset: a number
  kSyncAllEnd,
  kSilent,    // handle: from now on the file may change without a call
  kContents,  // handle, offset, data: what such a file holds there now
  kMark,      // data: what the program says has happened
  kInjected,  // error, or kDied; data: the call that was made to fail
  kUnknown,   // data: an operation that has no record of its own
};

inline constexpr std::uint8_t kCreated = 1;
inline constexpr std::uint8_t kTruncated = 2;
inline constexpr std::uint8_t kDirectory = 4;
inline constexpr std::uint8_t kSynced = 8;       // of an open: O_SYNC or O_DSYNC; of a write: RWF_DSYNC
inline constexpr std::uint8_t kSyncFailed = 16;  // of a write that was to be synced

// Paths are relative to the directory; the directory itself is the empty path. A handle is a number of an
// open file, the same for all its descriptors.
struct Record {
  Op op = Op::kUnknown;
  std::uint8_t flags = 0;
  std::uint16_t error = 0;
  std::uint32_t path_bytes = 0;
  std::uint64_t data_bytes = 0;
  std::uint64_t handle = 0;
  std::uint64_t offset = 0;
};  // path_bytes and data_bytes follow

// Bytes of a file.
struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = UINT64_MAX;
};

// Calls that can be made to fail.
enum class Call : std::uint8_t {
  kWrite,
  kAllocate,  // fallocate, and ftruncate that makes larger
  kShrink,    // ftruncate that does not
  kSync,      // of a file
  kDirectorySync,
  kOpen,    // of what exists
  kCreate,  // of what does not, mkdir, link
  kRename,
  kUnlink,
  kRead,  // also a mapping, and asking for its pages
};
inline constexpr std::size_t kCalls = 10;

// For Plan::error: the process dies at the call, before it is made, as by SIGKILL.
inline constexpr std::int32_t kDies = -1;
inline constexpr std::uint16_t kDied = UINT16_MAX;

// What fails: of the calls in `calls`, the first `skip` go through, the next `times` fail, the others go
// through.
struct Plan {
  std::uint32_t calls = 0;  // bits of Call; 0: nothing fails
  std::uint32_t skip = 0;
  std::uint32_t times = 0;
  std::int32_t error = 0;  // errno; 0: a read or a write is done by half; kDies
  std::uint32_t half_first =
      0;  // before the first write that fails one is done by half, which is not one of `times`
  std::uint32_t failed = 0;  // so many have
};

struct Header {
  pthread_mutex_t mutex;
  std::uint64_t next_handle;
  std::uint64_t next_sync;
  std::uint64_t records;
  std::uint32_t broken;   // a record could not be written
  std::uint32_t no_sync;  // syncs answer success and do nothing: for who only looks at what is stored
  Plan plan;
  std::uint64_t seen[kCalls];  // calls of each kind, also without a plan
};

inline constexpr std::size_t kHeaderBytes = 4096;
static_assert(sizeof(Header) <= kHeaderBytes);

}  // namespace aether::faults
