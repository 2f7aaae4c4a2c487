// Metadata: a sorted vector of pairs.

#include "aether/metadata.h"

#include <algorithm>

namespace aether {
namespace {

// The first pair of `pairs` whose key is not below `key`.
template <typename Pairs>
auto LowerBound(Pairs& pairs, std::string_view key) {
  return std::lower_bound(pairs.begin(), pairs.end(), key,
                          [](const auto& pair, std::string_view wanted) { return pair.first < wanted; });
}

}  // namespace

Metadata::Metadata(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
  pairs_.reserve(pairs.size());
  for (const auto& [key, value] : pairs) Set(key, value);
}

void Metadata::Set(std::string_view key, std::string_view value) {
  if (pairs_.empty() || pairs_.back().first < key) {
    pairs_.emplace_back(key, value);
    return;
  }
  const auto at = LowerBound(pairs_, key);
  if (at != pairs_.end() && at->first == key) {
    at->second = value;
  } else {
    pairs_.emplace(at, key, value);
  }
}

std::string_view Metadata::Get(std::string_view key) const {
  const auto at = LowerBound(pairs_, key);
  return at != pairs_.end() && at->first == key ? std::string_view(at->second) : std::string_view();
}

bool Metadata::Contains(std::string_view key) const {
  const auto at = LowerBound(pairs_, key);
  return at != pairs_.end() && at->first == key;
}

void Metadata::CopyFrom(const Metadata& source) {
  if (&source == this) return;
  for (const auto& [key, value] : source) Set(key, value);
}

}  // namespace aether
