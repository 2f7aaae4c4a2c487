// FaultLog: the log that a watched process writes, and the plan of what fails there. The process has
// libaether_faults.so, which this library carries with it, preloaded.

#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "../../faults/fault_records.h"
#include "scratch.h"

namespace aether::conformance {

// For Plan::calls.
constexpr std::uint32_t Bit(faults::Call call) { return 1U << static_cast<unsigned>(call); }

// A record of the log.
struct FileOperation {
  faults::Record what;
  std::string path;
  std::string data;
};

// What an operation was, in a few words: "write events 480 to 960".
std::string Describe(const FileOperation& operation, const std::string& name);

// Of one directory, and of all processes that are started with Environment(). Not thread-safe, except
// against them.
class FaultLog {
 public:
  // Whether this build has the library: one with sanitizers has not, since they do not bear preloading.
  static bool Possible();

  // Throws std::runtime_error.
  explicit FaultLog(const std::filesystem::path& directory);
  ~FaultLog();
  FaultLog(const FaultLog&) = delete;
  FaultLog& operator=(const FaultLog&) = delete;

  // Variables, as NAME=value, for a process that is to be watched.
  std::vector<std::string> Environment() const;

  // No operation is under way while the log is held, except syncs: a process that is killed then has
  // recorded all that it did. Throws std::runtime_error when it is not to be had.
  void lock();
  void unlock();

  // What is to fail from now on.
  void SetPlan(const faults::Plan& plan);
  faults::Plan plan();
  std::uint64_t Seen(faults::Call call);
  // From now on syncs succeed and do nothing, and nothing is recorded: for processes that only look at what
  // is stored.
  void SkipSyncs() { header_->no_sync = 1; }

  // All that was recorded. Throws std::runtime_error when a record was lost.
  std::vector<FileOperation> Read();

 private:
  Scratch scratch_{"aether-faults"};
  std::filesystem::path file_;
  std::filesystem::path directory_;
  int fd_ = -1;
  faults::Header* header_ = nullptr;
};

}  // namespace aether::conformance
