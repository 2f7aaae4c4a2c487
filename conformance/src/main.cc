// Main(): options, supervision, progress, reports.

#include "aether/conformance/main.h"

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "aether/conformance/run_rule.h"
#include "aether/rules.h"
#include "common/command_line.h"
#include "options.h"
#include "outputs.h"
#include "peer.h"
#include "report.h"
#include "run_info.h"
#include "supervisor.h"

namespace aether::conformance {

namespace {

struct Registered {
  std::string name;
  Subject subject;
  std::string about;
};

std::vector<Registered>& Stores() {
  static std::vector<Registered> stores;
  return stores;
}

// On a terminal one line that is written over; elsewhere a line for each area.
class Progress {
 public:
  Progress(std::string store, std::size_t rules) : store_(std::move(store)), rules_(rules) {}

  void Start(const std::string& rule_id) {
    if (terminal_) Line(rule_id);
  }

  void Done(const RuleResult& result) {
    const std::string area = result.id.substr(0, result.id.find('-'));
    if (!terminal_ && !area_.empty() && area != area_) EndArea();
    ++done_;
    area_ = area;
    seconds_ += result.seconds;
    if (result.verdict != Verdict::kPassed && result.verdict != Verdict::kNotOffered) ++bad_;
  }

  void End() {
    if (terminal_) {
      std::fprintf(stderr, "\r\x1b[K");
    } else if (!area_.empty()) {
      EndArea();
    }
  }

 private:
  void Line(const std::string& text) {
    std::fprintf(stderr, "\r\x1b[K%s  %zu/%zu  %s%s", store_.c_str(), done_, rules_,
                 bad_ > 0 ? (std::to_string(bad_) + " not passed  ").c_str() : "", text.c_str());
  }

  void EndArea() {
    std::fprintf(stderr, "%s  %zu/%zu  %-4s  %.2f s%s\n", store_.c_str(), done_, rules_, area_.c_str(),
                 seconds_, bad_ > 0 ? ("  " + std::to_string(bad_) + " not passed").c_str() : "");
    seconds_ = 0;
  }

  std::string store_;
  std::size_t rules_;
  std::size_t done_ = 0;
  std::size_t bad_ = 0;
  double seconds_ = 0;
  std::string area_;
  bool terminal_ = isatty(STDERR_FILENO) == 1;
};

std::string OwnCommand(const char* argv0) {
  const char* prefix = std::getenv("AETHER_REPLAY");
  return prefix != nullptr ? prefix : ShellQuoted(argv0);
}

int Run(const Options& options, int argc, char** argv) {
  const RunInfo run(CommandLine(argc, argv), options.strict);
  Supervision supervision;
  supervision.settings = SettingsOf(options);
  supervision.rules = SelectRules(options);
  supervision.call_limit = std::chrono::seconds(options.call_limit_seconds);
  supervision.verbose = options.verbose;

  StoreReport report;
  report.store = Stores().front().name;
  report.about = Stores().front().about;
  report.settings = supervision.settings;
  report.replay = OwnCommand(argv[0]);
  report.call_limit = supervision.call_limit;
  if (!options.known_failures.empty()) report.known_failures = KnownFailures::Read(options.known_failures);

  Progress progress(report.store, supervision.rules.size());
  const auto run_rules = options.in_process ? RunInThisProcess : Supervise;
  run_rules(
      supervision, &report, [&](const std::string& id) { progress.Start(id); },
      [&](const RuleResult& result) { progress.Done(result); });
  progress.End();

  std::string told_error;
  for (const RuleResult& result : report.rules) {
    if (result.verdict == Verdict::kPassed || result.verdict == Verdict::kNotOffered) continue;
    if (result.verdict == Verdict::kErrored && result.message == told_error) continue;  // once is enough
    if (result.verdict == Verdict::kErrored) told_error = result.message;
    std::cout << Explain(report, result) << "\n";
  }
  const nlohmann::json stores = nlohmann::json::array({ToJson(report)});
  if (std::getenv("AETHER_NO_TABLE") == nullptr) {
    if (!options.rules.empty()) std::cout << TriedLines(stores);
    std::cout << Table(stores);
  }
  std::cout << StaleEntries(stores);
  std::cout << report.store << (report.about.empty() ? "" : " (" + report.about + ")") << ": seed "
            << report.settings.seed << ", profile " << ProfileName(report.settings.profile) << "\n";
  WriteOutputs(options, {{"run", run.ToJson()}, {"stores", stores}});
  return ExitCode(stores, options.strict);
}

}  // namespace

bool RegisterStore(std::string_view name, Subject subject, std::string about) {
  Stores().push_back({std::string(name), std::move(subject), std::move(about)});
  return true;
}

int Main(int argc, char** argv) {
  if (IsPeer()) {
    return RunPeer(
        [](const std::string&) { return Stores().empty() ? nullptr : &Stores().front().subject; });
  }
  AllowPeers();
  if (IsChild()) return RunChild();
  CLI::App app("Tries an event store against the Aether contract, rule by rule.");
  Options options;
  AddOptions(&app, &options);
  app.add_flag("--in-process", options.in_process,
               "for a debugger: rules run in this process; no call is ended, and a crash ends the run");
  try {
    app.parse(argc, argv);
    if (Stores().size() != 1) {
      std::cerr << "this program judges " << Stores().size()
                << " stores: AETHER_CONFORMANCE has to be in it exactly once\n";
      return 2;
    }
    return Run(options, argc, argv);
  } catch (const CLI::Error& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}

}  // namespace aether::conformance
