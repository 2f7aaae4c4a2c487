// Commands as they are typed.

#include "command_line.h"

#include <cstdlib>

namespace aether::conformance {

std::string ShellQuoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:=@%+,-";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string CommandLine(int argc, char** argv) {
  if (const char* typed = std::getenv("AETHER_COMMAND")) return typed;
  std::string line;
  for (int i = 0; i < argc; ++i) line += (i == 0 ? "" : " ") + ShellQuoted(argv[i]);
  return line;
}

}  // namespace aether::conformance
