// The JetStream store, measured against a server on this machine; and what a bare client of that server can
// do.

#include <nats/nats.h>

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "aether/bench/benchmark.h"
#include "aether/wire.h"
#include "jetstream_adapter.h"
#include "jetstream_limits.h"

namespace aether {
namespace {

constexpr int kReplayed = 100'000;

std::string WireEvent() {
  Event event;
  event.id = "7d1f0c52-93aa-4be1-8f04-000000000000";
  event.event_type = "OrderPlaced";
  event.actor_id = "actor-000001";
  event.version = 1;
  event.data = *JsonObject::Parse(R"({"text":")" + std::string(190, 'x') + R"("})");
  event.metadata = {{"correlationId", "c-5f1d"}, {"userId", "u-1007"}, {"traceId", "4bf92f3577b3"}};
  event.timestamp = {1768339576, 123456789};
  std::string wire;
  AppendEvent(event, &wire);
  return wire;
}

using Measure = std::function<Result<LimitMeasurement>(const JetStreamLimits&, std::chrono::nanoseconds)>;

bench::Benchmark Limit(std::string name, std::string title, bool mirrored, Measure measure) {
  bench::Benchmark limit;
  limit.store = "limits";
  limit.workload = std::move(name);
  limit.durability = bench::Durability::kPageCache;
  limit.title = std::move(title);
  limit.unit = "events";
  limit.run = [=](const bench::RunSettings& settings) -> Result<bench::Figures> {
    const auto server = NatsServer::Shared();
    if (!server) return server.error();
    const JetStreamLimits limits((*server)->url(), mirrored);
    const std::chrono::duration<double> seconds(settings.seconds);
    auto measured = measure(limits, std::chrono::duration_cast<std::chrono::nanoseconds>(seconds));
    if (!measured) return measured.error();
    bench::Figures figures;
    figures.per_second = measured->PerSecond();
    figures.seconds = std::chrono::duration<double>(measured->duration).count();
    bench::TellLatencies(std::move(measured->latencies_ns), &figures);
    return figures;
  };
  return limit;
}

bool RegisterLimits() {
  const std::string wire = WireEvent();
  const Measure publish = [=](const JetStreamLimits& limits, auto time) {
    return limits.Publish(wire, time);
  };
  const Measure window = [=](const JetStreamLimits& limits, auto time) {
    return limits.PublishWindow(wire, 64, time);
  };
  const Measure consume = [=](const JetStreamLimits& limits, auto time) {
    return limits.Consume(wire, kReplayed, JetStreamLimits::Consumer::kPull, time);
  };
  // With a mirror as the store has one, for the latest versions of what has expired; and without.
  bench::RegisterBenchmark(
      Limit("publish", "bare publish with an expectation, mirrored stream", true, publish));
  bench::RegisterBenchmark(
      Limit("publish_window_64", "64 of these publishes under way, mirrored stream", true, window));
  bench::RegisterBenchmark(Limit("publish_unmirrored", "bare publish with an expectation", false, publish));
  bench::RegisterBenchmark(
      Limit("publish_window_64_unmirrored", "64 of these publishes under way", false, window));
  bench::RegisterBenchmark(Limit(
      "consume", "receiving 100,000 messages through a consumer, in batches of 1,000", true, consume));
  return true;
}

bool RegisterJetStream() {
  bench::Subject subject = bench::SubjectOf<JetStreamAdapter>("jetstream", bench::Durability::kPageCache);
  subject.is_remote = true;
  subject.limits = {{"append/threads:1", "publish"},
                    {"append/threads:64", "publish_window_64"},
                    {"replay/events:100000", "consume"}};
  bench::NoteVersion("cnats", nats_GetVersion());
  return bench::RegisterStore(std::move(subject));
}

const bool kRegistered = RegisterLimits() && RegisterJetStream();

}  // namespace
}  // namespace aether
