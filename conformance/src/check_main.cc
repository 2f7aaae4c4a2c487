// aether_check: runs conformance programs one after the other and shows their stores side by side.
//
//     aether_check --program memory=build/memory_conformance --program file=... [options]

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "options.h"
#include "report.h"

namespace aether::conformance {
namespace {

namespace fs = std::filesystem;

// Runs `program` with the options and waits for it. Answers its exit code, or -1 when it died of a signal.
int RunProgram(const std::string& name, const std::string& program, const Options& options,
               const Settings& settings, const fs::path& report) {
  std::vector<std::string> arguments = {program,
                                        "--profile",
                                        options.profile,
                                        "--seed",
                                        std::to_string(settings.seed),
                                        "--call-limit",
                                        std::to_string(options.call_limit_seconds),
                                        "--patience",
                                        std::to_string(options.patience_seconds),
                                        "--report",
                                        report.string()};
  for (const std::string& prefix : options.rules) arguments.insert(arguments.end(), {"--rules", prefix});
  if (options.verbose) arguments.push_back("--verbose");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::cout.flush();
  const pid_t pid = fork();
  if (pid == 0) {
    if (const char* replay = std::getenv("AETHER_REPLAY")) {
      setenv("AETHER_REPLAY", (std::string(replay) + " " + name).c_str(), 1);
    }
    setenv("AETHER_NO_TABLE", "1", 1);  // one table for all stores, below
    execv(program.c_str(), argv.data());
    std::cerr << "cannot run " << program << ": " << std::strerror(errno) << "\n";
    _exit(2);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int Run(const std::vector<std::string>& programs, const Options& options) {
  Settings settings = SettingsOf(options);
  (void)SelectRules(options);  // tells a wrong selection before anything runs
  std::string scratch = (fs::temp_directory_path() / "aether-check-XXXXXX").string();
  if (mkdtemp(scratch.data()) == nullptr) throw std::runtime_error("cannot make a directory " + scratch);
  nlohmann::json stores = nlohmann::json::array();
  bool broken = false;
  for (const std::string& program : programs) {
    const std::size_t equals = program.find('=');
    if (equals == std::string::npos)
      throw CLI::ValidationError("--program", "\"" + program + "\" is not NAME=PATH");
    const std::string name = program.substr(0, equals);
    const fs::path report = fs::path(scratch) / name;
    const int code = RunProgram(name, program.substr(equals + 1), options, settings, report);
    std::ifstream in(report / "report.json");
    if (!in) {
      std::cerr << name << ": no report; the program "
                << (code < 0 ? "died" : "ended with exit code " + std::to_string(code)) << "\n";
      broken = true;
      continue;
    }
    nlohmann::json parsed = nlohmann::json::parse(in);
    for (auto& store : parsed.at("stores")) stores.push_back(std::move(store));
  }
  fs::remove_all(scratch);
  std::cout << "\n" << Table(stores) << "seed " << settings.seed << ", profile " << options.profile << "\n";
  if (!options.report.empty()) {
    WriteReports(options.report, stores);
    std::cout << "reports: " << (fs::path(options.report) / "report.json").string() << ", junit.xml\n";
  }
  const int code = ExitCode(stores, options.strict);
  return code == 0 && broken ? 2 : code;
}

}  // namespace
}  // namespace aether::conformance

int main(int argc, char** argv) {
  using namespace aether::conformance;
  CLI::App app("Tries several event stores against the Aether contract and shows them side by side.");
  Options options;
  std::vector<std::string> programs;
  AddOptions(&app, &options);
  app.add_option("--program", programs, "NAME=PATH of a conformance program; once for each store")
      ->required();
  try {
    app.parse(argc, argv);
    return Run(programs, options);
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}
