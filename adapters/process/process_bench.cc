// aether_driver_bench: measures the store of a driver, in whatever language. The driver's command is in
// $AETHER_DRIVER, what an acknowledged save survives in $AETHER_DRIVER_DURABILITY.

#include <cstdlib>
#include <iostream>
#include <string_view>

#include "aether/bench/benchmark.h"
#include "driver_check.h"
#include "process_adapter.h"

namespace aether::process {
namespace {

constexpr const char* kDurabilityVariable = "AETHER_DRIVER_DURABILITY";

bench::Durability ToldDurability() {
  const char* const told = std::getenv(kDurabilityVariable);
  const std::string_view name = told ? told : "";
  if (name == "device") return bench::Durability::kDevice;
  if (name == "page-cache") return bench::Durability::kPageCache;
  if (name == "memory") return bench::Durability::kMemory;
  return bench::Durability::kUnknown;
}

int Main(int argc, char** argv) {
  const char* const command = std::getenv(kDriverVariable);
  if (command == nullptr || *command == '\0') {
    std::cerr << kDriverVariable << " has to hold the command that runs the driver\n";
    return 2;
  }
  const DriverReport report = CheckDriver(command, [](const DriverCheck&) {});
  if (report.fault) {
    std::cerr << "the driver does not keep the protocol: " << Tell(*report.fault)
              << "all that is tried of it: ./kit driver-check COMMAND\n";
    return 2;
  }
  OnBrokenDriver([](const std::string& what) {
    std::cerr << what << std::endl;
    std::_Exit(2);
  });
  bench::Subject subject = bench::SubjectOf<ProcessAdapter>(report.hello.store, ToldDurability());
  subject.is_remote = true;
  bench::RegisterStore(std::move(subject));
  bench::NoteVersion(report.hello.store,
                     report.hello.version + ", in " + report.hello.language + ", behind a driver");
  const int code = bench::Main(argc, argv);
  const std::string wrong = EndDriver();
  if (!wrong.empty()) std::cerr << "at its end: " << wrong << '\n';
  return wrong.empty() ? code : 2;
}

}  // namespace
}  // namespace aether::process

int main(int argc, char** argv) { return aether::process::Main(argc, argv); }
