// Operations and times in words.

#include "history_words.h"

#include <cstdio>

namespace aether::conformance {

namespace {

using Kind = Operation::Kind;
using Outcome = Operation::Outcome;

std::string Answer(const Operation& operation) {
  if (operation.pending()) return "no answer";
  if (operation.kind == Kind::kLatest) return std::to_string(operation.version);
  if (operation.kind == Kind::kRead) {
    constexpr std::size_t kShown = 8;
    const auto& shown = operation.shown;
    std::string text = shown.empty() ? "nothing" : "";
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (i > 0) text += ", ";
      if (shown.size() > kShown && i == kShown - 2) {
        return text + "... " + std::to_string(shown.back().version);
      }
      text += std::to_string(shown[i].version);
    }
    return text;
  }
  switch (operation.outcome) {
    case Outcome::kStored:
      return "stored";
    case Outcome::kConflict:
      return "conflict, latest " + std::to_string(operation.current);
    case Outcome::kUnknown:
      return "outcome unknown";
    case Outcome::kNothing:
      return "unavailable";
  }
  return "";
}

}  // namespace

std::string Describe(const Operation& operation) {
  std::string text = "latest";
  if (operation.kind == Kind::kSave) text = "save v" + std::to_string(operation.version);
  if (operation.kind == Kind::kRead) {
    text = operation.version <= 1 ? "read all" : "read from " + std::to_string(operation.version);
  }
  return text + " → " + Answer(operation);
}

std::string DescribeDuration(std::int64_t nanoseconds) {
  if (nanoseconds < 1000) return std::to_string(nanoseconds) + " ns";
  char text[32];
  if (nanoseconds < 10'000) {
    std::snprintf(text, sizeof text, "%.1f us", static_cast<double>(nanoseconds) / 1e3);
    return text;
  }
  if (nanoseconds < 10'000'000) return std::to_string(nanoseconds / 1000) + " us";
  return std::to_string(nanoseconds / 1'000'000) + " ms";
}

std::string DescribeAnswer(const Operation& operation) {
  const std::string shown = std::to_string(HighestShown(operation));
  if (operation.kind == Kind::kLatest) return "an answer of latest version " + shown;
  if (operation.kind == Kind::kRead)
    return shown == "0" ? "an empty read" : "a read that shows version " + shown;
  if (operation.acknowledged())
    return "the acknowledged save of version " + std::to_string(operation.version);
  if (operation.unknown())
    return "a save of version " + std::to_string(operation.version) + " of unknown outcome";
  if (operation.outcome == Outcome::kConflict) return "a conflict with current version " + shown;
  return "an unavailable save of version " + std::to_string(operation.version);
}

std::int64_t HighestShown(const Operation& operation) {
  if (operation.pending()) return 0;
  if (operation.kind == Kind::kLatest) return operation.version;
  if (operation.kind == Kind::kRead) return operation.shown.empty() ? 0 : operation.shown.back().version;
  return operation.outcome == Outcome::kConflict ? operation.current : 0;
}

}  // namespace aether::conformance
