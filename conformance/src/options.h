// The options that conformance programs and aether_check share.

#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "aether/conformance/verdict.h"

namespace aether::conformance {

struct Options {
  std::string profile = "standard";
  std::string seed = "1";
  std::vector<std::string> rules;  // prefixes of ids; empty: all
  std::string report;
  std::string known_failures;  // a file; empty: none
  int call_limit_seconds = static_cast<int>(kDefaultCallLimit.count());
  int patience_seconds = 10;
  bool strict = false;
  bool github = false;
  bool verbose = false;
  bool in_process = false;  // of a conformance program only
};

// Adds the options to `app`.
void AddOptions(CLI::App* app, Options* options);

// Throw CLI::ValidationError with a text that names what is wrong.
Settings SettingsOf(const Options& options);
std::vector<std::string> SelectRules(const Options& options);

}  // namespace aether::conformance
