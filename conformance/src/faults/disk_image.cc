// Reading, writing and comparing directories.

#include "faults/disk_image.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string_view>

namespace aether::conformance {

namespace fs = std::filesystem;

namespace {

// Runs of zeros of this size are left out when a file is written: room that a store has made ahead costs
// nothing.
constexpr std::size_t kBlock = 65536;

[[noreturn]] void ThrowErrno(const std::string& what, const fs::path& path) {
  throw std::runtime_error(what + " " + path.string() + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {
    if (fd_ < 0) ThrowErrno("cannot open", path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

FileImage ReadFile(const fs::path& path) {
  const Descriptor file(path, O_RDONLY);
  struct stat status = {};
  if (::fstat(file.fd(), &status) != 0) ThrowErrno("cannot look at", path);
  FileImage image;
  image.size = static_cast<std::uint64_t>(status.st_size);
  image.bytes.resize(image.size);
  std::size_t known = 0;
  while (known < image.bytes.size()) {
    const ssize_t n = ::pread(file.fd(), image.bytes.data() + known, image.bytes.size() - known,
                              static_cast<off_t>(known));
    if (n < 0) ThrowErrno("cannot read", path);
    if (n == 0) break;
    known += static_cast<std::size_t>(n);
  }
  image.bytes.resize(image.bytes.find_last_not_of('\0', known == 0 ? 0 : known - 1) + 1);
  return image;
}

void WriteFile(const fs::path& path, const FileImage& image) {
  const Descriptor file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (::ftruncate(file.fd(), static_cast<off_t>(image.size)) != 0) ThrowErrno("cannot make", path);
  const std::string_view all = std::string_view(image.bytes).substr(0, image.size);
  for (std::size_t at = 0; at < all.size();) {
    const std::string_view block = all.substr(at, kBlock);
    ssize_t n = static_cast<ssize_t>(block.size());
    if (block.find_first_not_of('\0') != std::string_view::npos) {
      n = ::pwrite(file.fd(), block.data(), block.size(), static_cast<off_t>(at));
    }
    if (n <= 0) ThrowErrno("cannot write", path);
    at += static_cast<std::size_t>(n);
  }
}

char At(const FileImage& file, std::size_t i) { return i < file.bytes.size() ? file.bytes[i] : '\0'; }

std::optional<std::string> FileDifference(const FileImage& expected, const FileImage& actual) {
  if (expected.size != actual.size) {
    return "has " + std::to_string(actual.size) + " bytes instead of " + std::to_string(expected.size);
  }
  const std::size_t both =
      std::min<std::size_t>(expected.size, std::max(expected.bytes.size(), actual.bytes.size()));
  for (std::size_t i = 0; i < both; ++i) {
    if (At(expected, i) != At(actual, i)) return "differs at byte " + std::to_string(i);
  }
  return std::nullopt;
}

}  // namespace

DiskImage DiskImage::Read(const fs::path& directory) {
  DiskImage image;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    const std::string path = entry.path().lexically_relative(directory).string();
    const fs::file_type type = entry.symlink_status().type();
    if (type == fs::file_type::directory) image.entries[path] = std::nullopt;
    if (type == fs::file_type::regular) image.entries[path] = ReadFile(entry.path());
  }
  return image;
}

void DiskImage::WriteTo(const fs::path& directory) const {
  fs::create_directories(directory);
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove_all(entry.path());
  for (const auto& [path, file] : entries) {  // a directory comes before what is in it
    if (file) {
      WriteFile(directory / path, *file);
    } else {
      fs::create_directory(directory / path);
    }
  }
}

std::optional<std::string> Difference(const DiskImage& expected, const DiskImage& actual) {
  for (const auto& [path, file] : expected.entries) {
    const auto other = actual.entries.find(path);
    if (other == actual.entries.end()) return path + " is not there";
    if (file.has_value() != other->second.has_value())
      return path + " is a file in one and a directory in the other";
    if (!file) continue;
    if (const auto difference = FileDifference(*file, *other->second)) return path + " " + *difference;
  }
  for (const auto& [path, file] : actual.entries) {
    if (!expected.entries.contains(path)) return path + " is there and should not";
  }
  return std::nullopt;
}

std::uint64_t HashOf(const DiskImage& image) {
  std::uint64_t hash = 0;
  const auto mix = [&](std::uint64_t value) {
    hash = (hash ^ value) * 0x9E3779B97F4A7C15ULL + (hash >> 29);
  };
  for (const auto& [path, file] : image.entries) {
    mix(std::hash<std::string>()(path));
    if (!file) continue;
    std::string_view bytes = file->bytes;
    bytes = bytes.substr(0, bytes.find_last_not_of('\0') + 1);
    mix(file->size);
    mix(std::hash<std::string_view>()(bytes));
  }
  return hash;
}

}  // namespace aether::conformance
