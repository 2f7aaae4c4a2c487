// libaether_faults.so as bytes.

#pragma once

#include <string_view>

namespace aether::conformance {

// Empty in a build that has none.
std::string_view FaultLibrary();

}  // namespace aether::conformance
