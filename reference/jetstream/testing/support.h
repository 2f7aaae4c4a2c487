// What the tests of the JetStream store share: events, waiting, readable checks of results.

#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "aether/jetstream_store.h"
#include "nats_server.h"

namespace aether::jetstream {

inline constexpr std::chrono::seconds kLimit{20};  // for what has to happen at all

template <typename T>
testing::AssertionResult IsOk(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << ErrorCodeName(result.error().code()) << ": "
                                     << result.error().message();
}

template <typename T>
testing::AssertionResult FailsWith(ErrorCode code, const Result<T>& result) {
  if (result) return testing::AssertionFailure() << "it succeeded";
  if (result.error().code() == code) return testing::AssertionSuccess();
  return testing::AssertionFailure() << ErrorCodeName(result.error().code()) << ": "
                                     << result.error().message();
}

template <typename T>
std::string MessageOf(const Result<T>& result) {
  return result ? "success" : result.error().message();
}

// Whether `condition` came true in time.
template <typename Condition>
bool Eventually(Condition condition, std::chrono::milliseconds limit = kLimit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

inline Event MakeEvent(std::string actor, std::int64_t version, std::string id = "") {
  Event event;
  event.id = id.empty() ? actor + "-" + std::to_string(version) : std::move(id);
  event.event_type = "Tested";
  event.actor_id = std::move(actor);
  event.version = version;
  event.data = JsonObject::Trusted("{\"version\":" + std::to_string(version) + "}");
  event.timestamp = {1'700'000'000, 123'456'789};
  return event;
}

inline std::vector<std::int64_t> VersionsOf(const std::vector<EventPtr>& events) {
  std::vector<std::int64_t> versions;
  for (const EventPtr& event : events) versions.push_back(event->version);
  return versions;
}

// A namespace that no other test uses.
inline std::string FreshNamespace() {
  static int count = 0;
  return "test-" + std::to_string(++count);
}

inline JetStreamOptions OptionsFor(const NatsServer& server) {
  JetStreamOptions options;
  options.urls = {server.url()};
  options.store_namespace = FreshNamespace();
  return options;
}

}  // namespace aether::jetstream
