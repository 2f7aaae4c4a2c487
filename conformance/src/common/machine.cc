// The machine that a run takes place on.

#include "machine.h"

#include <sys/utsname.h>

#include <ctime>
#include <fstream>
#include <thread>

namespace aether::conformance {

namespace {

// What follows the first of `key`s that begins a line of the file, without quotes; else `otherwise`.
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

}  // namespace

Machine ReadMachine() {
  utsname system{};
  uname(&system);
  return {.cpu = Entry("/proc/cpuinfo", "model name", ':', system.machine),
          .cores = std::thread::hardware_concurrency(),
          .os = Entry("/etc/os-release", "PRETTY_NAME", '=', system.sysname),
          .kernel = std::string(system.sysname) + " " + system.release + " " + system.machine,
          .compiler = Compiler()};
}

std::string UtcText(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace aether::conformance
