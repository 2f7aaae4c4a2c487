// What the adapter of the file store needs and users do not.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "aether/file_store.h"

namespace aether {

namespace file {
class FileLog;
}  // namespace file

struct FileStoreSeam {
  // The log behind the handle, for finding out later whether any handle still has it open.
  static std::weak_ptr<file::FileLog> LogOf(const FileStore& store);

  // Another handle on `log`; null when its last handle has been closed.
  static std::unique_ptr<FileStore> Attach(const std::weak_ptr<file::FileLog>& log);

  // Calls `visit` with the JSON of each of the actor's sound records, undecoded, where it lies: valid
  // during the call.
  static Result<void> ReadPayloads(FileStore& store, std::string_view actor_id, std::int64_t from_version,
                                   const std::function<void(std::string_view)>& visit);

  // Puts a sound record with these bytes, of which no version is known, at the end of the actor's stream.
  // Answers its sequence number. Latest versions do not change.
  static Result<std::uint64_t> AppendRaw(FileStore& store, std::string_view actor_id, std::string_view raw);
};

}  // namespace aether
