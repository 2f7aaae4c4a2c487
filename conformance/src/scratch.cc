// Scratch directories.

#include "scratch.h"

#include <stdlib.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace aether::conformance {

namespace fs = std::filesystem;

Scratch::Scratch(const std::string& prefix) {
  const char* const chosen = std::getenv("AETHER_SCRATCH");
  const bool is_chosen = chosen != nullptr && *chosen != '\0';
  std::error_code error;
  const fs::path root = is_chosen ? fs::path(chosen) : fs::temp_directory_path(error);
  // Absolute, since a store may change its working directory.
  std::string pattern = (fs::absolute(root, error) / (prefix + "-XXXXXX")).string();
  if (root.empty() || mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("cannot make a scratch directory in " + root.string() +
                             (is_chosen ? ", which AETHER_SCRATCH names" : "") + ": " +
                             std::strerror(errno));
  }
  path_ = pattern;
}

Scratch::~Scratch() {
  // A process of the store that was killed just now may still make files for a moment.
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::error_code error;
    fs::remove_all(path_, error);
    if (!error) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace aether::conformance
