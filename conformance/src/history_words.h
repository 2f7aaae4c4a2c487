// How operations and times are put into words.

#pragma once

#include <cstdint>
#include <string>

#include "history.h"

namespace aether::conformance {

// "save v3 → stored", "read from 2 → 2, 3", "latest → 3".
std::string Describe(const Operation& operation);

// "850 ns", "1.2 us", "12 us", "15 ms".
std::string DescribeDuration(std::int64_t nanoseconds);

// The answer as the subject or object of a sentence: "the acknowledged save of version 3", "a read that
// shows version 3".
std::string DescribeAnswer(const Operation& operation);

// The highest version that the answer of a read, of a question for the latest version or of a refused
// save shows as stored; 0 if none.
std::int64_t HighestShown(const Operation& operation);

}  // namespace aether::conformance
