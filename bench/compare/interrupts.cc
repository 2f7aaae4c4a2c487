// Interrupts.

#include "interrupts.h"

#include <signal.h>

#include <csignal>
#include <initializer_list>

namespace aether::bench::compare {

namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

void NoteInterrupts() {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction before = {};
    struct sigaction action = {};
    action.sa_handler = [](int) { interrupted = 1; };
    sigaction(number, &action, &before);
    if (before.sa_handler == SIG_IGN) sigaction(number, &before, nullptr);
  }
  signal(SIGPIPE, SIG_IGN);
}

bool Interrupted() { return interrupted != 0; }

}  // namespace aether::bench::compare
