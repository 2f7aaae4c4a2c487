// DriverHandle: a handle that is opened and released by requests.

#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

#include "driver_process.h"
#include "protocol.h"

namespace aether::process {

// A handle of one process of a driver that is checked: each answer is waited for so long. Throws
// DriverError.
class DriverHandle {
 public:
  DriverHandle(DriverProcess& driver, std::chrono::milliseconds limit, Request open)
      : driver_(driver), limit_(limit), id_(driver.NewId()) {
    opened_ = DoneFrom(Call(std::move(open)));
  }
  const Result<void>& opened() const { return opened_; }
  Result<void> Save(const Event& event) {
    return DoneFrom(Call(Request("save").Json("event", ToDriverJson(event))));
  }
  Result<bool> Finds(const Event& event) {
    const auto events = EventsFrom(
        Call(Request("get_events").Text("actorId", event.actor_id).Json("fromVersion", ToDriverJson(0))));
    if (!events) return events.error();
    return events->size() == 1 && events->front()->id == event.id;
  }
  Result<void> Release() { return DoneFrom(Call(Request("release"))); }

 private:
  Answer Call(Request request) { return driver_.Call(request.Number("handle", id_), limit_); }

  DriverProcess& driver_;
  std::chrono::milliseconds limit_;
  std::uint64_t id_;
  Result<void> opened_;
};

}  // namespace aether::process
