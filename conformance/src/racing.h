// What racers do to meet: stay on a core, wait without sleeping.

#pragma once

#include <chrono>

namespace aether::conformance {

// Keeps this thread on one core, where the system lets us, so that racers truly run at the same time.
void PinThisThread(int core);

// Waits without giving the core away.
void Spin(std::chrono::nanoseconds time);

// Waits as exactly, but sleeps through what is longer than a timer is late: a slow store needs the core.
void Pause(std::chrono::nanoseconds time);

}  // namespace aether::conformance
