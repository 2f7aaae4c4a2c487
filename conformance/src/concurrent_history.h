// Histories of concurrent calls: recorded on the store under test, and checked.

#pragma once

#include "rule_run.h"

namespace aether::conformance {

// What the callers of a history share.
enum class Sharing { kHandle, kHandles, kProcesses };

// Rounds in which four callers read and save the same actors at the same time. The history of each round has
// to be linearizable; a failure shows the calls that contradict each other.
void TryHistories(RuleRun& run, Sharing sharing);

}  // namespace aether::conformance
