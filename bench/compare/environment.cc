// Where and when a run took place.

#include "environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

namespace aether::bench::compare {

namespace {

// What follows the first `key` that begins a line of the file, without quotes; else `otherwise`.
std::string Entry(const char* file, const std::string& key, char separator, const std::string& otherwise) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    const std::size_t at = line.find(separator);
    if (!line.starts_with(key) || at == std::string::npos) continue;
    const std::size_t first = line.find_first_not_of(" \t\"", at + 1);
    const std::size_t last = line.find_last_not_of(" \t\"");
    if (first != std::string::npos) return line.substr(first, last + 1 - first);
  }
  return otherwise;
}

std::string Compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

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
  utsname system{};
  uname(&system);
  Environment environment;
  environment.cpu = Entry("/proc/cpuinfo", "model name", ':', system.machine);
  environment.cores = std::thread::hardware_concurrency();
  const double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  environment.memory_gib = std::round(bytes / (1 << 30) * 10) / 10;
  environment.os = Entry("/etc/os-release", "PRETTY_NAME", '=', system.sysname);
  environment.kernel = std::string(system.sysname) + " " + system.release + " " + system.machine;
  environment.compiler = Compiler();
  ReadFileSystem(scratch, &environment);
  return environment;
}

std::string UtcNow() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace aether::bench::compare
