// The kit's side of the log.

#include "faults/fault_log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "faults/fault_library.h"

namespace aether::conformance {

namespace fs = std::filesystem;
using faults::Op;

namespace {

constexpr int kHoldLimitSeconds = 20;

[[noreturn]] void ThrowErrno(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

// The library as a file in memory, by a path that child processes can open.
const std::string& LibraryPath() {
  static const std::string path = [] {
    const int fd = memfd_create("libaether_faults.so", MFD_CLOEXEC);
    const std::string_view bytes = FaultLibrary();
    if (fd < 0 || write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
      ThrowErrno("cannot put down libaether_faults.so");
    }
    return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd);
  }();
  return path;
}

std::string Variable(std::string_view name, std::string_view value) {
  std::string text;
  text.append(name).append("=").append(value);
  return text;
}

std::string Named(const std::string& name) { return name.empty() ? "the directory" : name; }

}  // namespace

std::string Describe(const FileOperation& operation, const std::string& name) {
  const auto& what = operation.what;
  const std::string file = Named(name.empty() ? operation.path : name);
  const std::string failed = what.error != 0 ? std::string(" fails: ") + std::strerror(what.error) : "";
  switch (what.op) {
    case Op::kOpen:
      return std::string((what.flags & faults::kCreated) != 0 ? "make " : "open ") + Named(operation.path) +
             ((what.flags & faults::kTruncated) != 0 ? ", cut to nothing" : "");
    case Op::kWrite:
      return "write " + file + ", bytes " + std::to_string(what.offset) + " to " +
             std::to_string(what.offset + operation.data.size());
    case Op::kResize:
      return "set the size of " + file + " to " + std::to_string(what.offset);
    case Op::kSyncBegin:
      return "sync " + file + " begins";
    case Op::kSyncEnd:
      return "sync " + file + (failed.empty() ? " ends" : failed);
    case Op::kRename:
      return "rename " + operation.path + " to " + operation.data;
    case Op::kLink:
      return "link " + operation.path + " as " + operation.data;
    case Op::kUnlink:
    case Op::kRemoveDirectory:
      return "remove " + operation.path;
    case Op::kMakeDirectory:
      return "make directory " + operation.path;
    case Op::kSyncAllBegin:
      return "sync everything begins";
    case Op::kSyncAllEnd:
      return "sync everything ends";
    case Op::kSilent:
      return "map " + file + " for writing, or open a stream on it";
    case Op::kContents:
      return "write " + file + " without a call, at byte " + std::to_string(what.offset);
    case Op::kMark:
      return operation.data;
    case Op::kInjected:
      if (what.error == faults::kDied) return "the process dies before " + operation.data;
      return operation.data + (failed.empty() ? " is done by half" : failed);
    case Op::kUnknown:
      return operation.data;
  }
  return "";
}

bool FaultLog::Possible() { return !FaultLibrary().empty(); }

FaultLog::FaultLog(const fs::path& directory)
    : file_(scratch_.path() / "operations"), directory_(fs::canonical(directory)) {
  fd_ = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0 || ftruncate(fd_, faults::kHeaderBytes) != 0) ThrowErrno("cannot make " + file_.string());
  void* const shared = mmap(nullptr, faults::kHeaderBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
  if (shared == MAP_FAILED) ThrowErrno("cannot map " + file_.string());
  header_ = new (shared) faults::Header();
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(&header_->mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

FaultLog::~FaultLog() {
  munmap(header_, faults::kHeaderBytes);
  close(fd_);
}

std::vector<std::string> FaultLog::Environment() const {
  const char* const others = std::getenv("LD_PRELOAD");
  return {Variable(faults::kLogVariable, file_.string()),
          Variable(faults::kDirectoryVariable, directory_.string()),
          Variable("LD_PRELOAD", others == nullptr ? LibraryPath() : LibraryPath() + ":" + others)};
}

void FaultLog::lock() {
  timespec limit = {};
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += kHoldLimitSeconds;
  const int error = pthread_mutex_timedlock(&header_->mutex, &limit);
  if (error == EOWNERDEAD) pthread_mutex_consistent(&header_->mutex);
  if (error != 0 && error != EOWNERDEAD)
    throw std::runtime_error("a file operation of the store does not end");
}

void FaultLog::unlock() { pthread_mutex_unlock(&header_->mutex); }

void FaultLog::SetPlan(const faults::Plan& plan) {
  const std::lock_guard hold(*this);
  header_->plan = plan;
}

faults::Plan FaultLog::plan() {
  const std::lock_guard hold(*this);
  return header_->plan;
}

std::uint64_t FaultLog::Seen(faults::Call call) {
  const std::lock_guard hold(*this);
  return header_->seen[static_cast<std::size_t>(call)];
}

std::vector<FileOperation> FaultLog::Read() {
  const std::lock_guard hold(*this);
  if (header_->broken != 0)
    throw std::runtime_error("the log of file operations is not whole: is the disk full?");
  struct stat status = {};
  fstat(fd_, &status);
  std::string all(static_cast<std::size_t>(status.st_size) - faults::kHeaderBytes, '\0');
  const ssize_t n = pread(fd_, all.data(), all.size(), faults::kHeaderBytes);
  if (n != static_cast<ssize_t>(all.size())) ThrowErrno("cannot read " + file_.string());
  std::vector<FileOperation> operations;
  for (std::size_t at = 0; at < all.size();) {
    FileOperation operation;
    const auto take = [&](std::size_t size) {
      if (size > all.size() - at)
        throw std::runtime_error("the log of file operations ends in the midst of a record");
      at += size;
      return all.data() + at - size;
    };
    std::memcpy(&operation.what, take(sizeof operation.what), sizeof operation.what);
    operation.path.assign(take(operation.what.path_bytes), operation.what.path_bytes);
    operation.data.assign(take(operation.what.data_bytes), operation.what.data_bytes);
    operations.push_back(std::move(operation));
  }
  return operations;
}

}  // namespace aether::conformance
