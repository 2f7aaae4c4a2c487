// The race in which a save comes too late: a lower version, behind one that is acknowledged or read.

#pragma once

#include "rule_run.h"

namespace aether::conformance {

// Rounds in which writers race with different versions on one actor, through one handle and, where several
// are offered, through one each. Fails when an event is stored behind a higher version that was
// acknowledged or read.
void TryLateSaves(RuleRun& run);

}  // namespace aether::conformance
