// aether_compare: tells what changed between two runs, and ends with 1 if anything got worse.
//
//     aether_compare OLD/report.json NEW/report.json

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "compare.h"

int main(int argc, char** argv) {
  CLI::App app("Tells what changed between two runs, from their report.json, and gates on it.");
  std::string before;
  std::string after;
  app.add_option("OLD", before, "report.json of the earlier run")->required();
  app.add_option("NEW", after, "report.json of the later run")->required();
  try {
    app.parse(argc, argv);
    const auto comparison = aether::conformance::Compare(aether::conformance::ReadReport(before),
                                                         aether::conformance::ReadReport(after));
    std::cout << comparison.text;
    return comparison.worse ? 1 : 0;
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}
