// Small programs that write files, by protocols whose worth is known. Each is run as a process of its own.

#pragma once

#include <filesystem>
#include <string>

#include "faults/fault_log.h"

namespace aether::conformance {

// Runs `name` in `directory`, watched by `log`. Throws when it does not end well.
void RunWatched(const std::string& name, const std::filesystem::path& directory, const FaultLog& log);

// The other side: main() of the process. -1: this process is none of them.
int RunIfWatched();

}  // namespace aether::conformance
