// Histories: what clients asked of a store at overlapping times, and whether the answers can all be true.
//
// They can if the history is linearizable: each call takes effect at one moment between its start and its
// end, and answers what a stream of events with rising versions answers at that moment.

#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace aether::conformance {

// An event as a read shows it.
struct ShownEvent {
  std::int64_t version = 0;
  std::uint64_t event = 0;  // which event it is: equal for equal events, different for different ones
  bool operator==(const ShownEvent&) const = default;
};

// One call and its answer. The histories of an actor begin with an empty stream; a read or a question for
// the latest version that was answered with an error tells nothing and is left out.
struct Operation {
  enum class Kind : std::uint8_t { kSave, kRead, kLatest };
  enum class Outcome : std::uint8_t {
    kStored,    // acknowledged
    kConflict,  // refused: `current` was the latest version, and `version` not above it
    kUnknown,   // stored at some moment after `start`, also after `end`, or never
    kNothing    // not stored
  };
  static constexpr std::int64_t kPending = std::numeric_limits<std::int64_t>::max();

  std::uint32_t actor = 0;
  std::int32_t client = 0;  // for drawing only
  Kind kind = Kind::kSave;
  Outcome outcome = Outcome::kStored;  // of a save
  std::int64_t start = 0;              // nanoseconds of one steady clock
  std::int64_t end = kPending;         // kPending: never answered; a save is then of unknown outcome
  std::int64_t version = 0;            // saved; from which on a read reads; answered as the latest
  std::int64_t current = 0;            // of a conflict
  std::uint64_t event = 0;             // saved
  std::vector<ShownEvent> shown;       // by a read, in its order

  bool pending() const { return end == kPending; }
  bool acknowledged() const { return kind == Kind::kSave && outcome == Outcome::kStored && !pending(); }
  bool unknown() const { return kind == Kind::kSave && (outcome == Outcome::kUnknown || pending()); }
};

enum class Legality { kLegal, kIllegal, kUnknown };

// What a check came to. The positions are those of the operations in the history, by their starts.
struct Checked {
  Legality verdict = Legality::kLegal;
  std::string message;  // what is wrong, or why nothing is known; empty when legal

  // The answers that contradict each other, or one that contradicts what was saved and when it was sent.
  // No fewer do: without any one of them the others are legal, whatever else was answered.
  std::vector<std::size_t> answers;
  // The same with the saves that they speak of: what to show to a person.
  std::vector<std::size_t> window;
};

// Whether `history` is legal, in any order of its operations. Exact, in O(n log n) for n operations and
// events shown. Calls that end and start in the same nanosecond count as concurrent. kUnknown only if an
// operation ends before it starts.
Checked CheckHistory(std::span<const Operation> history);

}  // namespace aether::conformance
