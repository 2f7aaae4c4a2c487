// RuleRun and Trial: what a property is written with.
//
// A property runs one or more trials. A trial talks to the store through Handles, which note every call
// on the timeline, and ends with Fail() where the store broke the rule. Generated values come from
// RapidCheck (`*gen`), so a failing trial is shrunk to the least one that fails.

#pragma once

#include <rapidcheck/Gen.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "aether/conformance/subject.h"
#include "aether/conformance/verdict.h"
#include "peer.h"
#include "timeline.h"

namespace aether::conformance {

// The store broke the rule.
struct Failure : std::runtime_error {
  explicit Failure(const std::string& what, std::string expected_text = "", std::string actual_text = "")
      : std::runtime_error(what), expected(std::move(expected_text)), actual(std::move(actual_text)) {}
  std::string expected;
  std::string actual;
  std::vector<std::string> timeline;  // shown instead of the trial's own, if there is one
  std::string picture;                // an SVG of it
};

// The adapter, not the store, broke: no word on the rule.
struct AdapterError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Time ran out, or the store gave one of the answers that say nothing of the rule (see ThrowIfNoWord).
struct Inconclusive : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Throws Inconclusive when `error` is one that a store that keeps the contract may answer at any time:
// unavailable, outcome unknown, storage full or failed. Before an error is held against a store.
void ThrowIfNoWord(const StoreError& error);

class Trial;

// One open handle of the store under test. Each call is noted; an exception that leaves the store is a
// Failure, and a call that is answered with unavailable is made again for as long as the patience
// lasts. Safe from several threads, as the store is.
class Handle {
 public:
  Handle(Trial* trial, std::unique_ptr<EventStore> store, std::string name);

  const std::string& name() const { return name_; }
  EventStore& raw() { return *store_; }  // for calls that are noted elsewhere

  Result<void> SaveEvent(const Event& event);
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version = 0);
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id);
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version = 0);
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot);
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id);
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback);
  Result<void> Close();

  // What a rule usually expects; a Failure otherwise.
  void MustSave(const Event& event);
  std::vector<EventPtr> MustRead(std::string_view actor_id, std::int64_t from_version = 0);
  std::int64_t MustLatest(std::string_view actor_id);
  ReplayResult MustReplay(std::string_view actor_id, std::int64_t from_version = 0);
  VersionConflict MustRefuse(const Event& event);                     // with a version conflict
  void MustRefuse(const Event& event, std::int64_t current_version);  // with one that names it
  void MustReadAs(std::string_view actor_id, const std::vector<Event>& expected,
                  std::int64_t from_version = 0);
  void MustHaveLatest(std::string_view actor_id, std::int64_t version);

 private:
  friend class Trial;

  template <typename Call>
  auto Noted(std::string text, Call call) -> decltype(call());

  Trial* trial_;
  std::unique_ptr<EventStore> store_;
  std::string name_;
};

// A Failure unless `actual` is `expected`, event by event.
void RequireEqual(const std::vector<Event>& expected, const std::vector<EventPtr>& actual,
                  std::string_view actor_id);

// A call and its answer in words.
std::string DescribeCall(const PeerCall& call);
std::string DescribeAnswer(const PeerCall& call, const PeerAnswer& answer);

// One trial of a rule. The storage is shared by the trials of a rule unless Fresh() is called: each trial
// uses actors of its own.
class RuleRun;
class Trial {
 public:
  explicit Trial(RuleRun* run) : run_(run) {}

  // The i-th handle on the storage, opened when first asked for.
  Handle& store(std::size_t i = 0);

  // Goes on with a fresh, empty storage, all handles closed.
  void Fresh();
  // Closes every handle; the next store() opens the same storage again.
  void Reopen();
  // A handle besides those of store(), alive as long as the trial; null when the name is refused as
  // invalid.
  Handle* OpenNamespace(std::string_view name);
  Handle& OpenWithRetention(std::chrono::milliseconds age);
  // Puts a malformed record into the stream; impossible kinds answer possible == false.
  Injection InjectMalformed(std::string_view actor_id, std::string_view raw);

  // An actor id that no other trial of this rule uses.
  std::string NewActor();
  // A small event with an id of its own.
  Event NewEvent(std::string_view actor_id, std::int64_t version);
  // Saves versions 1 to n.
  std::vector<Event> SaveMany(Handle& handle, std::string_view actor_id, std::int64_t n);

  // Another process that has this storage open: started when first asked for, alive as long as the handles.
  Peer& peer();
  // Its answer to the only call it was told to make, noted. Inconclusive when it died.
  PeerAnswer Answer(const PeerCall& call);
  // Where another process finds the storage.
  std::string Location();
  // Closes every handle and ends every other process.
  void CloseAll();
  // Notes what was answered to `call` of `who`, and throws a Failure if an exception left the store.
  void Note(const PeerCall& call, const PeerAnswer& answer, const std::string& who = "other process");

  // The servers behind the storage, which has to be open. Whatever is broken is mended before the handles
  // are closed, and at the end of the trial.
  int ServerCount();
  bool BreakServer(int server, ServerFault fault);  // false: impossible
  void MendServers();
  // Which of them leads what is stored of this actor; nothing where that is not known.
  std::optional<int> LeaderOf(std::string_view actor_id);

  // Runs `body(racer)` on `n` threads that start at the same moment, racers counting from 1; in half of
  // the calls each is pinned to a core. Returns when all have finished; the first Failure of a racer is
  // thrown then.
  void Race(int n, const std::function<void(int racer)>& body);

  // Waits until `done` says so, at most the settings' patience; false when the time ran out.
  bool WaitFor(const std::function<bool()>& done);
  bool WaitFor(const std::function<bool()>& done, std::chrono::milliseconds limit);

  const Capabilities& offered() const;
  Timeline& timeline() { return timeline_; }

  // Notes a remark on the timeline.
  void Remark(const std::string& text);

  // A trial that tries several things counts them.
  void CountCases(int more);
  // Adds to a figure of the rule's: Count("servers killed").
  void Count(const std::string& name, double more = 1);

 private:
  friend class RuleRun;
  friend class Handle;

  RuleRun* run_;
  Timeline timeline_;
};

// One rule on one subject, under some settings.
class RuleRun {
 public:
  RuleRun(const Subject& subject, const Capabilities& offered, std::string rule_id,
          const Settings& settings);
  ~RuleRun();

  // Runs `body` on generated cases, `standard` of them in the standard profile and fewer or more in the
  // others; a failing one is shrunk. Always at least three cases.
  void ForAll(int standard, const std::function<void(Trial&)>& body);
  // Runs `body` once: for rules with nothing to generate.
  void Once(const std::function<void(Trial&)>& body);
  // Runs `body` `count` times, as trials of their own: for races, which are not shrunk.
  void Rounds(int count, const std::function<void(Trial&, int round)>& body);

  // Whether half of the time that a rule may take has gone. For rules that a cluster, which takes seconds to agree on a
  // leader, is tried with fewer rounds of.
  bool HalfTheTimeIsGone() const;

  // `standard` scaled by the profile, at least `least`.
  int Scaled(int standard, int least = 3) const;
  // Puts a figure of the rule's beside those that are counted.
  void Measure(const std::string& name, double value, const std::string& unit);
  // Leaves handles and storage behind as they are: a call of the store does not return.
  void Abandon();

  // For what is drawn without RapidCheck: depends on the run's seed, the rule and `n` only.
  std::uint64_t SeedOf(std::uint64_t n) const { return first_seed_ + n; }

  const Subject& subject() const { return subject_; }
  const Capabilities& offered() const { return offered_; }
  const Settings& settings() const { return settings_; }
  RuleResult& result() { return result_; }

 private:
  friend class Trial;
  friend class Handle;
  friend RuleResult RunProperty(const Subject&, const Capabilities&, std::string_view, const Settings&);

  void RunTrial(const std::function<void(Trial&)>& body);
  Storage& storage();
  void CloseHandles();
  Result<void> Mend();

  const Subject& subject_;
  Capabilities offered_;
  std::string rule_id_;
  Settings settings_;
  RuleResult result_;
  std::uint64_t first_seed_;
  std::uint64_t next_seed_;
  std::uint64_t next_actor_ = 0;
  std::uint64_t next_event_ = 0;
  std::uint64_t races_ = 0;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point failed_at_{};
  std::optional<RuleResult> failed_;  // the least failing trial so far
  std::unique_ptr<Storage> storage_;
  bool servers_broken_ = false;
  std::vector<std::unique_ptr<Handle>> handles_;
  std::vector<std::unique_ptr<Handle>> extra_handles_;
  std::unique_ptr<Peer> peer_;
};

// What the types, the Probe, a second Open() and another process show together. Throws AdapterError when
// the adapter is not sound, so that its faults are not told as those of the store. A second handle that is
// unavailable is waited for a tenth of the patience.
Capabilities FindOut(const Subject& subject, std::chrono::milliseconds patience = Settings().patience);

// Whether the capability of this name is offered.
bool Offers(const Capabilities& offered, std::string_view capability);

// Runs the property of one rule. Never throws.
RuleResult RunProperty(const Subject& subject, const Capabilities& offered, std::string_view rule_id,
                       const Settings& settings);

}  // namespace aether::conformance
