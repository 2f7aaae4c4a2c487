// Uses the contract, and nothing of the kit.

#include <iostream>

#include "aether/adapter.h"
#include "aether/event_store.h"
#include "aether/rules.h"
#include "aether/wire.h"

int main() {
  const auto data = aether::JsonObject::Parse(R"({"amount": 9007199254740993})");
  if (!data) return 1;
  aether::Event event;
  event.id = "e-1";
  event.event_type = "Deposited";
  event.actor_id = "account-1";
  event.version = 1;
  event.data = *data;
  event.timestamp = aether::Timestamp::Now();
  const auto text = aether::EncodeEvent(event);
  if (!text) return 1;
  std::cout << *text << "\n" << aether::AllRules().size() << " rules\n";
}
