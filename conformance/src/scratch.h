// A directory for what a run writes, removed at its end, also when it ends by an exception.

#pragma once

#include <filesystem>
#include <string>

namespace aether::conformance {

class Scratch {
 public:
  // Makes a directory of its own, whose name begins with `prefix`: under $AETHER_SCRATCH, so that a run can
  // be pointed to another disk, or else among the system's temporary files. Throws std::runtime_error
  // naming what could not be made.
  explicit Scratch(const std::string& prefix);

  // Removes the directory and all that is in it.
  ~Scratch();

  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace aether::conformance
