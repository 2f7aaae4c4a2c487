// A run as a page of Markdown.

#pragma once

#include <string>

#include "results.h"

namespace aether::bench::compare {

// What docs/performance.md has of a run: date, environment, all figures with their durability, growth,
// limits, and which aims are met.
std::string Markdown(const Results& results);

}  // namespace aether::bench::compare
