// Registering stores and benchmarks; what bounds each.

#include "registry.h"

#include <gnu/libc-version.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

namespace aether::bench {
namespace {

namespace fs = std::filesystem;

// The name of the physical limit that bounds a benchmark; empty: none.
std::string LimitOf(const Subject& subject, const Benchmark& benchmark) {
  if (const auto known = subject.limits.find(benchmark.name()); known != subject.limits.end())
    return known->second;
  if (subject.is_remote) return "";
  const bool on_device = subject.durability == Durability::kDevice;
  const bool in_files = on_device || subject.durability == Durability::kPageCache;
  if (benchmark.workload == "append") {
    // Eight threads fill no batch of 64: nothing that is measured bounds them.
    if (on_device && benchmark.value == 8) return "";
    if (on_device) return benchmark.value == 1 ? "write_sync_preallocated" : "batch64_sync_preallocated";
    if (in_files) return "write_page_cache";
    if (subject.durability == Durability::kMemory) return "memcpy";
  }
  if (benchmark.workload == "append_contended" && on_device) return "write_sync_preallocated";
  if (benchmark.workload == "replay" && in_files)
    return benchmark.value <= 10'000 ? "decode" : "decode_100000";
  if (benchmark.workload == "replay_parsed" && in_files && benchmark.value <= 10'000)
    return "decode_parsed";
  if (benchmark.workload == "latest") return "hash_lookup";
  return "";
}

}  // namespace

std::string_view DurabilityName(Durability durability) {
  switch (durability) {
    case Durability::kDevice:
      return "device";
    case Durability::kPageCache:
      return "page cache";
    case Durability::kMemory:
      return "memory";
    case Durability::kUnknown:
      break;
  }
  return "unknown";
}

Result<std::uint64_t> BytesBelow(const std::string& location) {
  std::error_code error;
  if (!fs::is_directory(location, error)) {
    return StoreError(ErrorCode::kNotFound, "the storage's location is no directory");
  }
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(location, error)) {
    // What is allocated, not how long files are: some are made ahead, some have holes.
    struct stat status;
    if (entry.is_regular_file(error) && ::stat(entry.path().c_str(), &status) == 0) {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

const Benchmark* Registry::Find(std::string_view full_name) const {
  const auto found = std::ranges::find_if(
      benchmarks, [&](const Benchmark& known) { return known.full_name() == full_name; });
  return found == benchmarks.end() ? nullptr : &*found;
}

Registry& TheRegistry() {
  static Registry registry{{},
                           {},
                           {{"compiler", __VERSION__},
                            {"C library", ::gnu_get_libc_version()},
                            {"nlohmann/json", nlohmann::json::meta()["version"]["string"]}}};
  return registry;
}

bool RegisterBenchmark(Benchmark benchmark) {
  TheRegistry().benchmarks.push_back(std::move(benchmark));
  return true;
}

bool RegisterStore(Subject subject) {
  const auto stage = std::make_shared<Stage>(std::move(subject));
  TheRegistry().stages.push_back(stage);
  for (const auto make : {AppendBenchmarks, ReadBenchmarks, MixedBenchmarks, OpenBenchmarks}) {
    for (Benchmark& benchmark : make(stage)) {
      benchmark.store = stage->subject.name;
      benchmark.durability = stage->subject.durability;
      benchmark.limit = LimitOf(stage->subject, benchmark);
      RegisterBenchmark(std::move(benchmark));
    }
  }
  return true;
}

void NoteVersion(std::string_view what, std::string_view version) {
  TheRegistry().versions[std::string(what)] = version;
}

}  // namespace aether::bench
