// Saves an event in each of the two stores that need no server, and reads it back.

#include <filesystem>
#include <iostream>

#include "aether/file_store.h"
#include "aether/memory_store.h"

namespace {

bool SavesAndReads(aether::EventStore& store) {
  aether::Event event;
  event.id = "e-1";
  event.event_type = "Deposited";
  event.actor_id = "account-1";
  event.version = 1;
  event.timestamp = aether::Timestamp::Now();
  if (!store.SaveEvent(event)) return false;
  const auto events = store.GetEvents("account-1", 0);
  return events && events->size() == 1 && events->front()->id == "e-1";
}

}  // namespace

int main(int, char** argv) {
  aether::MemoryStore memory;
  const auto file = aether::FileStore::Open(argv[1]);
  if (!file) {
    std::cerr << file.error().message() << "\n";
    return 1;
  }
  return SavesAndReads(memory) && SavesAndReads(**file) ? 0 : 1;
}
