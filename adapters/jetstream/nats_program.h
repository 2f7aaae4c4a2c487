// NatsProgram: where the nats-server is, and of which version.

#pragma once

#include <string>

namespace aether {

// The program that `named` means, else $AETHER_NATS_SERVER, else `nats-server`: a path, or a name that is
// looked for in $PATH and where Debian keeps it. `path` is empty when there is no such program.
struct NatsProgram {
  std::string name;
  std::string path;

  static NatsProgram Find(const std::string& named = "");

  // As the program tells it, such as "2.10.27"; empty when it does not.
  std::string Version() const;
};

}  // namespace aether
