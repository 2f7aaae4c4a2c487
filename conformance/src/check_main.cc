// aether_check: runs conformance programs one after the other and shows their stores side by side.
//
//     aether_check --program memory=build/memory_conformance --program file=... [options]
//     aether_check --driver 'python3 my_driver.py' [options]

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "common/command_line.h"
#include "common/interrupts.h"
#include "options.h"
#include "outputs.h"
#include "report.h"
#include "run_info.h"
#include "scratch.h"

namespace aether::conformance {
namespace {

namespace fs = std::filesystem;

struct Program {
  std::string name;  // the store's; of a driver nothing, since only it knows
  std::string path;
  std::string driver;  // its command; else empty

  // What ./kit check calls it.
  std::string Words() const {
    return driver.empty() ? ShellQuoted(name) : "--driver " + ShellQuoted(driver);
  }
};

std::vector<Program> ParsePrograms(const std::vector<std::string>& words) {
  std::vector<Program> programs;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw CLI::ValidationError("--program", "\"" + word + "\" is not NAME=PATH");
    }
    programs.push_back({word.substr(0, equals), word.substr(equals + 1), ""});
  }
  return programs;
}

// A misspelt store would make an entry that is never looked at.
void RefuseUnknownStores(const KnownFailures& known, const std::vector<std::string>& stores) {
  for (const KnownFailure& entry : known.entries()) {
    if (entry.store.empty() || std::find(stores.begin(), stores.end(), entry.store) != stores.end())
      continue;
    throw std::runtime_error("--known-failures: " + known.file() + ": " + entry.rule +
                             " is listed for the store \"" + entry.store +
                             "\", and there is no such store");
  }
}

std::vector<std::string> Arguments(const Program& program, const Options& options, const Settings& settings,
                                   const fs::path& report) {
  std::vector<std::string> arguments = {program.path};
  if (!program.driver.empty()) arguments.insert(arguments.end(), {"--driver", program.driver});
  arguments.insert(arguments.end(),
                   {"--profile", options.profile, "--seed", std::to_string(settings.seed), "--call-limit",
                    std::to_string(options.call_limit_seconds), "--patience",
                    std::to_string(options.patience_seconds), "--report", report.string()});
  for (const std::string& prefix : options.rules) arguments.insert(arguments.end(), {"--rules", prefix});
  if (!options.known_failures.empty()) {
    arguments.insert(arguments.end(), {"--known-failures", options.known_failures});
  }
  if (options.verbose) arguments.push_back("--verbose");
  return arguments;
}

// Waits for a program; one that runs when an interrupt comes is asked to end, and cleans up as well.
int WaitFor(pid_t pid) {
  bool asked = false;
  int status = 0;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    if (Interrupted() && !asked) {
      kill(pid, SIGTERM);
      asked = true;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return status;
}

// Runs `program` and waits for it. Answers its exit code, or -1 when it died of a signal.
int RunProgram(const Program& program, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::cout.flush();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (const char* replay = std::getenv("AETHER_REPLAY")) {
      setenv("AETHER_REPLAY", (std::string(replay) + " " + program.Words()).c_str(), 1);
    }
    setenv("AETHER_NO_TABLE", "1", 1);  // one table for all stores, below
    execv(program.path.c_str(), argv.data());
    std::cerr << "cannot run " << program.path << ": " << std::strerror(errno) << "\n";
    _exit(2);
  }
  const int status = WaitFor(pid);
  if (Interrupted()) throw std::runtime_error("interrupted");
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Appends what the program's report says to `stores`. Answers whether there was one that can be trusted.
bool Judge(const Program& program, const Options& options, const Settings& settings,
           const KnownFailures& known, const fs::path& report, nlohmann::json* stores) {
  const int code = RunProgram(program, Arguments(program, options, settings, report));
  std::ifstream in(report / "report.json");
  if (!in) {
    std::cerr << program.Words() << ": no report; the program "
              << (code < 0 ? "died" : "ended with exit code " + std::to_string(code)) << "\n";
    return false;
  }
  nlohmann::json parsed = nlohmann::json::parse(in);
  bool trusted = true;
  for (auto& store : parsed.at("stores")) {
    const std::string name = store.at("store");
    for (const KnownFailure& entry : known.entries()) {
      if (program.name.empty() || entry.store != program.name || name == program.name) continue;
      std::cerr << "--known-failures: " << known.file() << ": " << entry.rule
                << " is listed for the store \"" << entry.store << "\", which calls itself \"" << name
                << "\"\n";
      trusted = false;
    }
    stores->push_back(std::move(store));
  }
  return trusted;
}

struct Asked {
  std::vector<std::string> programs;
  std::vector<std::string> drivers;
  std::string driver_program;
  std::vector<std::string> untried;
};

int Run(const Asked& asked, const Options& options, const std::string& command) {
  // All that can be wrong with the arguments is told before anything runs.
  const Settings settings = SettingsOf(options);
  (void)SelectRules(options);
  std::vector<Program> programs = ParsePrograms(asked.programs);
  std::vector<std::string> names = asked.untried;
  for (const Program& program : programs) names.push_back(program.name);
  for (const std::string& driver : asked.drivers) programs.push_back({"", asked.driver_program, driver});
  if (programs.empty()) throw CLI::RequiredError("--program or --driver");
  KnownFailures known;
  if (!options.known_failures.empty()) known = KnownFailures::Read(options.known_failures);
  if (asked.drivers.empty()) RefuseUnknownStores(known, names);

  const InterruptsNoted interrupts;
  const Scratch scratch("aether-check");
  const RunInfo info(command, options.strict);
  nlohmann::json stores = nlohmann::json::array();
  nlohmann::json without_report = nlohmann::json::array();
  bool broken = false;
  for (std::size_t i = 0; i < programs.size(); ++i) {
    const fs::path report = scratch.path() / std::to_string(i);
    const std::size_t reported = stores.size();
    if (!Judge(programs[i], options, settings, known, report, &stores)) broken = true;
    if (stores.size() == reported) without_report.push_back(programs[i].Words());
  }
  for (const auto& store : stores) names.push_back(store.at("store"));
  RefuseUnknownStores(known, names);
  std::cout << "\n"
            << (options.rules.empty() ? "" : TriedLines(stores)) << Table(stores) << "seed "
            << settings.seed << ", profile " << options.profile << "\n";
  nlohmann::json run = info.ToJson();
  run["without_report"] = std::move(without_report);
  WriteOutputs(options, {{"run", std::move(run)}, {"stores", stores}});
  if (!options.report.empty())
    std::cout << "report: " << (fs::path(options.report) / "index.html").string() << "\n";
  const int code = ExitCode(stores, options.strict);
  return code == 0 && broken ? 2 : code;
}

}  // namespace
}  // namespace aether::conformance

int main(int argc, char** argv) {
  using namespace aether::conformance;
  CLI::App app("Tries several event stores against the Aether contract and shows them side by side.");
  Options options;
  Asked asked;
  // Installed, the two are in one directory.
  asked.driver_program =
      (fs::read_symlink("/proc/self/exe").parent_path() / "aether_driver_conformance").string();
  AddOptions(&app, &options);
  app.add_option("--program", asked.programs, "NAME=PATH of a conformance program; once for each store");
  app.add_option("--driver", asked.drivers, "the command that runs a driver; once for each store");
  app.add_option("--driver-program", asked.driver_program, "where aether_driver_conformance is");
  app.add_option("--untried", asked.untried,
                 "a store that --known-failures may name though it is not tried now");
  try {
    app.parse(argc, argv);
    return Run(asked, options, CommandLine(argc, argv));
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}
