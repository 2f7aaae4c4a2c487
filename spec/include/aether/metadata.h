// Metadata: the pairs of text that travel with an event.

#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aether/copy_on_write.h"

namespace aether {

// A flat map from text to text, sorted by key, byte by byte. Keys are unique. An empty map and an absent
// one are the same thing. Copies share the pairs until one of them is changed. (META-03)
class Metadata {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  Metadata() = default;
  Metadata(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs);

  // Makes room for so many pairs in all, for whoever knows how many will come.
  void Reserve(std::size_t pairs) { pairs_.Own().reserve(pairs); }

  // Adds the pair, or replaces the value of an equal key.
  void Set(std::string_view key, std::string_view value);

  // The value, or the empty text when the key is absent; Contains() tells the two apart. The view lives
  // until the map changes.
  std::string_view Get(std::string_view key) const;
  bool Contains(std::string_view key) const;

  // Adds the pairs of `source`; overwrites equal keys, keeps the others.
  void CopyFrom(const Metadata& source);

  bool empty() const { return pairs_.Get().empty(); }
  std::size_t size() const { return pairs_.Get().size(); }
  Pairs::const_iterator begin() const { return pairs_.Get().begin(); }
  Pairs::const_iterator end() const { return pairs_.Get().end(); }

  // The standard keys.
  static constexpr std::string_view kCorrelationId = "correlationId";
  static constexpr std::string_view kCausationId = "causationId";
  static constexpr std::string_view kUserId = "userId";
  static constexpr std::string_view kTraceId = "traceId";
  static constexpr std::string_view kSpanId = "spanId";

  void SetCorrelationId(std::string_view value) { Set(kCorrelationId, value); }
  void SetCausationId(std::string_view value) { Set(kCausationId, value); }
  void SetUserId(std::string_view value) { Set(kUserId, value); }
  void SetTraceId(std::string_view value) { Set(kTraceId, value); }
  void SetSpanId(std::string_view value) { Set(kSpanId, value); }
  std::string_view correlation_id() const { return Get(kCorrelationId); }
  std::string_view causation_id() const { return Get(kCausationId); }
  std::string_view user_id() const { return Get(kUserId); }
  std::string_view trace_id() const { return Get(kTraceId); }
  std::string_view span_id() const { return Get(kSpanId); }

  friend bool operator==(const Metadata& a, const Metadata& b) { return a.pairs_.Get() == b.pairs_.Get(); }

 private:
  CopyOnWrite<Pairs> pairs_;
};

}  // namespace aether
