// Commands as they are typed.

#pragma once

#include <string>

namespace aether::conformance {

// `word` as a POSIX shell takes it for one word, with quotes where it needs some.
std::string ShellQuoted(const std::string& word);

// The arguments of a program as one line for a shell, or what the environment variable AETHER_COMMAND says
// that was typed instead.
std::string CommandLine(int argc, char** argv);

}  // namespace aether::conformance
