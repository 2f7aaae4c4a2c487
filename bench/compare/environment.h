// Where and when a run took place. Names neither the machine nor its user.

#pragma once

#include <filesystem>
#include <string>

namespace aether::bench::compare {

struct Environment {
  std::string cpu;
  unsigned cores = 0;
  double memory_gib = 0;
  std::string os;
  std::string kernel;
  std::string compiler;     // of this program
  std::string file_system;  // of the scratch directory: "ext4"
  std::string mount_options;
};

Environment ReadEnvironment(const std::filesystem::path& scratch);

// Now, as RFC 3339 with seconds.
std::string UtcNow();

}  // namespace aether::bench::compare
