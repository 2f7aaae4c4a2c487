// The file store's door to the conformance kit.

#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

#include "aether/adapter.h"
#include "aether/file_store.h"
#include "file_store_seam.h"

namespace aether {

// A log in a temporary directory of its own, under $AETHER_SCRATCH or the system's.
template <Durability kDurability>
class FileAdapterOf {
 public:
  using Subject = FileStore;
  // With the page cache only, nothing proves what was once written: damage cannot be told from a tail that was lost.
  static constexpr bool kLocationIsDirectory = kDurability == Durability::kDurable;
  static constexpr bool kSurvivesPowerLoss = kDurability == Durability::kDurable;

  FileAdapterOf() {
    const char* const scratch = std::getenv("AETHER_SCRATCH");
    const std::filesystem::path root = scratch ? scratch : std::filesystem::temp_directory_path();
    std::string name = (root / "aether-file-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(),
                              "cannot make a directory in " + root.string());
    }
    directory_ = name;
  }

  ~FileAdapterOf() {
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  FileAdapterOf(const FileAdapterOf&) = delete;
  FileAdapterOf& operator=(const FileAdapterOf&) = delete;

  // A handle beside those that are open; when none is, one on what the log on disk says.
  Result<std::unique_ptr<FileStore>> Open() {
    if (auto store = FileStoreSeam::Attach(log_)) return store;
    auto store = OpenAt(directory_.string());
    if (store) log_ = FileStoreSeam::LogOf(**store);
    return store;
  }

  Result<std::string> Location() { return directory_.string(); }
  static Result<std::unique_ptr<FileStore>> OpenAt(std::string_view location) {
    return FileStore::Open(std::filesystem::path(location), {.durability = kDurability});
  }

  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) {
    auto store = Open();
    if (!store) return store.error();
    const auto sequence = FileStoreSeam::AppendRaw(**store, actor_id, raw);
    if (!sequence) return sequence.error();
    return Injection{true, *sequence};
  }

 private:
  std::filesystem::path directory_;
  std::weak_ptr<file::FileLog> log_;
};

using FileAdapter = FileAdapterOf<Durability::kDurable>;
using PageCacheFileAdapter = FileAdapterOf<Durability::kPageCache>;

static_assert(CheckAdapter<FileAdapter>());

}  // namespace aether
