// A deposit was booked with one zero too many. Nothing is changed: a further event says so.

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "aether/memory_store.h"

namespace {

void Require(const aether::Result<void>& result) {
  if (result) return;
  std::fprintf(stderr, "%s\n", result.error().message().c_str());
  std::exit(1);
}

void Book(aether::EventStore& account, std::int64_t version, const std::string& type, int amount) {
  aether::Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = type;
  event.actor_id = "account-7";
  event.version = version;
  event.data = aether::JsonObject::From({{"amount", amount}}).value();
  event.timestamp = aether::Timestamp::Now();
  Require(account.SaveEvent(event));
}

// [begin]
// Appends an event that takes `excess` back from the deposit `wrong`, and names it and who found it.
// kVersionConflict: another writer was first; read the account again and decide again.
aether::Result<void> Correct(aether::EventStore& account, const aether::Event& wrong, int excess,
                             std::string_view user) {
  const auto latest = account.GetLatestVersion(wrong.actor_id);
  if (!latest) return latest.error();
  auto data = aether::JsonObject::From({{"amount", -excess}});
  if (!data) return data.error();

  aether::Event correction;
  correction.id = "correction-of-" + wrong.id;
  correction.event_type = "DepositCorrected";
  correction.actor_id = wrong.actor_id;
  correction.version = *latest + 1;
  correction.data = *std::move(data);
  correction.timestamp = aether::Timestamp::Now();
  correction.metadata.SetCausationId(wrong.id);
  correction.metadata.SetUserId(user);
  return account.SaveEvent(correction);
}
// [end]

}  // namespace

int main() {
  aether::MemoryStore account;
  Book(account, 1, "Deposited", 1000);
  Book(account, 2, "Withdrawn", -30);

  const aether::EventPtr wrong = account.GetEvents("account-7", 1).value().front();
  Require(Correct(account, *wrong, 900, "carol"));

  // The audit trail is the stream itself, and the balance is what its replay comes to.
  int balance = 0;
  const std::vector<aether::EventPtr> trail = account.GetEvents("account-7", 1).value();
  for (const aether::EventPtr& event : trail) {
    balance += event->data.ToJson()["amount"].get<int>();
    const std::string cause(event->metadata.causation_id());
    const std::string user(event->metadata.user_id());
    const std::string note = cause.empty() ? "" : "  of " + cause + ", by " + user;
    std::printf("%d  %-16s  %s%s\n", static_cast<int>(event->version), event->event_type.c_str(),
                event->data.text().c_str(), note.c_str());
  }
  std::printf("balance %d\n", balance);
}
