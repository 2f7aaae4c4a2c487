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
  Reserve(pairs.size());
  for (const auto& [key, value] : pairs) Set(key, value);
}

void Metadata::Set(std::string_view key, std::string_view value) {
  // Made first: the value may be a view into what is about to be changed.
  std::pair<std::string, std::string> added(key, value);
  Pairs& pairs = pairs_.Own();
  if (pairs.empty() || pairs.back().first < added.first) {
    pairs.push_back(std::move(added));
    return;
  }
  const auto at = LowerBound(pairs, added.first);
  if (at->first == added.first) {
    at->second = std::move(added.second);
  } else {
    pairs.insert(at, std::move(added));
  }
}

std::string_view Metadata::Get(std::string_view key) const {
  const Pairs& pairs = pairs_.Get();
  const auto at = LowerBound(pairs, key);
  return at != pairs.end() && at->first == key ? std::string_view(at->second) : std::string_view();
}

bool Metadata::Contains(std::string_view key) const {
  const Pairs& pairs = pairs_.Get();
  const auto at = LowerBound(pairs, key);
  return at != pairs.end() && at->first == key;
}

void Metadata::CopyFrom(const Metadata& source) {
  if (&source == this) return;
  for (const auto& [key, value] : source) Set(key, value);
}

}  // namespace aether
