// Keys of stores that order them byte by byte: an actor's events are neighbours, ascending by version.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aether::peers {

inline void AppendBigEndian(std::uint64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out->push_back(static_cast<char>(number >> shift));
  }
}

// What the keys of an actor's events begin with. Its length comes first, so that no actor's is the
// beginning of another's.
inline std::string StreamPrefix(std::string_view actor_id) {
  std::string prefix;
  prefix.reserve(4 + actor_id.size() + 8);
  AppendBigEndian(actor_id.size(), 4, &prefix);
  prefix.append(actor_id);
  return prefix;
}

// Stored versions are above 0, so that they sort as they count.
inline std::string EventKey(std::string_view actor_id, std::int64_t version) {
  std::string key = StreamPrefix(actor_id);
  AppendBigEndian(version < 0 ? 0 : static_cast<std::uint64_t>(version), 8, &key);
  return key;
}

// The version in an EventKey().
inline std::int64_t VersionIn(std::string_view key) {
  std::uint64_t version = 0;
  for (const char byte : key.substr(key.size() - 8))
    version = version << 8 | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(version);
}

}  // namespace aether::peers
