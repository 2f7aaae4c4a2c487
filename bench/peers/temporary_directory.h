// TemporaryDirectory: the storage of an embedded peer.

#pragma once

#include <stdlib.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "commits.h"

namespace aether::peers {

// An empty directory under $AETHER_SCRATCH or the system's, removed with the object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    const char* const scratch = std::getenv("AETHER_SCRATCH");
    const std::filesystem::path root = scratch ? scratch : std::filesystem::temp_directory_path();
    path_ = (root / "aether-peer-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(),
                              "cannot make a directory in " + root.string());
    }
  }
  // Storage of a peer: the files are the same, whatever is promised of them.
  explicit TemporaryDirectory(Commits) : TemporaryDirectory() {}

  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& location() const { return path_; }

 private:
  std::string path_;
};

}  // namespace aether::peers
