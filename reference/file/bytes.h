// Numbers as bytes: fixed and little-endian, or of variable length.

#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace aether::file {

template <typename T>
void Put(T value, char* out) {
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(out, &value, sizeof(T));
  } else {
    for (std::size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<char>(value >> (8 * i));
  }
}

// Of `bytes` from `at` on, which have to hold it.
template <typename T>
T Get(std::string_view bytes, std::size_t at) {
  T value = 0;
  if constexpr (std::endian::native == std::endian::little) {
    std::memcpy(&value, bytes.data() + at, sizeof(T));
  } else {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      value |= static_cast<T>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
    }
  }
  return value;
}

template <typename T>
void AppendFixed(T value, std::string* out) {
  char bytes[sizeof(T)];
  Put(value, bytes);
  out->append(bytes, sizeof(T));
}

inline constexpr std::size_t kMaxVarintBytes = 10;

// Seven bits a byte, the lowest first, the top bit set in all but the last.
// Answers how many bytes it took.
inline std::size_t PutVarint(std::uint64_t value, char* out) {
  std::size_t size = 0;
  for (; value >= 0x80; value >>= 7) out[size++] = static_cast<char>(value | 0x80);
  out[size++] = static_cast<char>(value);
  return size;
}

inline void AppendVarint(std::uint64_t value, std::string* out) {
  char bytes[kMaxVarintBytes];
  out->append(bytes, PutVarint(value, bytes));
}

// Takes one from the front of `bytes`; 0 when they end too early.
inline std::uint64_t TakeVarint(std::string_view* bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes->size() && i < kMaxVarintBytes; ++i) {
    const auto byte = static_cast<unsigned char>((*bytes)[i]);
    value |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      bytes->remove_prefix(i + 1);
      return value;
    }
  }
  *bytes = {};
  return 0;
}

}  // namespace aether::file
