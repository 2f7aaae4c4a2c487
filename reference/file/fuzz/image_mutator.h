// How the images of a store are changed so that the code behind their checksums is reached.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>

#include "store_image.h"

namespace aether::file::fuzz {

// Changes bytes anywhere: what libFuzzer does to the first `size` of `capacity` bytes, answering how many
// they are then.
using ByteMutator = std::function<std::size_t(std::uint8_t* bytes, std::size_t size, std::size_t capacity)>;

// Changes `image`: bytes, fields, records or whole frames; then, most of the time, repairs what a writer
// would have written about that, and sometimes damages what it has repaired.
void Mutate(const ByteMutator& mutate_bytes, std::size_t most_bytes, std::mt19937* random,
            StoreImage* image);

}  // namespace aether::file::fuzz
