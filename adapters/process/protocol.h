// The values of the driver protocol (spec/driver.md): the contract's types to JSON and back.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aether/event_store.h"
#include "driver_process.h"

namespace aether::process {

// Texts of these have to be UTF-8, and instants in range: see Sendable.
std::string ToDriverJson(const Event& event);
std::string ToDriverJson(const ActorSnapshot& snapshot);
std::string ToDriverJson(std::int64_t version);
std::string ToBase64(std::string_view bytes);

// What cannot travel as JSON is refused on the kit's side, as a store should: invalid_event.
Result<void> Sendable(const Event& event);
Result<void> Sendable(const ActorSnapshot& snapshot);
Result<void> Sendable(std::string_view actor_id);

// The rest throws DriverError when the driver breaks the protocol, with a text that names the key and shows
// the line.

Hello HelloFrom(const Answer& answer);

// A notice and its subscription. The text of a DriverError lacks the line.
std::pair<std::uint64_t, EventStored> NoticeFrom(const nlohmann::json& message);

// What a driver in C++ reads from requests. Throw DriverError.
Event EventFrom(const nlohmann::json& value);
ActorSnapshot SnapshotFrom(const nlohmann::json& value);
std::int64_t VersionFrom(const nlohmann::json& value);
std::string BytesFrom(const nlohmann::json& value);

// Whether the driver says that it does not know the call.
bool IsUnsupported(const Answer& answer);

// What the call answered. An `exception` is thrown as StoreException.
Result<void> DoneFrom(const Answer& answer);
Result<std::vector<EventPtr>> EventsFrom(const Answer& answer);
Result<std::int64_t> VersionFrom(const Answer& answer);
Result<ReplayResult> ReplayFrom(const Answer& answer);
Result<std::optional<ActorSnapshot>> SnapshotFrom(const Answer& answer);
Result<Injection> InjectionFrom(const Answer& answer);
Result<std::string> LocationFrom(const Answer& answer);
Result<int> ServersFrom(const Answer& answer);  // how many there are
Result<bool> BrokenFrom(const Answer& answer);  // whether break_server can do that
Result<int> LeaderFrom(const Answer& answer);   // -1: not known

// How a fault is called in a request.
std::string_view ServerFaultName(ServerFault fault);

// What the driver's store raised: no error of the contract.
class StoreException : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace aether::process
