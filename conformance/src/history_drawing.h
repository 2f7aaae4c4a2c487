// A contradiction in a history, drawn for people.

#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "history.h"

namespace aether::conformance {

// Both draw the operations at the positions `window` (see Checked), marked, and those of the same actor
// that overlap them, at most 40 in all; of an empty window the first 40 of the history. Times count from
// the first operation drawn.

// A line for each operation, by start: times, a bar, client, call and answer. UTF-8.
std::vector<std::string> TextTimeline(std::span<const Operation> history,
                                      std::span<const std::size_t> window);

// A self-contained SVG image, 900 pixels wide, with a lane for each client and a time axis; it follows the
// reader's choice of light or dark.
std::string SvgTimeline(std::span<const Operation> history, std::span<const std::size_t> window);

}  // namespace aether::conformance
