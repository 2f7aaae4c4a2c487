// What two processes of a run tell each other.

#include "peer_messages.h"

#include "aether/wire.h"

namespace aether::conformance {

using nlohmann::json;

namespace {

using Clock = std::chrono::steady_clock;

std::int64_t Ticks(Clock::time_point at) { return at.time_since_epoch().count(); }
Clock::time_point TimeOf(std::int64_t ticks) { return Clock::time_point(Clock::duration(ticks)); }

}  // namespace

json ToJson(const StoreError& error) {
  json out = {
      {"code", static_cast<int>(error.code())}, {"message", error.message()}, {"field", error.field()}};
  if (const auto& conflict = error.conflict()) {
    out["conflict"] = {conflict->actor_id, conflict->attempted_version, conflict->current_version};
  }
  return out;
}

StoreError ErrorFrom(const json& in) {
  if (in.contains("conflict")) {
    const json& c = in.at("conflict");
    return StoreError::Conflict(c.at(0).get<std::string>(), c.at(1), c.at(2));
  }
  return StoreError(static_cast<ErrorCode>(in.at("code").get<int>()), in.at("message"));
}

json ToJson(const PeerCall& call) {
  json out = {{"kind", static_cast<int>(call.kind)},
              {"actor", call.event.actor_id},
              {"from", call.from_version},
              {"meeting", call.meeting},
              {"spin", call.spin_ns}};
  if (call.kind == PeerCall::Kind::kSave) out["event"] = EncodeEvent(call.event).value();
  if (call.kind == PeerCall::Kind::kSaveSnapshot) out["snapshot"] = EncodeSnapshot(call.snapshot).value();
  return out;
}

PeerCall CallFrom(const json& in) {
  PeerCall call{static_cast<PeerCall::Kind>(in.at("kind").get<int>()),
                Event(),
                in.at("from"),
                in.at("meeting"),
                in.at("spin"),
                ActorSnapshot()};
  if (in.contains("event")) call.event = DecodeEvent(in.at("event").get<std::string>()).value();
  if (in.contains("snapshot")) call.snapshot = DecodeSnapshot(in.at("snapshot").get<std::string>()).value();
  call.event.actor_id = in.at("actor");
  return call;
}

json ToJson(const PeerAnswer& answer) {
  json out = {{"list", answer.list},
              {"call", answer.call},
              {"start", Ticks(answer.start)},
              {"end", Ticks(answer.end)},
              {"latest", answer.latest}};
  if (answer.error) out["error"] = ToJson(*answer.error);
  if (!answer.thrown.empty()) out["thrown"] = answer.thrown;
  if (!answer.replay_errors.empty()) out["replay_errors"] = answer.replay_errors;
  if (answer.snapshot) {
    const auto text = EncodeSnapshot(*answer.snapshot);
    out["snapshot"] = text ? *text : "null";
  }
  for (const EventPtr& event : answer.events) {
    const auto text = event ? EncodeEvent(*event) : Result<std::string>("null");
    out["events"].push_back(text ? *text : "null");
  }
  return out;
}

PeerAnswer AnswerFrom(const json& in) {
  PeerAnswer answer;
  answer.list = in.at("list");
  answer.call = in.at("call");
  answer.start = TimeOf(in.at("start"));
  answer.end = TimeOf(in.at("end"));
  answer.latest = in.at("latest");
  if (in.contains("error")) answer.error = ErrorFrom(in.at("error"));
  answer.thrown = in.value("thrown", "");
  answer.replay_errors = in.value("replay_errors", std::vector<std::string>());
  if (in.contains("snapshot")) {
    auto snapshot = DecodeSnapshot(in.at("snapshot").get<std::string>());
    if (snapshot) {
      answer.snapshot = *std::move(snapshot);
    } else {
      answer.thrown = "it answered a snapshot that is none: " + snapshot.error().message();
    }
  }
  if (in.contains("events")) {
    for (const std::string text : in.at("events")) {
      auto event = DecodeEvent(text);
      if (event) {
        answer.events.push_back(std::make_shared<const Event>(*std::move(event)));
      } else {
        answer.thrown = "it answered an event that is none: " + event.error().message();
      }
    }
  }
  return answer;
}

}  // namespace aether::conformance
