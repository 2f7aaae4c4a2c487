// Interrupts.

#include "interrupts.h"

#include <csignal>

namespace aether::conformance {

namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

InterruptsNoted::InterruptsNoted() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigaction(kSignals[i], &action, &before_[i]);
    if (before_[i].sa_handler == SIG_IGN) sigaction(kSignals[i], &before_[i], nullptr);
  }
}

InterruptsNoted::~InterruptsNoted() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &before_[i], nullptr);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace aether::conformance
