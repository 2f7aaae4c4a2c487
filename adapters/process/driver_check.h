// CheckDriver(): tries a driver, not its store, against the protocol.

#pragma once

#include <functional>
#include <optional>
#include <string>

#include "driver_process.h"

namespace aether::process {

// One thing that was tried.
struct DriverCheck {
  enum class Outcome {
    kOk,
    kNote,   // allowed, and something can then not be tried
    kFault,  // the protocol is broken, and nothing further can be tried
  };
  std::string what;
  Outcome outcome = Outcome::kOk;
  std::string explanation;  // what is wrong, or cannot be tried, and what to do
};

struct DriverReport {
  Hello hello;
  std::optional<DriverCheck> fault;  // the first, which is the last thing that was tried
};

// Runs `command` and tries it, telling each thing as it is done. Takes about a second with a sound driver.
DriverReport CheckDriver(const std::string& command,
                         const std::function<void(const DriverCheck&)>& on_check);

// For people: a line, and the explanation below it.
std::string Tell(const DriverCheck& check);

}  // namespace aether::process
