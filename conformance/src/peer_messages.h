// What two processes of a run tell each other: calls, answers and errors as JSON. Reading throws where the
// JSON is something else.

#pragma once

#include <nlohmann/json.hpp>

#include "peer.h"

namespace aether::conformance {

nlohmann::json ToJson(const StoreError& error);
StoreError ErrorFrom(const nlohmann::json& in);

nlohmann::json ToJson(const PeerCall& call);
PeerCall CallFrom(const nlohmann::json& in);

// Times are those of the clock that all processes share. An answer whose events are none of any store tells
// so as what was thrown.
nlohmann::json ToJson(const PeerAnswer& answer);
PeerAnswer AnswerFrom(const nlohmann::json& in);

}  // namespace aether::conformance
