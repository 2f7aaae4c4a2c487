// Files that change without a call: through a mapping, or by a stream of the C library. What they hold is
// read again before each record, and recorded as far as it has changed since.

#pragma once

#include <cstdint>

namespace aether::faults {

// Which of the silent files is behind a descriptor; -1: none.
int SilentOf(int fd);

// All below: alone.

// From now on the file behind `fd`, which is one of the directory's, may change. Answers its number, or -1.
int BeginSilent(int fd);
// One of those who may change it is gone.
void EndSilent(int file);
void LookAtSilent();

}  // namespace aether::faults
