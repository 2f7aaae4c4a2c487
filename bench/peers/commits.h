// Where an acknowledged save is: the one setting that all peers share.

#pragma once

namespace aether::peers {

enum class Commits {
  kToDevice,     // flushed to the device before SaveEvent returns
  kToPageCache,  // handed to the operating system, or soon: lost when the machine fails
};

}  // namespace aether::peers
