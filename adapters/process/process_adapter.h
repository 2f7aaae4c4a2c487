// The door of stores in any language to the conformance kit: an adapter whose storages live in a driver.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aether/adapter.h"
#include "process_store.h"

namespace aether::process {

// The driver is run by the command in this environment variable, once for each process of the kit.
inline constexpr const char* kDriverVariable = "AETHER_DRIVER";

// The longest wait for the driver's hello.
inline constexpr std::chrono::seconds kHelloLimit{30};

// What is to be done with a driver that is broken; without it std::abort() follows the message.
void OnBrokenDriver(BrokenHandler handler);

// Adapters that are made from now on have their storages in this driver, whatever the environment says.
// Ends the one before when its last adapter and handle are gone. Not while other threads make adapters.
void UseDriver(const std::string& command);

// Ends the driver. What was wrong with it to the last; empty: nothing, or that it took too long.
std::string EndDriver();

// A storage of the driver. A driver that breaks the protocol goes to the handler.
class ProcessAdapter {
 public:
  ProcessAdapter();
  ~ProcessAdapter();
  ProcessAdapter(const ProcessAdapter&) = delete;
  ProcessAdapter& operator=(const ProcessAdapter&) = delete;

  Result<std::unique_ptr<ProcessStore>> Open();
  Result<std::unique_ptr<ProcessStore>> OpenNamespace(std::string_view name);
  Result<std::unique_ptr<ProcessStore>> OpenWithRetention(std::chrono::milliseconds age);
  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw);
  Result<std::string> Location();
  static Result<std::unique_ptr<ProcessStore>> OpenAt(std::string_view location);
  static void PrepareElsewhere();  // starts the driver
  static constexpr bool kLocationIsDirectory = true;  // where Probe() says so, and the next two as well
  static constexpr bool kSurvivesPowerLoss = true;
  static constexpr bool kCountsOnOrderedNames = true;
  int ServerCount();
  Result<bool> BreakServer(int server, ServerFault fault);
  Result<void> MendServers();
  Result<int> LeaderOf(std::string_view actor_id);
  // What the driver says, and whether it serves requests at the same time.
  Result<Capabilities> Probe();

 private:
  Request OnStorage(std::string_view call) const;
  Result<std::unique_ptr<ProcessStore>> Open(Request request);
  // The first handle makes the storage: for hooks that are called before there is one.
  Result<void> Make();

  std::shared_ptr<DriverProcess> driver_;
  std::uint64_t storage_;
  bool exists_ = false;  // the driver knows it
};

// Whether a request that comes while `sleep` is under way is answered before it. `limit`: of each answer.
bool ServesConcurrently(DriverProcess& driver,
                        std::optional<std::chrono::milliseconds> limit = std::nullopt);

}  // namespace aether::process
