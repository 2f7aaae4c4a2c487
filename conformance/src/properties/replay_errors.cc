// RPL: malformed stored records are reported, not silently lost.

#include <rapidcheck.h>

#include <algorithm>
#include <map>

#include "aether/wire.h"
#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

struct Kind {
  const char* name;
  std::string (*raw)(const Event& event);  // a malformed form of `event`, different for different ones
};

std::string Encoded(const Event& event) {
  std::string text;
  AppendEvent(event, &text);
  return text;
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  return text.replace(text.find(from), from.size(), to);
}

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kKinds = {
      {"truncated JSON", [](const Event& e) { return Encoded(e).substr(0, Encoded(e).size() / 2); }},
      {"not JSON", [](const Event& e) { return "\x01\x02 not JSON " + e.id; }},
      {"wrong types",
       [](const Event& e) {
         return Replaced(Encoded(e), R"("version":)" + std::to_string(e.version), R"("version":"one")");
       }},
      {"missing fields", [](const Event& e) { return R"({"id":")" + e.id + R"("})"; }},
      {"invalid UTF-8", [](const Event& e) { return Replaced(Encoded(e), e.event_type, "\xC3\x28\xFF"); }},
      {"empty", [](const Event&) { return std::string(); }},
      {"huge", [](const Event& e) { return std::string(512 * 1024, '[') + e.id; }},
  };
  return kKinds;
}

// Puts a malformed record into the stream: of the wanted kind or, where that is impossible, the next.
// Answers its bytes and its sequence number.
struct Put {
  std::string raw;
  std::uint64_t sequence_number;
};
Put PutMalformed(Trial& t, const std::string& actor, std::int64_t version) {
  const Event event = t.NewEvent(actor, version);
  const auto& kinds = Kinds();
  // Not the empty and the huge kind, whose bytes are always the same: those are RPL-07's affair, and come
  // last.
  constexpr std::size_t kUsual = 5;
  const auto wanted = *rc::gen::inRange<std::size_t>(0, kUsual);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const std::string raw = kinds[i < kUsual ? (wanted + i) % kUsual : i].raw(event);
    const Injection injected = t.InjectMalformed(actor, raw);
    if (injected.possible) return {raw, injected.sequence_number};
  }
  throw Inconclusive("no kind of malformed record is possible in this store");
}

const ReplayError* Find(const ReplayResult& replay, const std::string& raw) {
  const auto found = std::find_if(replay.errors.begin(), replay.errors.end(),
                                  [&](const ReplayError& error) { return error.raw_data == raw; });
  return found == replay.errors.end() ? nullptr : &*found;
}

const ReplayError& MustFind(const ReplayResult& replay, const std::string& raw) {
  const ReplayError* error = Find(replay, raw);
  if (error == nullptr) {
    throw Failure("a malformed record is not reported with its bytes", "an error with " + Quote(raw),
                  std::to_string(replay.errors.size()) + " other errors");
  }
  return *error;
}

// A stream with a malformed record somewhere between sound ones.
struct Damaged {
  std::string actor;
  std::vector<Event> events;
  Put malformed;
};
Damaged MakeDamaged(Trial& t) {
  Damaged damaged;
  damaged.actor = t.NewActor();
  const int before = *rc::gen::inRange(0, 4);
  const int after = *rc::gen::inRange(0, 4);
  damaged.events = t.SaveMany(t.store(), damaged.actor, before);
  damaged.malformed = PutMalformed(t, damaged.actor, before + 1);
  for (int i = 1; i <= after; ++i) {
    Event event = t.NewEvent(damaged.actor, before + i);
    if (Saves(t.store(), event)) damaged.events.push_back(std::move(event));  // else RPL-06's affair
  }
  return damaged;
}

// RPL-01
void MalformedRecordsAreReported(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const Damaged damaged = MakeDamaged(t);
    for (const std::int64_t from : {0, 1}) {
      const auto replay = t.store().MustReplay(damaged.actor, from);
      if (MustFind(replay, damaged.malformed.raw).cause.empty()) {
        throw Failure("a replay error has no cause", "a text that says what is wrong", "an empty text");
      }
    }
  });
  // Beyond the usual pages of a reader.
  run.Once([](Trial& t) {
    const std::string actor = t.NewActor();
    std::size_t injected = 0;
    for (int i = 1; i <= 70; ++i) {
      if (t.InjectMalformed(actor, "\x01 not JSON " + std::to_string(i)).possible) ++injected;
    }
    const auto replay = t.store().MustReplay(actor);
    if (replay.errors.size() != injected) {
      throw Failure("of many malformed records not each is reported once",
                    std::to_string(injected) + " errors", std::to_string(replay.errors.size()) + " errors");
    }
  });
}

// RPL-02
void SequenceNumbersAreTheRecords(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const Damaged damaged = MakeDamaged(t);
    const auto replay = t.store().MustReplay(damaged.actor);
    // One with changed bytes is still the error of the one malformed record: its number is looked at.
    const ReplayError* error = Find(replay, damaged.malformed.raw);
    if (error == nullptr && replay.errors.size() == 1) error = &replay.errors[0];
    if (error == nullptr) {
      throw Failure("there is no replay error that could tell the malformed record's sequence number",
                    "one error", std::to_string(replay.errors.size()) + " errors");
    }
    if (error->sequence_number != damaged.malformed.sequence_number) {
      throw Failure("a replay error does not have the malformed record's sequence number",
                    "sequence number " + std::to_string(damaged.malformed.sequence_number),
                    "sequence number " + std::to_string(error->sequence_number));
    }
  });
}

// RPL-03
void EventsAroundAreRead(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const Damaged damaged = MakeDamaged(t);
    RequireEqual(damaged.events, t.store().MustReplay(damaged.actor).events, damaged.actor);
  });
}

// RPL-04
void GetEventsGivesTheReadable(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const Damaged damaged = MakeDamaged(t);
    t.store().MustReadAs(damaged.actor, damaged.events);
  });
}

// That the records which were told before, by number, have the same numbers now. Several may have the same
// bytes. A record that is not told of any more is RPL-01's affair.
void RequireSameNumbers(const std::map<std::uint64_t, std::string>& before,
                        const std::map<std::uint64_t, std::string>& now) {
  for (const auto& [number, raw] : before) {
    if (const auto same = now.find(number); same != now.end() && same->second == raw) continue;
    const auto other =
        std::find_if(now.begin(), now.end(), [&](const auto& entry) { return entry.second == raw; });
    if (other == now.end()) continue;
    throw Failure("a record's sequence number changes between reads", std::to_string(number),
                  std::to_string(other->first));
  }
}

// RPL-05
void SequenceNumbersAreStable(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::map<std::uint64_t, std::string> known;
    std::int64_t version = 0;
    const int rounds = *rc::gen::inRange(2, 5);
    for (int round = 0; round < rounds; ++round) {
      if (*rc::gen::arbitrary<bool>()) (void)Saves(t.store(), t.NewEvent(actor, ++version));
      const Put put = PutMalformed(t, actor, version + 1);
      std::map<std::uint64_t, std::string> told;
      for (const ReplayError& error : t.store().MustReplay(actor).errors) {
        if (error.sequence_number == 0) continue;
        if (!told.empty() && error.sequence_number <= told.rbegin()->first) {
          throw Failure("sequence numbers do not rise", "above " + std::to_string(told.rbegin()->first),
                        std::to_string(error.sequence_number));
        }
        told.emplace(error.sequence_number, error.raw_data);
      }
      RequireSameNumbers(known, told);
      known = std::move(told);
    }
  });
}

// RPL-06
void VersionsAreUntouched(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const std::string actor = t.NewActor();
    const int before = *rc::gen::inRange(0, 4);
    auto events = t.SaveMany(t.store(), actor, before);
    if (!ConflictOf(t.store(), t.NewEvent(actor, before))) return;
    (void)PutMalformed(t, actor, before + *rc::gen::inRange(0, 10));
    t.store().MustHaveLatest(actor, before);
    (void)t.store().MustRefuse(t.NewEvent(actor, before));
    t.store().MustSave(t.NewEvent(actor, before + 1));
    t.store().MustHaveLatest(actor, before + 1);
  });
}

// RPL-07
void EveryKindIsReportedOnce(RuleRun& run) {
  run.Once([&](Trial& t) {
    std::string impossible;
    std::size_t possible = 0;
    for (const Kind& kind : Kinds()) {
      const std::string actor = t.NewActor();
      auto events = t.SaveMany(t.store(), actor, 2);
      const std::string raw = kind.raw(t.NewEvent(actor, 3));
      if (!t.InjectMalformed(actor, raw).possible) {
        impossible += (impossible.empty() ? "" : ", ") + std::string(kind.name);
        continue;
      }
      ++possible;
      if (Event event = t.NewEvent(actor, 3); Saves(t.store(), event)) events.push_back(std::move(event));
      const auto replay = t.store().MustReplay(actor);
      if (replay.errors.size() != 1 || replay.errors[0].raw_data != raw) {
        throw Failure(
            "a malformed record (" + std::string(kind.name) + ") is not reported exactly once",
            "1 error, with its " + std::to_string(raw.size()) + " bytes",
            std::to_string(replay.errors.size()) + " errors" +
                (replay.errors.empty() ? "" : ", the first with " + Quote(replay.errors[0].raw_data)));
      }
      RequireEqual(events, replay.events, actor);
    }
    if (possible == 0) throw Inconclusive("no kind of malformed record is possible in this store");
    if (!impossible.empty()) run.result().message = "impossible in this store: " + impossible;
  });
}

// RPL-08
void SoundStreamsHaveNoErrors(RuleRun& run) {
  run.ForAll(50, [](Trial& t) {
    const std::string actor = t.NewActor();
    std::int64_t latest = 0;
    for (const std::int64_t version : *gen::RisingVersions(6)) {
      Event event = *gen::AnyEvent();
      event.actor_id = actor;
      event.version = version;
      if (!Saves(t.store(), event)) continue;
      (void)t.store().SaveEvent(t.NewEvent(actor, latest));  // refused
      latest = version;
    }
    for (const std::int64_t from : {std::int64_t{0}, latest, latest + 1}) {
      const auto replay = t.store().MustReplay(actor, from);
      if (replay.HasErrors()) {
        throw Failure("a sound stream has replay errors", "none", replay.errors[0].Message());
      }
    }
  });
}

// RPL-09
void ErrorsBelongToTheirActor(RuleRun& run) {
  run.ForAll(30, [](Trial& t) {
    const std::string bystander = t.NewActor();
    const auto events = t.SaveMany(t.store(), bystander, *rc::gen::inRange(0, 3));
    (void)MakeDamaged(t);
    const auto replay = t.store().MustReplay(bystander);
    if (replay.HasErrors()) {
      throw Failure("another actor's malformed record is reported", "no errors",
                    replay.errors[0].Message());
    }
    RequireEqual(events, replay.events, bystander);
  });
}

constexpr Property kProperties[] = {
    {"RPL-01", MalformedRecordsAreReported}, {"RPL-02", SequenceNumbersAreTheRecords},
    {"RPL-03", EventsAroundAreRead},         {"RPL-04", GetEventsGivesTheReadable},
    {"RPL-05", SequenceNumbersAreStable},    {"RPL-06", VersionsAreUntouched},
    {"RPL-07", EveryKindIsReportedOnce},     {"RPL-08", SoundStreamsHaveNoErrors},
    {"RPL-09", ErrorsBelongToTheirActor},
};

}  // namespace

std::span<const Property> ReplayErrorProperties() { return kProperties; }

}  // namespace aether::conformance
