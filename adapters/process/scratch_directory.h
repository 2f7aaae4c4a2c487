// ScratchDirectory: where a driver that is checked leaves its files.

#pragma once

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

namespace aether::process {

// A directory that TMPDIR names as long as this lives, removed with what a driver leaves there.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    path_ = (std::filesystem::temp_directory_path() / "aether-driver-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) {
      throw std::runtime_error("cannot make a directory " + path_ + ": " + std::strerror(errno));
    }
    setenv("TMPDIR", path_.c_str(), 1);
  }
  ~ScratchDirectory() {
    if (before_) {
      setenv("TMPDIR", before_->c_str(), 1);
    } else {
      unsetenv("TMPDIR");
    }
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

 private:
  std::optional<std::string> before_;
  std::string path_;
};

}  // namespace aether::process
