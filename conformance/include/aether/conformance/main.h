// The main() of a conformance program.

#pragma once

namespace aether::conformance {

// Parses the command line, runs the rules under supervision, prints and writes the report. `--help` lists
// the options. Answers the exit code: 0 every MUST rule holds or is known to fail, 1 a rule failed, or a known
// failure did not, 2 usage, harness or environment error, or a MUST rule without a verdict.
int Main(int argc, char** argv);

}  // namespace aether::conformance
