// Opens a JetStream store where no server is, and is told so.

#include <iostream>

#include "aether/jetstream_store.h"

int main() {
  aether::JetStreamOptions options;
  options.urls = {"nats://127.0.0.1:1"};
  const auto store = aether::JetStreamStore::Open(options);
  if (store) return 1;
  std::cout << store.error().message() << "\n";
  return store.error().code() == aether::ErrorCode::kUnavailable ? 0 : 1;
}
