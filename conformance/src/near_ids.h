// Names that nearly collide: what stores fold together when they sanitise, normalise, cut or match.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace aether::conformance {

enum class Family { kSeparators, kCase, kNormalisation, kPatterns, kPrefixes, kLong, kControls };

// Names that are all different and that some kind of folding makes equal. None is empty; all are UTF-8.
std::vector<std::string> NearNames(Family family);

}  // namespace aether::conformance
