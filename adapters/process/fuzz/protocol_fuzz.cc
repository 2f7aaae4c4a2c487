// Fuzz target of the driver protocol's values: a line that a driver, or the kit, may have written.
//
// Whatever it holds, it is decoded, or refused with the error that is there for it; what is decoded can be
// sent and is decoded to the same.

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "driver_process.h"
#include "protocol.h"
#include "require.h"

namespace aether::process {
namespace {

using fuzz::Require;
using nlohmann::json;

// Calls `decode`, which may refuse.
template <typename Decode>
void Try(Decode decode) {
  try {
    decode();
  } catch (const DriverError& error) {
    Require(*error.what() != '\0', "a refusal says why");
  } catch (const StoreException&) {
  }
}

void CheckEvent(const Event& event) {
  if (!Sendable(event)) return;
  const std::string sent = ToDriverJson(event);
  Require(EventFrom(json::parse(sent)) == event, "an event that is sent is decoded to the same", sent);
}

void CheckSnapshot(const ActorSnapshot& snapshot) {
  if (!Sendable(snapshot)) return;
  const std::string sent = ToDriverJson(snapshot);
  Require(SnapshotFrom(json::parse(sent)) == snapshot, "a snapshot that is sent is decoded to the same",
          sent);
}

void CheckBytes(const std::string& bytes) {
  const std::string sent = ToBase64(bytes);
  Require(BytesFrom(json(sent)) == bytes, "bytes that are sent are decoded to the same", sent);
}

// The parts of requests and notices.
void TryValue(const json& value) {
  Try([&] { CheckEvent(EventFrom(value)); });
  Try([&] { CheckSnapshot(SnapshotFrom(value)); });
  Try([&] {
    Require(VersionFrom(json(std::to_string(VersionFrom(value)))) == VersionFrom(value),
            "versions are kept");
  });
  Try([&] { CheckBytes(BytesFrom(value)); });
  Try([&] { NoticeFrom(value); });
}

// As DriverProcess hands it on: with a result or an error, one of them.
void TryAnswer(const json& message, const std::string& line) {
  if (message.contains("result") == message.contains("error")) return;
  const Answer answer{"fuzzed", message, line};
  Try([&] { HelloFrom(answer); });
  Try([&] { static_cast<void>(DoneFrom(answer)); });
  Try([&] { static_cast<void>(VersionFrom(answer)); });
  Try([&] { static_cast<void>(InjectionFrom(answer)); });
  Try([&] { static_cast<void>(LocationFrom(answer)); });
  Try([&] { static_cast<void>(ServersFrom(answer)); });
  Try([&] { static_cast<void>(BrokenFrom(answer)); });
  Try([&] { static_cast<void>(LeaderFrom(answer)); });
  Try([&] {
    if (const auto events = EventsFrom(answer)) {
      for (const EventPtr& event : *events) CheckEvent(*event);
    }
  });
  Try([&] {
    if (const auto replay = ReplayFrom(answer)) {
      for (const ReplayError& error : replay->errors) CheckBytes(error.raw_data);
    }
  });
  Try([&] {
    const auto snapshot = SnapshotFrom(answer);
    if (snapshot && *snapshot) CheckSnapshot(**snapshot);
  });
}

}  // namespace
}  // namespace aether::process

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string line(reinterpret_cast<const char*>(data), size);
  const auto message = nlohmann::json::parse(line, nullptr, false);
  if (message.is_discarded()) return 0;
  aether::process::TryValue(message);
  if (message.is_object()) aether::process::TryAnswer(message, line);
  return 0;
}
