// A second check of a history that shares nothing with the first but the data: the general search for an
// order of the calls. For small histories, and to check the checker.

#pragma once

#include <cstddef>
#include <span>

#include "history.h"

namespace aether::conformance {

// Whether `history` is legal: kUnknown when the search took more than `steps` attempts to put one operation
// next. When illegal, `answers` and `window` are the operations of the actor in question.
Checked SearchHistory(std::span<const Operation> history, std::size_t steps = 1'000'000);

}  // namespace aether::conformance
