// aether_bench: runs the benchmark programs of stores side by side and tells what came of it.
//
//     aether_bench --program limits=build/limits_bench --program file=build/file_bench --report out
//
// Exit codes: 0 all is well; 1 something got slower; 2 wrong usage, or figures are missing.

#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "bench_json.h"
#include "command_line.h"
#include "files.h"
#include "interrupts.h"
#include "markdown.h"
#include "measure.h"
#include "page.h"
#include "results.h"
#include "table.h"

namespace aether::bench::compare {
namespace {

namespace fs = std::filesystem;

// Fewer values have a 95 % interval that reaches to their ends, and a rank test that cannot find anything.
constexpr int kFewestRepetitions = 9;
constexpr int kFewestPairs = 15;

struct Options {
  std::vector<std::string> programs;
  std::vector<std::string> baseline_programs;
  bool quick = false;
  std::optional<double> seconds;
  std::optional<int> repetitions;
  std::vector<std::string> workloads;
  std::string report;
  std::string baseline;
  std::optional<double> threshold;
  std::string aims;
  std::string markdown;
  std::string scratch;
  int time_limit = 300;
  bool verbose = false;
};

void AddOptions(CLI::App* app, Options* options) {
  app->add_option("--program", options->programs, "NAME=PATH of a store's benchmark program; once for each")
      ->required();
  app->add_flag("--quick", options->quick, "short repetitions, and no more than 100,000 events or actors");
  app->add_option("--seconds", options->seconds,
                  "that a repetition takes (default: 0.5; quick or with an earlier build: 0.1)")
      ->check(CLI::Range(0.001, 3600.0));
  app->add_option(
      "--repetitions", options->repetitions,
      "of each benchmark, interleaved: at least 9 (the default), with an earlier build 15 (default: 21)");
  app->add_option("--workloads", options->workloads,
                  "only those whose names begin with these words, such as append,replay/events:1000")
      ->delimiter(',');
  app->add_option("--report", options->report, "write index.html and bench.json into this directory");
  app->add_option(
      "--baseline-program", options->baseline_programs,
      "NAME=PATH of an earlier build of the program NAME, to measure beside it and compare with");
  app->add_option("--baseline", options->baseline,
                  "bench.json of an earlier run, to compare with as fractions of limits");
  app->add_option(
         "--threshold", options->threshold,
         "percent by which something has to be slower to be named (default: 5; with --baseline 30)")
      ->check(CLI::Range(0.0, 100.0));
  app->add_option("--aims", options->aims, "a JSON file of figures to reach; tells which are");
  app->add_option("--markdown", options->markdown,
                  "write the figures into this file, as docs/performance.md has them");
  app->add_option("--scratch", options->scratch,
                  "where stores put their files (default: $AETHER_SCRATCH, or the system's)");
  app->add_option("--time-limit", options->time_limit,
                  "seconds after which a repetition hangs (default: 300)")
      ->check(CLI::Range(1, 86400));
  app->add_flag("--verbose", options->verbose, "show what the programs write to standard error");
}

std::vector<Program> ParsePrograms(const Options& options) {
  std::vector<Program> programs;
  const auto parse = [&](const std::string& option, const std::string& word, bool baseline) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
      throw std::runtime_error(option + ": \"" + word + "\" is not NAME=PATH");
    }
    const Program program{word.substr(0, equals), word.substr(equals + 1), baseline};
    for (const Program& other : programs) {
      if (other.name == program.name && other.baseline == baseline) {
        throw std::runtime_error(option + ": " + program.name + " is named twice");
      }
    }
    programs.push_back(program);
  };
  for (const std::string& word : options.programs) parse("--program", word, false);
  const std::vector<Program> these = programs;
  for (const std::string& word : options.baseline_programs) {
    parse("--baseline-program", word, true);
    const std::string& name = programs.back().name;
    if (std::ranges::none_of(these, [&](const Program& program) { return program.name == name; })) {
      throw std::runtime_error("--baseline-program: there is no --program " + name + " to compare with");
    }
  }
  return programs;
}

Settings SettingsOf(const Options& options) {
  const bool pairs = !options.baseline_programs.empty();
  Settings settings;
  settings.quick = options.quick;
  settings.workloads = options.workloads;
  settings.seconds = options.seconds.value_or(options.quick || pairs ? 0.1 : 0.5);
  settings.repetitions = options.repetitions.value_or(pairs ? 21 : kFewestRepetitions);
  // A process has luck for life with where its memory and files lie; an earlier build and this one get
  // several each.
  settings.rounds_a_process = pairs ? 3 : 0;
  const int fewest = pairs ? kFewestPairs : kFewestRepetitions;
  if (settings.repetitions < fewest) {
    throw std::runtime_error("--repetitions: " + std::to_string(settings.repetitions) + " are too few; " +
                             std::to_string(fewest) + " are needed" +
                             (pairs ? " with an earlier build" : ""));
  }
  return settings;
}

double FractionOr(const std::optional<double>& percent, double otherwise) {
  return percent ? *percent / 100 : otherwise;
}

// What was measured, and what it comes to.
void RunPrograms(const WorkerOptions& worker_options, Results* results, Plan* plan) {
  const auto began = std::chrono::steady_clock::now();
  Measured measured = Measure(results->settings, worker_options, plan);
  results->took_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  results->series = std::move(plan->series);
  results->versions = std::move(measured.versions);
  results->troubles = std::move(measured.troubles);
  results->interrupted = measured.interrupted;
  results->summary = Summarize(results->series, results->settings.repetitions);
}

void Compare(const Options& options, const Plan& plan, const nlohmann::json& earlier, Results* results) {
  if (!options.baseline_programs.empty()) {
    Comparison comparison = CompareBuilds(results->series, FractionOr(options.threshold, kBuildThreshold));
    comparison.not_compared.insert(comparison.not_compared.end(), plan.without_counterpart.begin(),
                                   plan.without_counterpart.end());
    results->comparisons.push_back(std::move(comparison));
  }
  if (!options.baseline.empty()) {
    results->comparisons.push_back(CompareRuns(results->summary, earlier, options.baseline,
                                               FractionOr(options.threshold, kFileThreshold)));
  }
}

void Tell(const Options& options, const Results& results) {
  std::cout << Text(results);
  if (!options.report.empty()) {
    const nlohmann::json report = ToJson(results);
    WriteFile(fs::path(options.report) / "bench.json",
              report.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    WriteFile(fs::path(options.report) / "index.html", Page(results, report));
    std::cout << "report: " << (fs::path(options.report) / "index.html").string() << "\n";
  }
  if (!options.markdown.empty()) WriteFile(options.markdown, Markdown(results));
}

int Run(const Options& options, const std::string& command) {
  // All that can be wrong with the arguments is told before anything runs.
  Results results;
  results.command = command;
  results.started = conformance::UtcText(std::chrono::system_clock::now());
  results.programs = ParsePrograms(options);
  results.settings = SettingsOf(options);
  const std::vector<Aim> aims = options.aims.empty() ? std::vector<Aim>() : ReadAims(options.aims);
  const nlohmann::json earlier =
      options.baseline.empty() ? nlohmann::json() : ReadBaseline(options.baseline);
  if (!options.report.empty()) MakeWritable("--report", options.report);
  if (!options.markdown.empty()) MakeWritable("--markdown", fs::absolute(options.markdown).parent_path());
  const Scratch scratch(options.scratch);
  results.environment = ReadEnvironment(scratch.path());

  const conformance::InterruptsNoted interrupts;
  signal(SIGPIPE, SIG_IGN);  // a program that died is no reason to die when it is written to
  Plan plan = MakePlan(results.programs, results.settings, scratch.path());
  RunPrograms(
      {results.settings.seconds, std::chrono::seconds(options.time_limit), scratch.path(), options.verbose},
      &results, &plan);
  Compare(options, plan, earlier, &results);
  results.aims = JudgeAims(aims, results.series);
  Tell(options, results);
  if (std::ranges::any_of(results.comparisons, &Comparison::Worse)) return 1;
  return results.interrupted || !results.troubles.empty() || !results.Incomplete().empty() ? 2 : 0;
}

}  // namespace
}  // namespace aether::bench::compare

int main(int argc, char** argv) {
  using namespace aether::bench::compare;
  CLI::App app("Runs the benchmarks of event stores side by side.");
  Options options;
  AddOptions(&app, &options);
  try {
    app.parse(argc, argv);
    return Run(options, aether::conformance::CommandLine(argc, argv));
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}
