// aether_driver_conformance: judges the store of a driver, in whatever language.
//
//     aether_driver_conformance --driver 'python3 my_driver.py' [options]

#include <cstdlib>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "aether/conformance/main.h"
#include "aether/conformance/suite.h"
#include "common/command_line.h"
#include "driver_check.h"
#include "process_adapter.h"
#include "report.h"

// As AETHER_CONFORMANCE does it, but for the name: only the driver knows that.
struct AdapterUnderTest {
  using AdapterType = aether::process::ProcessAdapter;
};
namespace aether::conformance::suites {
AETHER_CONFORMANCE_INSTANTIATE(driver, ::AdapterUnderTest)
}  // namespace aether::conformance::suites

namespace aether::process {
namespace {

// What this program needs to know when it runs again as a child or as another process.
constexpr const char* kNameVariable = "AETHER_DRIVER_STORE";

// Takes `--driver COMMAND` out of the arguments.
std::string TakeCommand(std::vector<char*>* arguments) {
  const std::string option = "--driver";
  for (std::size_t i = 1; i < arguments->size(); ++i) {
    const std::string argument = (*arguments)[i];
    const auto at = arguments->begin() + static_cast<std::ptrdiff_t>(i);
    if (argument.rfind(option + "=", 0) == 0) {
      arguments->erase(at);
      return argument.substr(option.size() + 1);
    }
    if (argument != option || i + 1 == arguments->size()) continue;
    const std::string command = (*arguments)[i + 1];
    arguments->erase(at, at + 2);
    return command;
  }
  return "";
}

bool AsksForHelp(const std::vector<char*>& arguments) {
  for (const char* argument : arguments) {
    if (std::strcmp(argument, "--help") == 0 || std::strcmp(argument, "-h") == 0) return true;
  }
  return false;
}

// What the driver says of its store, if it keeps the protocol: otherwise no rule could be tried.
std::optional<Hello> CheckedHello(const std::string& command) {
  const DriverReport report = CheckDriver(command, [](const DriverCheck&) {});
  if (report.fault) {
    std::cerr << "the driver does not keep the protocol: " << Tell(*report.fault)
              << "all that is tried of it: ./kit driver-check COMMAND\n";
  }
  return report.fault ? std::nullopt : std::optional(report.hello);
}

constexpr const char* kWhatDriverIs = "the command that runs the driver, such as 'python3 my_driver.py'\n";

int Main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const std::string command = TakeCommand(&arguments);
  std::string about;
  if (std::getenv(kNameVariable) == nullptr) {
    if (AsksForHelp(arguments)) {
      std::cout << "--driver COMMAND  " << kWhatDriverIs << "\n";
    } else if (command.empty()) {
      std::cerr << "--driver is required: " << kWhatDriverIs;
      return 2;
    }
    const auto hello = command.empty() ? Hello{"driver", "", "", {}} : CheckedHello(command);
    if (!hello) return 2;
    about = "version " + hello->version + ", in " + hello->language + ", behind a driver";
    setenv(kDriverVariable, command.c_str(), 1);
    setenv(kNameVariable, hello->store.c_str(), 1);
    const std::string replay =
        conformance::ShellQuoted(argv[0]) + " --driver " + conformance::ShellQuoted(command);
    setenv("AETHER_REPLAY", replay.c_str(), 0);
    setenv("AETHER_COMMAND", conformance::CommandLine(argc, argv).c_str(), 0);
  }
  OnBrokenDriver([](const std::string& what) { conformance::EndAsBroken(what); });
  conformance::RegisterStore(std::getenv(kNameVariable), conformance::SubjectOf<ProcessAdapter>(), about);
  const int code = conformance::Main(static_cast<int>(arguments.size()), arguments.data());
  const std::string wrong = EndDriver();
  if (!wrong.empty()) conformance::EndAsBroken("at its end: " + wrong);
  return code;
}

}  // namespace
}  // namespace aether::process

int main(int argc, char** argv) { return aether::process::Main(argc, argv); }
