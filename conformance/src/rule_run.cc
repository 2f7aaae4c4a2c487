// RuleRun and Trial.

#include "rule_run.h"

#include <rapidcheck.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "aether/rules.h"
#include "heartbeat.h"
#include "patiently.h"
#include "peer.h"
#include "properties.h"
#include "racing.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

// Ends the property: the result is already known.
struct Ended {};

// After its first failure a rule is shrunk for so long at most.
constexpr auto kShrinkTime = std::chrono::seconds(10);

std::chrono::seconds TimeLimit(Profile profile) {
  switch (profile) {
    case Profile::kQuick:
      return std::chrono::seconds(60);
    case Profile::kStandard:
      return std::chrono::minutes(5);
    case Profile::kThorough:
      return std::chrono::hours(1);
    case Profile::kSoak:
      return std::chrono::hours(24);
  }
  return std::chrono::minutes(5);
}

double Factor(Profile profile) {
  switch (profile) {
    case Profile::kQuick:
      return 0.2;
    case Profile::kStandard:
      return 1;
    case Profile::kThorough:
      return 10;
    case Profile::kSoak:
      return 100;
  }
  return 1;
}

// A seed that depends on the run's seed and the rule only, so that one rule alone gets the same inputs.
std::uint64_t SeedOf(std::uint64_t seed, std::string_view rule_id) {
  std::uint64_t hash = 14695981039346656037ULL ^ seed;  // FNV-1a
  for (unsigned char c : rule_id) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

class CaseCounter final : public rc::detail::TestListener {
 public:
  explicit CaseCounter(int* cases) : cases_(cases) {}
  void onTestCaseFinished(const rc::detail::CaseDescription&) override { ++*cases_; }
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
  void onTestFinished(const rc::detail::TestMetadata&, const rc::detail::TestResult&) override {}

 private:
  int* cases_;
};

// Lets `n` threads go at the same moment.
class StartingLine {
 public:
  explicit StartingLine(int n) : missing_(n) {}
  void Wait() {
    missing_.fetch_sub(1);
    // Spins for some microseconds first: who yields may come back late.
    for (int turns = 0; missing_.load() > 0; ++turns) {
      if (turns > 2000) std::this_thread::yield();
    }
  }

 private:
  std::atomic<int> missing_;
};

}  // namespace

Handle& Trial::store(std::size_t i) {
  while (run_->handles_.size() <= i) {
    const CallInProgress in_progress("the adapter's Open()");
    Storage& storage = run_->storage();
    auto opened = Patiently(run_->settings_.patience, [&] { return storage.Open(); });
    if (!opened) throw AdapterError("the adapter's Open() failed: " + Describe(opened.error()));
    run_->handles_.push_back(std::make_unique<Handle>(this, *std::move(opened),
                                                      "h" + std::to_string(run_->handles_.size() + 1)));
  }
  Handle& handle = *run_->handles_[i];
  handle.trial_ = this;  // handles outlive the trials of a rule
  return handle;
}

void Trial::Fresh() {
  Remark("a fresh storage");
  run_->CloseHandles();
  run_->storage_.reset();
}

void Trial::Reopen() {
  Remark("every handle is closed and the storage opened again");
  run_->CloseHandles();
}

void Trial::CloseAll() {
  Remark("every handle is closed");
  run_->CloseHandles();
}

std::string Trial::Location() {
  auto location = run_->storage().Location();
  if (!location) throw AdapterError("the adapter's Location() failed: " + Describe(location.error()));
  return *std::move(location);
}

Peer& Trial::peer() {
  if (run_->peer_) return *run_->peer_;
  const std::string location = Location();
  auto opened = Patiently(run_->settings_.patience, [&] { return Peer::Open(run_->subject_, location); });
  if (!opened) {
    throw AdapterError("OpenAt(Location()) failed in another process: " + Describe(opened.error()));
  }
  Remark("another process opens the storage");
  run_->peer_ = *std::move(opened);
  return *run_->peer_;
}

PeerAnswer Trial::Answer(const PeerCall& call) {
  const auto answer = peer().Next();
  if (!answer || peer().Next()) throw Inconclusive("the other process ended without an answer");
  Note(call, *answer);
  return *answer;
}

std::string DescribeCall(const PeerCall& call) {
  const std::string actor = Quote(call.event.actor_id);
  const std::string from = actor + " from " + std::to_string(call.from_version);
  switch (call.kind) {
    case PeerCall::Kind::kSave:
      return "SaveEvent " + Describe(call.event);
    case PeerCall::Kind::kRead:
      return "GetEvents " + from;
    case PeerCall::Kind::kLatest:
      return "GetLatestVersion " + actor;
    case PeerCall::Kind::kReplay:
      return "GetEventsWithErrors " + from;
    case PeerCall::Kind::kSaveSnapshot:
      return "SaveSnapshot " + Describe(call.snapshot);
    case PeerCall::Kind::kReadSnapshot:
      return "GetLatestSnapshot " + actor;
  }
  return "";
}

std::string DescribeAnswer(const PeerCall& call, const PeerAnswer& answer) {
  if (!answer.thrown.empty()) return "threw: " + answer.thrown;
  if (answer.error) return Describe(*answer.error);
  if (call.kind == PeerCall::Kind::kSave || call.kind == PeerCall::Kind::kSaveSnapshot) return "ok";
  if (call.kind == PeerCall::Kind::kReadSnapshot) return answer.snapshot ? Describe(*answer.snapshot) : "none";
  if (call.kind == PeerCall::Kind::kLatest) return std::to_string(answer.latest);
  std::string text = DescribeVersions(answer.events);
  if (!answer.replay_errors.empty()) {
    text += ", " + std::to_string(answer.replay_errors.size()) +
            " errors, the first: " + Quote(answer.replay_errors.front());
  }
  return text;
}

void Trial::Note(const PeerCall& call, const PeerAnswer& answer, const std::string& who) {
  timeline_.Add(
      {0, answer.start, answer.end, who + "  " + DescribeCall(call), DescribeAnswer(call, answer)});
  if (!answer.thrown.empty()) {
    throw Failure("an exception left the store", "an error value", "exception: " + answer.thrown);
  }
}

Handle* Trial::OpenNamespace(std::string_view name) {
  const CallInProgress in_progress("the adapter's OpenNamespace()");
  Storage& storage = run_->storage();
  auto opened = Patiently(run_->settings_.patience, [&] { return storage.OpenNamespace(name); });
  if (!opened && opened.error().code() == ErrorCode::kInvalidEvent) return nullptr;
  if (!opened) throw AdapterError("OpenNamespace failed: " + Describe(opened.error()));
  run_->extra_handles_.push_back(
      std::make_unique<Handle>(this, *std::move(opened), "namespace " + Quote(name, 20)));
  return run_->extra_handles_.back().get();
}

Handle& Trial::OpenWithRetention(std::chrono::milliseconds age) {
  const CallInProgress in_progress("the adapter's OpenWithRetention()");
  Storage& storage = run_->storage();
  auto opened = Patiently(run_->settings_.patience, [&] { return storage.OpenWithRetention(age); });
  if (!opened) throw AdapterError("OpenWithRetention failed: " + Describe(opened.error()));
  run_->extra_handles_.push_back(std::make_unique<Handle>(this, *std::move(opened), "aging"));
  return *run_->extra_handles_.back();
}

Injection Trial::InjectMalformed(std::string_view actor_id, std::string_view raw) {
  store();  // the hook may need an open store
  const auto injected = run_->storage().InjectMalformed(actor_id, raw);
  if (!injected) throw AdapterError("InjectMalformed failed: " + Describe(injected.error()));
  Remark("a malformed record is put into " + Quote(actor_id) + ": " + Quote(raw, 40) +
         (injected->possible ? "" : " (impossible here)"));
  return *injected;
}

std::string Trial::NewActor() { return "actor-" + std::to_string(++run_->next_actor_); }

Event Trial::NewEvent(std::string_view actor_id, std::int64_t version) {
  Event event;
  const std::string number = std::to_string(++run_->next_event_);
  event.id = "e-" + number;
  event.event_type = "Happened";
  event.actor_id = actor_id;
  event.version = version;
  event.data = JsonObject::Trusted(R"({"n":)" + number + "}");
  event.timestamp = {1768339576, 0};  // whole seconds: EVT-03 looks at the fraction
  return event;
}

std::vector<Event> Trial::SaveMany(Handle& handle, std::string_view actor_id, std::int64_t n) {
  std::vector<Event> events;
  for (std::int64_t version = 1; version <= n; ++version) {
    events.push_back(NewEvent(actor_id, version));
    handle.MustSave(events.back());
  }
  return events;
}

void Trial::Race(int n, const std::function<void(int)>& body) {
  const std::uint64_t round = run_->races_++;
  const bool pinned = round % 2 == 0;
  const std::uint64_t jitter = SeedOf(run_->settings_.seed, run_->rule_id_) + round;
  StartingLine line(n);
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> racers;
  for (int racer = 1; racer <= n; ++racer) {
    racers.emplace_back([&, racer] {
      const Timeline::Racer calls(&timeline_, racer);
      if (pinned) PinThisThread(racer);
      const auto delay = std::chrono::nanoseconds(SeedOf(jitter, std::to_string(racer)) % 3000);
      line.Wait();
      if (round % 4 >= 2) Spin(delay);
      try {
        body(racer);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
      }
    });
  }
  for (std::thread& racer : racers) racer.join();
  if (failure) std::rethrow_exception(failure);
}

bool Trial::WaitFor(const std::function<bool()>& done) {
  // Once a rule has failed the least case is wanted soon.
  const auto patience = run_->settings_.patience;
  return WaitFor(done, run_->failed_ ? patience / 10 : patience);
}

bool Trial::WaitFor(const std::function<bool()>& done, std::chrono::milliseconds limit) {
  const auto end = Clock::now() + limit;
  auto pause = std::chrono::microseconds(20);
  while (!done()) {
    if (Clock::now() > end) return done();
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(5000));
  }
  return true;
}

const Capabilities& Trial::offered() const { return run_->offered_; }

void Trial::Remark(const std::string& text) { timeline_.End(timeline_.Begin("--  " + text), "done"); }

void Trial::CountCases(int more) { run_->result_.cases += more; }

void Trial::Count(const std::string& name, double more) {
  auto& figures = run_->result_.figures;
  const auto known = std::find_if(figures.begin(), figures.end(),
                                  [&](const Figure& figure) { return figure.name == name; });
  if (known == figures.end()) {
    figures.push_back({name, more, ""});
  } else {
    known->value += more;
  }
}

int Trial::ServerCount() { return run_->storage().ServerCount(); }

bool Trial::BreakServer(int server, ServerFault fault) {
  Storage& storage = run_->storage();
  run_->servers_broken_ = true;
  const auto broken = storage.BreakServer(server, fault);
  if (!broken) throw AdapterError("BreakServer failed: " + Describe(broken.error()));
  return *broken;
}

void Trial::MendServers() {
  if (const auto mended = run_->Mend(); !mended) {
    throw AdapterError("MendServers failed: " + Describe(mended.error()));
  }
}

std::optional<int> Trial::LeaderOf(std::string_view actor_id) {
  const auto leader = run_->storage().LeaderOf(actor_id);
  if (!leader || *leader < 0 || *leader >= ServerCount()) return std::nullopt;
  return *leader;
}

RuleRun::RuleRun(const Subject& subject, const Capabilities& offered, std::string rule_id,
                 const Settings& settings)
    : subject_(subject),
      offered_(offered),
      rule_id_(std::move(rule_id)),
      settings_(settings),
      first_seed_(conformance::SeedOf(settings.seed, rule_id_)),
      next_seed_(first_seed_),
      started_(Clock::now()) {
  result_.id = rule_id_;
  result_.verdict = Verdict::kPassed;
}

RuleRun::~RuleRun() { CloseHandles(); }

Storage& RuleRun::storage() {
  if (!storage_) {
    const CallInProgress in_progress("the adapter's constructor");
    try {
      storage_ = subject_.make();
      servers_broken_ = false;  // its own are whole
    } catch (const std::exception& exception) {
      throw AdapterError(std::string("the adapter's constructor threw: ") + exception.what());
    }
  }
  return *storage_;
}

Result<void> RuleRun::Mend() {
  if (!servers_broken_ || !storage_) return {};
  const auto mended = storage().MendServers();
  if (mended) servers_broken_ = false;
  return mended;
}

void RuleRun::Measure(const std::string& name, double value, const std::string& unit) {
  result_.figures.push_back({name, value, unit});
}

void RuleRun::Abandon() {
  // What the call that does not return may still use is never destroyed.
  for (auto& handle : handles_) (void)handle.release();
  for (auto& handle : extra_handles_) (void)handle.release();
  (void)storage_.release();
  handles_.clear();
  extra_handles_.clear();
}

void RuleRun::CloseHandles() {
  (void)Mend();  // an error shows by what comes after
  const CallInProgress in_progress("closing the handles");
  peer_.reset();
  extra_handles_.clear();
  handles_.clear();
}

bool RuleRun::HalfTheTimeIsGone() const {
  return Clock::now() > started_ + TimeLimit(settings_.profile) / 2;
}

int RuleRun::Scaled(int standard, int least) const {
  return std::max(least, static_cast<int>(standard * Factor(settings_.profile)));
}

void RuleRun::RunTrial(const std::function<void(Trial&)>& body) {
  if (failed_ && (failed_->verdict != Verdict::kFailed || Clock::now() > failed_at_ + kShrinkTime)) {
    return;  // nothing more to learn: let the search end
  }
  Trial trial(this);
  const auto end = [&](Verdict verdict, const std::string& message, const std::string& expected = "",
                       const std::string& actual = "") {
    if (!failed_) failed_at_ = Clock::now();
    failed_ = result_;
    failed_->verdict = verdict;
    failed_->message = message;
    failed_->expected = expected;
    failed_->actual = actual;
    failed_->counterexample = trial.timeline_.Lines();
    failed_->timeline = trial.timeline_.Drawn();
    CloseHandles();
    storage_.reset();  // the next trial starts afresh: a storage that failed is no ground to judge on
  };
  // A rule that has failed stays failed: a trial of the shrinking that says nothing is no smaller case.
  const auto no_smaller_case = [&] {
    if (!failed_) return false;
    CloseHandles();
    storage_.reset();
    return true;
  };
  try {
    if (!failed_ && Clock::now() > started_ + TimeLimit(settings_.profile)) {
      throw Inconclusive("out of time after " + std::to_string(result_.cases) + " cases");
    }
    body(trial);
    trial.MendServers();
    extra_handles_.clear();
  } catch (const Failure& failure) {
    end(Verdict::kFailed, failure.what(), failure.expected, failure.actual);
    if (!failure.timeline.empty()) {
      failed_->counterexample = failure.timeline;
      failed_->timeline.clear();  // the picture shows what counts of it
    }
    failed_->picture = failure.picture;
    throw;
  } catch (const AdapterError& error) {
    if (no_smaller_case()) return;
    end(Verdict::kErrored, error.what());
    throw;
  } catch (const Inconclusive& inconclusive) {
    if (no_smaller_case()) return;
    end(Verdict::kInconclusive, inconclusive.what());
    throw;
  } catch (const rc::GenerationFailure&) {
    throw;
  } catch (const std::exception& exception) {
    end(Verdict::kErrored, std::string("the kit itself failed: ") + exception.what());
    throw;
  }
}

void RuleRun::ForAll(int standard, const std::function<void(Trial&)>& body) {
  rc::detail::TestParams params;
  params.seed = next_seed_++;
  params.maxSuccess = Scaled(standard);
  CaseCounter counter(&result_.cases);
  // The form that takes everything as arguments: the others read RC_PARAMS from the environment.
  const std::unordered_map<std::string, rc::detail::Reproduce> nothing_to_reproduce;
  const auto outcome = rc::detail::checkTestable([&] { RunTrial(body); }, rc::detail::TestMetadata(),
                                                 params, counter, nothing_to_reproduce);
  if (!failed_ && !outcome.is<rc::detail::SuccessResult>()) {
    failed_ = result_;
    failed_->verdict = Verdict::kErrored;
    std::ostringstream text;
    rc::detail::printResultMessage(outcome, text);
    failed_->message = "the kit's generators failed: " + text.str();
  }
  if (failed_) throw Ended();
}

void RuleRun::Once(const std::function<void(Trial&)>& body) {
  ++result_.cases;
  try {
    RunTrial(body);
  } catch (...) {
    if (!failed_) throw;
    throw Ended();
  }
}

void RuleRun::Rounds(int count, const std::function<void(Trial&, int)>& body) {
  for (int round = 0; round < count; ++round) {
    Once([&](Trial& trial) { body(trial, round); });
  }
}

RuleResult RunProperty(const Subject& subject, const Capabilities& offered, std::string_view rule_id,
                       const Settings& settings) {
  const auto started = Clock::now();
  RuleResult result;
  result.id = rule_id;
  const Rule* rule = FindRule(rule_id);
  const Property* property = FindProperty(rule_id);
  if (rule == nullptr || property == nullptr) {
    result.message = "no such rule";
    return result;
  }
  for (std::string_view capability : rule->capabilities) {
    if (Offers(offered, capability)) continue;
    result.verdict = Verdict::kNotOffered;
    result.message = "needs the capability \"" + std::string(capability) + "\"";
    return result;
  }
  {
    RuleRun run(subject, offered, std::string(rule_id), settings);
    try {
      property->run(run);
      result = run.result_;
    } catch (const Ended&) {
      result = *run.failed_;
      result.cases = run.result_.cases;
    } catch (const std::exception& exception) {
      result.message = std::string("the kit itself failed: ") + exception.what();
    }
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  return result;
}

}  // namespace aether::conformance
