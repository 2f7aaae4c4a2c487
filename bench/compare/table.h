// A run as text for people.

#pragma once

#include <string>

#include "results.h"

namespace aether::bench::compare {

// Warnings, a table for each durability, growth, comparisons and aims.
std::string Text(const Results& results);

}  // namespace aether::bench::compare
