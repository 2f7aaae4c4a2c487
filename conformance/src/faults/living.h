// Living: what a process does not survive is a failure of the store in it.

#pragma once

#include <string>

#include "peer.h"
#include "rule_run.h"

namespace aether::conformance {

// Runs `body`, which uses a peer that was launched, on damaged files or on a disk that fails. Throws
// Failure when the process dies of that, or what runs the store in it breaks, such as a driver.
template <typename Body>
void Living(const std::string& who, const std::string& expected, Body body) {
  try {
    body();
  } catch (const PeerDied&) {
    throw Failure(who + " dies", expected, "the process ended");
  } catch (const AdapterError& error) {
    throw Failure(who + " breaks", expected, error.what());
  }
}

}  // namespace aether::conformance
