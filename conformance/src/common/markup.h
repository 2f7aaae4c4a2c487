// Text for XML and HTML.

#pragma once

#include <string>

namespace aether::conformance {

// `text`, valid UTF-8, for an element or an attribute in quotes. What XML 1.0 cannot hold at all is
// replaced.
std::string MarkupEscaped(const std::string& text);

}  // namespace aether::conformance
