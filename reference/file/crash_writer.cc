// A program that saves events until it is killed: crash_writer <directory>. For each save that returned it
// writes a line "<actor> <version>" to its standard output; a failure ends it.

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "aether/file_store.h"

namespace {

void SaveForEver(aether::FileStore& store, int writer) {
  aether::Event event;
  event.id = "e";
  event.event_type = "counted";
  event.actor_id = std::to_string(writer);
  event.timestamp = aether::Timestamp::Now();
  while (true) {
    ++event.version;
    if (const auto saved = store.SaveEvent(event); !saved) {
      std::cerr << saved.error().message() << "\n";
      std::_Exit(1);
    }
    const std::string line = event.actor_id + " " + std::to_string(event.version) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) std::_Exit(1);
  }
}

}  // namespace

int main(int argc, char** argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (argc != 2) return 2;
  const auto store = aether::FileStore::Open(argv[1]);
  if (!store) {
    std::cerr << store.error().message() << "\n";
    return 1;
  }
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 4; ++writer) {
    threads.emplace_back([&store, writer] { SaveForEver(**store, writer); });
  }
  for (auto& thread : threads) thread.join();
}
