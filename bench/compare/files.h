// Files that a run writes.

#pragma once

#include <filesystem>
#include <string>

namespace aether::bench::compare {

// Makes the directory if it is not there. Throws std::runtime_error, which begins with the name of the
// option, when nothing can be written into it.
void MakeWritable(const std::string& option, const std::filesystem::path& directory);

// Throws std::runtime_error naming the file that could not be written.
void WriteFile(const std::filesystem::path& path, const std::string& content);

// A directory for what stores write, removed at the end with all that is in it.
class Scratch {
 public:
  // In `parent`, or in $AETHER_SCRATCH, or else among the system's temporary files. Throws
  // std::runtime_error naming what could not be made.
  explicit Scratch(const std::filesystem::path& parent);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace aether::bench::compare
