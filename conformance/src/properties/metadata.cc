// META: metadata pairs round-trip.

#include <rapidcheck.h>

#include <algorithm>

#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

std::string Show(const Metadata& metadata) {
  std::string text = "{";
  for (const auto& [key, value] : metadata) {
    text += (text.size() > 1 ? ", " : "") + Quote(key, 40) + ": " + Quote(value, 40);
  }
  return text + "}";
}

void RequireSame(const Metadata& expected, const Metadata& actual) {
  if (!(expected == actual)) throw Failure("metadata does not round-trip", Show(expected), Show(actual));
}

void RequireRoundTrip(Trial& t, const Metadata& metadata) {
  Event event = t.NewEvent(t.NewActor(), 1);
  event.metadata = metadata;
  t.store().MustSave(event);
  const auto events = t.store().MustRead(event.actor_id);
  if (events.size() != 1) {
    throw Failure("a stream of one event reads otherwise", "1 event", DescribeVersions(events));
  }
  RequireSame(metadata, events[0]->metadata);
}

// META-01: no empty values, which are META-02's affair.
void PairsRoundTrip(RuleRun& run) {
  run.ForAll(100, [](Trial& t) {
    Metadata metadata;
    for (const auto& [key, value] : *gen::Pairs()) metadata.Set(key, value.empty() ? "v" : value);
    RequireRoundTrip(t, metadata);
  });
  run.Once([](Trial& t) {
    RequireRoundTrip(
        t,
        {{"correlationId", "c"}, {"causationId", "d"}, {"userId", "u"}, {"traceId", "t"}, {"spanId", "s"}});
    RequireRoundTrip(t, {{"", "v"},
                         {"id", "x"},
                         {"version", "9"},
                         {"data", "{}"},
                         {"a b", "v"},
                         {"$set", "v"},
                         {"Nats-Msg-Id", "v"},
                         {"a\nb", "v\r\nw"},
                         {"a:b", "v"},
                         {"a=b", "v"},
                         {"\"", "\\"}});
    Metadata many;
    for (int i = 0; i < 100; ++i) many.Set("key" + std::to_string(i), std::string(100, 'v'));
    RequireRoundTrip(t, many);
  });
}

// META-02
void EmptyValuesAreKept(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    Metadata metadata;
    const int pairs = *rc::gen::inRange(1, 4);
    for (int i = 0; i < pairs; ++i)
      metadata.Set("k" + std::to_string(i), *rc::gen::arbitrary<bool>() ? "" : "v");
    metadata.Set("k0", "");
    RequireRoundTrip(t, metadata);
  });
}

// META-03
void EmptyMapReadsBackEmpty(RuleRun& run) {
  run.Once([](Trial& t) { RequireRoundTrip(t, Metadata()); });
}

// META-04
void NoPairLeaks(RuleRun& run) {
  run.ForAll(40, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::vector<Event> events;
    const int count = *rc::gen::inRange(2, 8);
    for (int version = 1; version <= count; ++version) {
      Event event = t.NewEvent(actor, version);
      if (*rc::gen::arbitrary<bool>()) {
        event.metadata.Set("key" + std::to_string(version), "value " + std::to_string(version));
      }
      t.store().MustSave(event);
      events.push_back(std::move(event));
    }
    const auto read = t.store().MustRead(actor);
    if (read.size() != events.size()) {
      throw Failure("a read has another number of events", std::to_string(events.size()),
                    DescribeVersions(read));
    }
    for (std::size_t i = 0; i < read.size(); ++i) RequireSame(events[i].metadata, read[i]->metadata);
  });
  // Buffers that threads share: each has an actor of its own, so that no save is refused.
  run.Rounds(run.Scaled(50, 20), [](Trial& t, int) {
    constexpr int kThreads = 3;
    std::vector<std::vector<Event>> planned(kThreads);
    for (auto& events : planned) {
      const std::string actor = t.NewActor();
      for (int version = 1; version <= 20; ++version) {
        events.push_back(t.NewEvent(actor, version));
        if (version % 3 != 0) events.back().metadata.Set("of " + actor, std::to_string(version));
      }
    }
    Handle& store = t.store();
    t.Race(kThreads, [&](int racer) {
      for (const Event& event : planned[static_cast<std::size_t>(racer - 1)]) store.MustSave(event);
    });
    for (const auto& events : planned) {
      const auto read = store.MustRead(events[0].actor_id);
      for (std::size_t i = 0; i < std::min(read.size(), events.size()); ++i) {
        if (read[i]->version != events[i].version) break;  // VER-01's affair
        RequireSame(events[i].metadata, read[i]->metadata);
      }
    }
  });
}

// META-05
void KeysKeepTheirCase(RuleRun& run) {
  run.ForAll(20, [](Trial& t) {
    static const std::vector<std::string> kKeys = {"key",     "Key",     "KEY", "traceId",
                                                   "traceid", "TRACEID", "x-y", "X-Y"};
    Metadata metadata;
    for (const std::string& key : *rc::gen::unique<std::vector<std::string>>(
             *rc::gen::inRange<std::size_t>(1, kKeys.size()), rc::gen::elementOf(kKeys))) {
      metadata.Set(key, "value of " + key);
    }
    RequireRoundTrip(t, metadata);
  });
  run.Once([](Trial& t) { RequireRoundTrip(t, {{"key", "1"}, {"Key", "2"}, {"KEY", "3"}}); });
}

constexpr Property kProperties[] = {{"META-01", PairsRoundTrip},
                                    {"META-02", EmptyValuesAreKept},
                                    {"META-03", EmptyMapReadsBackEmpty},
                                    {"META-04", NoPairLeaks},
                                    {"META-05", KeysKeepTheirCase}};

}  // namespace

std::span<const Property> MetadataProperties() { return kProperties; }

}  // namespace aether::conformance
