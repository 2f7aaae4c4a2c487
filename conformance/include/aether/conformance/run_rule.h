// What the typed suites call: the way from a test to its property.

#pragma once

#include <string>
#include <string_view>

#include "aether/conformance/subject.h"

namespace aether::conformance {

// Tries one rule on `subject` and tells the running test, and the supervisor if there is one, what came of
// it. Under a plain GoogleTest main() the standard profile and seed 1 are used.
void RunRule(const Subject& subject, std::string_view rule_id);

// Notes that this program judges the store `name`, and how another process of it opens that. One program
// judges one store. `about` is what reports say of it beside its name, such as its version; may be empty.
bool RegisterStore(std::string_view name, Subject subject, std::string about = "");

// Ends this process, since the adapter, not the store, broke: the rule that is tried now is told as errored
// with `what`. For adapters whose store lives elsewhere; from any thread.
[[noreturn]] void EndAsBroken(const std::string& what);

// Defined by AETHER_CONFORMANCE. A program without it does not link with aether::conformance_main, nor does
// one that has it in two of its files.
extern const bool kExactlyOne_AETHER_CONFORMANCE_AtGlobalScope;

}  // namespace aether::conformance
