// What racers do to meet.

#include "racing.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <thread>

namespace aether::conformance {

void PinThisThread(int core) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<unsigned>(core) % cores, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);  // best effort
}

void Spin(std::chrono::nanoseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
  }
}

void Pause(std::chrono::nanoseconds time) {
  constexpr auto kLateness = std::chrono::microseconds(150);
  const auto end = std::chrono::steady_clock::now() + time;
  if (time > kLateness) std::this_thread::sleep_until(end - kLateness);
  Spin(end - std::chrono::steady_clock::now());
}

}  // namespace aether::conformance
