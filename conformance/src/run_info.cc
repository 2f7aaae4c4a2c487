// A run as such: when, by which command, and on what machine.

#include "run_info.h"

#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "common/machine.h"
#include "report.h"

namespace aether::conformance {

namespace {

nlohmann::json Environment() {
  const Machine machine = ReadMachine();
  return {{"compiler", machine.compiler},
          {"os", machine.os},
          {"kernel", machine.kernel},
          {"cpu", machine.cpu},
          {"cores", machine.cores}};
}

}  // namespace

RunInfo::RunInfo(std::string command, bool strict)
    : command_(std::move(command)),
      strict_(strict),
      started_(std::chrono::system_clock::now()),
      started_steady_(std::chrono::steady_clock::now()) {}

nlohmann::json RunInfo::ToJson() const {
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started_steady_;
  return {{"kit_version", AETHER_KIT_VERSION},
          {"spec_version", SpecVersion()},
          {"command", Printable(command_)},
          {"strict", strict_},
          {"started", UtcText(started_)},
          {"seconds", took.count()},
          {"without_report", nlohmann::json::array()},
          {"environment", Environment()}};
}

}  // namespace aether::conformance
