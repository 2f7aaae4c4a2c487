// Where a run took place. Names neither the machine nor its user.

#pragma once

#include <filesystem>
#include <string>

#include "machine.h"

namespace aether::bench::compare {

struct Environment : conformance::Machine {
  double memory_gib = 0;
  std::string file_system;  // of the scratch directory: "ext4"
  std::string mount_options;
};

Environment ReadEnvironment(const std::filesystem::path& scratch);

}  // namespace aether::bench::compare
