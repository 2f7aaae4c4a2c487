// aether_driver_check: tries a driver against the protocol, and explains each mistake.
//
//     aether_driver_check 'python3 my_driver.py'

#include <CLI/CLI.hpp>
#include <iostream>

#include "driver_check.h"

int main(int argc, char** argv) {
  using namespace aether::process;
  CLI::App app("Tries a driver against the driver protocol. Its store is left to the rules.");
  std::string command;
  app.add_option("COMMAND", command, "the command that runs the driver, such as 'python3 my_driver.py'")
      ->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const DriverReport report =
      CheckDriver(command, [](const DriverCheck& check) { std::cout << Tell(check) << std::flush; });
  if (report.fault) return 1;
  std::string offers;
  for (const auto& known : kDriverCapabilities) {
    if (report.hello.capabilities.*known.offered) offers += " " + std::string(known.name);
  }
  std::cout << "\n"
            << report.hello.store << " " << report.hello.version << ", " << report.hello.language
            << ": the driver keeps the protocol\noffers:"
            << (offers.empty() ? " nothing but an event store" : offers) << "\n";
  return 0;
}
