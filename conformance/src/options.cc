// The options that conformance programs and aether_check share.

#include "options.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "aether/rules.h"

namespace aether::conformance {

void AddOptions(CLI::App* app, Options* options) {
  app->add_option("--profile", options->profile,
                  "how much to try: quick (seconds), standard, thorough (minutes), soak (hours)")
      ->check(CLI::IsMember({"quick", "standard", "thorough", "soak"}))
      ->capture_default_str();
  app->add_option("--seed", options->seed, "what the inputs are generated from: a number, or random")
      ->capture_default_str();
  app->add_option("--rules", options->rules,
                  "only the rules whose ids begin so: VER,CON-01; what was tried for each is told, where "
                  "it was counted")
      ->delimiter(',');
  app->add_option("--report", options->report,
                  "write index.html, report.json, junit.xml, summary.md and badge.svg into this directory");
  app->add_option("--known-failures", options->known_failures,
                  "a JSON file of rules that are known to fail: each of them has to fail still");
  app->add_option("--call-limit", options->call_limit_seconds,
                  "seconds after which a call to the store hangs")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app->add_option("--patience", options->patience_seconds,
                  "seconds to wait for a notice before it is missing")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app->add_flag("--strict", options->strict, "a SHOULD rule that fails fails the run");
  app->add_flag("--github", options->github,
                "print annotations for GitHub Actions, and append the summary to $GITHUB_STEP_SUMMARY");
  app->add_flag("--verbose", options->verbose, "show what the store prints");
}

Settings SettingsOf(const Options& options) {
  Settings settings;
  settings.patience = std::chrono::seconds(options.patience_seconds);
  settings.call_limit = std::chrono::seconds(options.call_limit_seconds);
  for (const Profile profile : {Profile::kQuick, Profile::kStandard, Profile::kThorough, Profile::kSoak}) {
    if (options.profile == ProfileName(profile)) settings.profile = profile;
  }
  if (options.seed == "random") {
    std::random_device device;
    settings.seed = device() % 1'000'000'000;
    return settings;
  }
  const char* end = options.seed.data() + options.seed.size();
  const auto [stop, error] = std::from_chars(options.seed.data(), end, settings.seed);
  if (error != std::errc() || stop != end) {
    throw CLI::ValidationError("--seed",
                               "\"" + options.seed + "\" is not a number from 0 to 2^64 - 1, nor random");
  }
  return settings;
}

std::vector<std::string> SelectRules(const Options& options) {
  std::vector<std::string> selected;
  for (const Rule& rule : AllRules()) {
    const bool wanted = options.rules.empty() ||
                        std::any_of(options.rules.begin(), options.rules.end(),
                                    [&](const std::string& prefix) { return rule.id.starts_with(prefix); });
    if (wanted) selected.emplace_back(rule.id);
  }
  for (const std::string& prefix : options.rules) {
    if (prefix.empty() || std::none_of(selected.begin(), selected.end(),
                                       [&](const std::string& id) { return id.starts_with(prefix); })) {
      throw CLI::ValidationError("--rules", "no rule begins with \"" + prefix + "\"; ids look like VER-03");
    }
  }
  return selected;
}

}  // namespace aether::conformance
