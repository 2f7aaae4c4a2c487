// What a rule's trial on a store came to.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace aether::conformance {

enum class Verdict {
  kPassed,
  kFailed,
  kNotOffered,    // the store lacks a capability that the rule needs; never counted as passed
  kInconclusive,  // a search ran out of time; never a pass
  kErrored,       // the harness or the adapter broke, or the process died: no word on the rule
};

std::string_view VerdictName(Verdict verdict);  // "passed", "failed", "not_offered", ...

// How much is tried. The same seed and profile give the same inputs.
enum class Profile { kQuick, kStandard, kThorough, kSoak };

std::string_view ProfileName(Profile profile);

// A call to the store that takes longer than this hangs, unless the run says otherwise.
inline constexpr std::chrono::seconds kDefaultCallLimit{60};

struct Settings {
  Profile profile = Profile::kStandard;
  std::uint64_t seed = 1;
  // How long to wait for something that has to come, such as a notice.
  std::chrono::milliseconds patience = std::chrono::seconds(10);
  // A call that takes longer hangs. Rules in which servers break see to it themselves.
  std::chrono::milliseconds call_limit = kDefaultCallLimit;
};

// A call of a counterexample, to be drawn.
struct TimelineCall {
  int number = 0;  // from 1, in the order of their starts; a long timeline leaves some out
  // The number of the last call that began before this one ended: its own, unless others overlap it.
  int until = 0;
  std::string lane;  // who made it: "h1", "racer 2", "other process"; "--" for a remark
  std::string call;
  std::string answer;  // empty: it never came back
};

// Something of a rule's trial that was counted or measured.
struct Figure {
  std::string name;  // "servers killed", "worst time without a save"
  double value = 0;
  std::string unit;  // "s"; of a count empty
};

struct RuleResult {
  std::string id;
  Verdict verdict = Verdict::kErrored;
  double seconds = 0;
  int cases = 0;         // generated cases that were run, the shrinking left out
  std::vector<Figure> figures;  // what was tried, where the number of cases does not tell
  std::string message;   // what went wrong, or why it was not offered; else empty
  std::string expected;  // of a failure, where the two can be told in a line
  std::string actual;
  std::vector<std::string> counterexample;  // of a failure: the least failing case, call by call
  std::vector<TimelineCall> timeline;       // the same, to be drawn, where there is no picture
  std::string picture;  // of a failure: an SVG document that shows it; empty: there is none
};

}  // namespace aether::conformance
