// Trial: what a rule does with the store.

#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

#include "faults/chance.h"
#include "heartbeat.h"
#include "patiently.h"
#include "peer.h"
#include "racing.h"
#include "rule_run.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

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
  if (call.kind == PeerCall::Kind::kReadSnapshot)
    return answer.snapshot ? Describe(*answer.snapshot) : "none";
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
  const std::uint64_t jitter = run_->SeedOf(round);
  StartingLine line(n);
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> racers;
  for (int racer = 1; racer <= n; ++racer) {
    racers.emplace_back([&, racer] {
      const Timeline::Racer calls(&timeline_, racer);
      if (pinned) PinThisThread(racer);
      const auto delay = std::chrono::nanoseconds(Chance(jitter, static_cast<std::uint64_t>(racer)) % 3000);
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

}  // namespace aether::conformance
