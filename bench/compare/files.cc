// Files that a run writes.

#include "files.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace aether::bench::compare {

namespace fs = std::filesystem;

void MakeWritable(const std::string& option, const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) {
    throw std::runtime_error(option + ": cannot make the directory " + directory.string() + ": " +
                             error.message());
  }
  if (access(directory.c_str(), W_OK) != 0) {
    throw std::runtime_error(option + ": cannot write into " + directory.string() + ": " +
                             std::strerror(errno));
  }
}

void WriteFile(const fs::path& path, const std::string& content) {
  std::ofstream out(path, std::ios::binary);
  out << content;
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

Scratch::Scratch(const fs::path& parent) {
  const char* set = std::getenv("AETHER_SCRATCH");
  const fs::path chosen = !parent.empty()  ? parent
                          : set != nullptr ? fs::path(set)
                                           : fs::temp_directory_path();
  MakeWritable("--scratch", chosen);
  std::string name = (fs::absolute(chosen) / "aether-bench-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    throw std::runtime_error("cannot make a directory in " + chosen.string() + ": " + std::strerror(errno));
  }
  path_ = name;
  // A server that does not run as root has its files further below.
  fs::permissions(path_, fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace aether::bench::compare
