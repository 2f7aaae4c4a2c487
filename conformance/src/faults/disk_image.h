// DiskImage: what is in a directory, byte for byte.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace aether::conformance {

// A file's contents. Zeros at the end need not be in `bytes`.
struct FileImage {
  std::string bytes;
  std::uint64_t size = 0;
};

// By path, relative to the directory; a directory has no file. Symbolic links and other special files are
// left out.
struct DiskImage {
  std::map<std::string, std::optional<FileImage>> entries;

  // Throws std::filesystem::filesystem_error or std::runtime_error.
  static DiskImage Read(const std::filesystem::path& directory);
  // Makes `directory`, which need not exist, hold this and nothing else. Throws as Read().
  void WriteTo(const std::filesystem::path& directory) const;
};

// Where the two differ, in a sentence; nothing when they are equal.
std::optional<std::string> Difference(const DiskImage& expected, const DiskImage& actual);

// The same for equal images, and very likely not for others.
std::uint64_t HashOf(const DiskImage& image);

}  // namespace aether::conformance
