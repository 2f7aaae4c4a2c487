// Making events.

#include "events.h"

#include <atomic>
#include <cstdio>

#include "aether/wire.h"

namespace aether::bench {
namespace {

constexpr char kData[] =
    R"({"customer":"c-48213","items":[{"sku":"A-1001","quantity":2,"price":19.99},)"
    R"({"sku":"B-2040","quantity":1,"price":5.5}],"total":45.48,"currency":"EUR","paid":true,)"
    R"("note":"leave these with the neighbours"})";

std::size_t WireBytes(const Event& event) {
  std::string wire;
  AppendEvent(event, &wire);
  return wire.size();
}

}  // namespace

std::string ActorName(std::int64_t number) {
  char name[32];
  std::snprintf(name, sizeof(name), "actor-%06lld", static_cast<long long>(number));
  return name;
}

void MakeNext(std::int64_t version, Event* event) {
  static std::atomic<std::uint64_t> count{0};
  constexpr char kHex[] = "0123456789abcdef";
  std::uint64_t rest = count.fetch_add(1, std::memory_order_relaxed);
  event->version = version + 1;
  for (std::size_t i = event->id.size(); rest != 0; rest >>= 4) event->id[--i] = kHex[rest & 15];
}

Event MakeEvent(const std::string& actor_id, std::int64_t version) {
  Event event;
  event.id = "7d1f0c52-93aa-4be1-8f04-000000000000";
  event.event_type = "OrderPlaced";
  event.actor_id = actor_id;
  event.data = *JsonObject::Parse(kData);
  event.metadata = {{"correlationId", "c-5f1d"}, {"userId", "u-1007"}, {"traceId", "4bf92f3577b3"}};
  event.timestamp = {1768339576, 123456789};
  MakeNext(version - 1, &event);
  return event;
}

Event MakeEventOfSize(const std::string& actor_id, std::int64_t version, std::size_t bytes) {
  Event event = MakeEvent(actor_id, version);
  event.data = *JsonObject::Parse(R"({"text":""})");
  event.metadata = {};
  const std::size_t least = WireBytes(event);
  const std::string text(bytes > least ? bytes - least : 0, 'x');
  event.data = *JsonObject::Parse(R"({"text":")" + text + R"("})");
  return event;
}

}  // namespace aether::bench
