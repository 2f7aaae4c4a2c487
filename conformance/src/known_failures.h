// Known failures: rules that a store breaks for now, written down with the reason. Each has to fail still,
// so that the list never says less, or more, than is true.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aether::conformance {

struct KnownFailure {
  std::string rule;
  std::string reason;
  std::string store;  // empty: every store
};

class KnownFailures {
 public:
  // None.
  KnownFailures() = default;

  // Reads `file`, which conformance/known-failures.schema.json describes. Throws std::runtime_error that
  // names the file and what is wrong with it.
  static KnownFailures Read(const std::string& file);

  const std::string& file() const { return file_; }
  const std::vector<KnownFailure>& entries() const { return entries_; }

  // The entry for this rule and store, or null. Lives as long as this object.
  const KnownFailure* Find(std::string_view store, std::string_view rule) const;

 private:
  std::string file_;
  std::vector<KnownFailure> entries_;
};

}  // namespace aether::conformance
