// HIST: any calls, one after another against a model, and at the same time against a history checker.

#include <rapidcheck.h>

#include <algorithm>

#include "concurrent_history.h"
#include "generators.h"
#include "properties.h"

namespace aether::conformance {

namespace {

// The state of an actor as the contract has it.
struct ModelActor {
  std::string id;
  std::vector<Event> events;
  std::vector<std::string> malformed;
  std::optional<ActorSnapshot> snapshot;

  std::int64_t latest() const { return events.empty() ? 0 : events.back().version; }
  std::vector<Event> From(std::int64_t version) const {
    std::vector<Event> from;
    std::copy_if(events.begin(), events.end(), std::back_inserter(from),
                 [&](const Event& event) { return event.version >= version; });
    return from;
  }
};

enum class Step { kSave, kSaveInvalid, kRead, kLatest, kReplay, kMalformed, kSaveSnapshot, kReadSnapshot, kReopen };

// A call as numbers that make sense in every state, so that a sequence stays one when calls are taken out of it.
struct Command {
  Step step = Step::kSave;
  std::size_t actor = 0;
  std::size_t handle = 0;
  std::int64_t offset = 0;  // of a version, from the latest one
};

rc::Gen<Command> AnyCommand() {
  const auto step = rc::gen::weightedElement<Step>({{8, Step::kSave},
                                                    {1, Step::kSaveInvalid},
                                                    {4, Step::kRead},
                                                    {3, Step::kLatest},
                                                    {3, Step::kReplay},
                                                    {2, Step::kMalformed},
                                                    {2, Step::kSaveSnapshot},
                                                    {2, Step::kReadSnapshot},
                                                    {1, Step::kReopen}});
  return rc::gen::map(
      rc::gen::tuple(step, rc::gen::inRange<std::size_t>(0, 3), rc::gen::inRange<std::size_t>(0, 2),
                     rc::gen::weightedOneOf<std::int64_t>({{3, rc::gen::just<std::int64_t>(1)},
                                                           {2, rc::gen::inRange<std::int64_t>(-3, 5)}})),
      [](const std::tuple<Step, std::size_t, std::size_t, std::int64_t>& drawn) {
        return Command{std::get<0>(drawn), std::get<1>(drawn), std::get<2>(drawn), std::get<3>(drawn)};
      });
}

class Model {
 public:
  explicit Model(Trial* t) : t_(*t) {
    const std::string base = t_.NewActor();
    // Ids that are close to each other: what leaks from one actor to another shows.
    for (const std::string& id : {base, base + ".1", base + "_1"}) actors_.push_back({id, {}, {}, {}});
  }

  void Do(const Command& command) {
    ModelActor& actor = actors_[command.actor];
    Handle& store = t_.store(t_.offered().handles ? command.handle : 0);
    const std::int64_t version = actor.latest() + command.offset;
    switch (command.step) {
      case Step::kSave:
        return Save(store, actor, version);
      case Step::kSaveInvalid:
        return SaveInvalid(store, actor);
      case Step::kRead:
        return store.MustReadAs(actor.id, actor.From(version), version);
      case Step::kLatest:
        return store.MustHaveLatest(actor.id, actor.latest());
      case Step::kReplay:
        if (t_.offered().errors) Replay(store, actor, command.offset > 1 ? version : 0);
        return;
      case Step::kMalformed:
        if (t_.offered().malformed) AddMalformed(actor);
        return;
      case Step::kSaveSnapshot:
        if (t_.offered().snapshots) SaveSnapshot(store, actor, version);
        return;
      case Step::kReadSnapshot:
        if (t_.offered().snapshots) ReadSnapshot(store, actor);
        return;
      case Step::kReopen:
        return t_.Reopen();
    }
  }

  // Everything, at the end of a sequence.
  void CheckAll() {
    for (const ModelActor& actor : actors_) {
      t_.store().MustReadAs(actor.id, actor.events);
      t_.store().MustHaveLatest(actor.id, actor.latest());
      if (t_.offered().errors) Replay(t_.store(), actor, 0);
      if (t_.offered().snapshots) ReadSnapshot(t_.store(), actor);
    }
  }

 private:
  void Save(Handle& store, ModelActor& actor, std::int64_t version) {
    const Event event = t_.NewEvent(actor.id, version);
    if (version <= actor.latest()) return store.MustRefuse(event, actor.latest());
    store.MustSave(event);
    actor.events.push_back(event);
  }

  // Refusing it is no more than a SHOULD; one that is refused leaves nothing behind.
  void SaveInvalid(Handle& store, ModelActor& actor) {
    Event event = t_.NewEvent(actor.id, actor.latest() + 1);
    event.event_type.clear();
    if (store.SaveEvent(event)) actor.events.push_back(event);
  }

  void Replay(Handle& store, const ModelActor& actor, std::int64_t from) {
    const ReplayResult replay = store.MustReplay(actor.id, from);
    RequireEqual(actor.From(from), replay.events, actor.id);
    // A malformed record has no version: a read from a higher one may leave it out.
    const bool right = from <= 1 ? replay.errors.size() == actor.malformed.size()
                                 : replay.errors.size() <= actor.malformed.size();
    if (!right) {
      throw Failure("the malformed records of " + Quote(actor.id) + " are not reported once each",
                    std::to_string(actor.malformed.size()) + " errors",
                    std::to_string(replay.errors.size()) + " errors");
    }
  }

  void AddMalformed(ModelActor& actor) {
    const std::string raw = "{\"broken\":" + std::to_string(actor.malformed.size());
    if (t_.InjectMalformed(actor.id, raw).possible) actor.malformed.push_back(raw);
  }

  void SaveSnapshot(Handle& store, ModelActor& actor, std::int64_t version) {
    const std::int64_t at = std::max<std::int64_t>(version, 1);
    const ActorSnapshot snapshot{actor.id, at,
                                 JsonObject::Trusted("{\"n\":" + std::to_string(++snapshots_) + "}"),
                                 {1768339576, 0}};
    const auto saved = store.SaveSnapshot(snapshot);
    if (!saved) {
      ThrowIfNoWord(saved.error());
      throw Failure("SaveSnapshot failed", "ok", Describe(saved.error()));
    }
    if (!actor.snapshot || at >= actor.snapshot->version) actor.snapshot = snapshot;
  }

  void ReadSnapshot(Handle& store, const ModelActor& actor) {
    const auto read = store.GetLatestSnapshot(actor.id);
    if (!read) {
      ThrowIfNoWord(read.error());
      throw Failure("GetLatestSnapshot failed", "success", Describe(read.error()));
    }
    if (*read == actor.snapshot) return;
    const auto show = [](const std::optional<ActorSnapshot>& s) { return s ? Describe(*s) : "none"; };
    throw Failure("the latest snapshot of " + Quote(actor.id) + " is another one", show(actor.snapshot),
                  show(*read));
  }

  Trial& t_;
  std::vector<ModelActor> actors_;
  int snapshots_ = 0;
};

// HIST-01
void SequencesAreAnsweredAsByTheModel(RuleRun& run) {
  run.ForAll(150, [](Trial& t) {
    const auto commands = *rc::gen::container<std::vector<Command>>(AnyCommand());
    Model model(&t);
    for (const Command& command : commands) model.Do(command);
    model.CheckAll();
  });
}

// HIST-02
void CallsAreLinearizable(RuleRun& run) { TryHistories(run, Sharing::kHandle); }
// HIST-03
void CallsThroughHandlesAreLinearizable(RuleRun& run) { TryHistories(run, Sharing::kHandles); }

constexpr Property kProperties[] = {
    {"HIST-01", SequencesAreAnsweredAsByTheModel},
    {"HIST-02", CallsAreLinearizable},
    {"HIST-03", CallsThroughHandlesAreLinearizable},
};

}  // namespace

std::span<const Property> HistoryProperties() { return kProperties; }

}  // namespace aether::conformance
