// A run as such: when, by which command, and on what machine.

#include "run_info.h"

#include <sys/utsname.h>

#include <cstdlib>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "aether/rules.h"
#include "report.h"

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

nlohmann::json Environment() {
  utsname system{};
  uname(&system);
  return {{"compiler", Compiler()},
          {"os", Entry("/etc/os-release", "PRETTY_NAME", '=', system.sysname)},
          {"kernel", std::string(system.sysname) + " " + system.release + " " + system.machine},
          {"cpu", Entry("/proc/cpuinfo", "model name", ':', system.machine)},
          {"cores", std::thread::hardware_concurrency()}};
}

std::string Utc(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

RunInfo::RunInfo(std::string command, bool strict)
    : command_(std::move(command)),
      strict_(strict),
      started_(std::chrono::system_clock::now()),
      started_steady_(std::chrono::steady_clock::now()) {}

nlohmann::json RunInfo::ToJson() const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_steady_;
  return {{"kit_version", AETHER_KIT_VERSION},
          {"spec_version", SpecVersion()},
          {"command", Printable(command_)},
          {"strict", strict_},
          {"started", Utc(started_)},
          {"seconds", took.count()},
          {"without_report", nlohmann::json::array()},
          {"environment", Environment()}};
}

std::string CommandLine(int argc, char** argv) {
  if (const char* typed = std::getenv("AETHER_COMMAND")) return typed;
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i == 0 ? "" : " ") + ShellQuoted(argv[i]);
  return line;
}

}  // namespace aether::conformance
