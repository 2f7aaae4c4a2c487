// Where a run took place.

#include "environment.h"

#include <unistd.h>

#include <cmath>
#include <fstream>
#include <sstream>

namespace aether::bench::compare {

namespace {

// The mount whose path is the longest that leads to `path`: lines of /proc/self/mountinfo are "id parent
// device root mount-point options ... - type source options".
void ReadFileSystem(const std::filesystem::path& path, Environment* environment) {
  const std::string wanted = std::filesystem::weakly_canonical(path).string() + "/";
  std::ifstream in("/proc/self/mountinfo");
  std::size_t longest = 0;
  environment->file_system = "unknown";
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string skipped, point, options, word, type;
    words >> skipped >> skipped >> skipped >> skipped >> point >> options;
    while (words >> word && word != "-") continue;
    words >> type;
    const std::string prefix = point == "/" ? point : point + "/";
    if (!wanted.starts_with(prefix) || prefix.size() < longest) continue;
    longest = prefix.size();
    environment->file_system = type;
    environment->mount_options = options;
  }
}

}  // namespace

Environment ReadEnvironment(const std::filesystem::path& scratch) {
  Environment environment{conformance::ReadMachine(), 0, {}, {}};
  const double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  environment.memory_gib = std::round(bytes / (1 << 30) * 10) / 10;
  ReadFileSystem(scratch, &environment);
  return environment;
}

}  // namespace aether::bench::compare
