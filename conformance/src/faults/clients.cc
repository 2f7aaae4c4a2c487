// Clients: threads that call a store, and are left behind if it does not return.

#include "faults/clients.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// While a store answers at once that it is unavailable it is asked at this distance, at most.
constexpr milliseconds kLongestPause{50};

}  // namespace

bool IsOfAServer(const StoreError& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kOutcomeUnknown;
}

// Owned by every thread that uses it: one that is left behind may still come back.
struct Clients::Shared {
  struct Running {
    std::size_t call;
    Clock::time_point since;
  };

  explicit Shared(std::size_t clients) : running(clients), plans_done(clients, false) {}

  bool AllDone() const {
    return std::find(plans_done.begin(), plans_done.end(), false) == plans_done.end();
  }

  mutable std::mutex mutex;
  mutable std::condition_variable changed;
  bool stop = false;
  std::size_t errors = 0;
  std::vector<PeerAnswer> answers;
  std::vector<std::optional<Running>> running;  // by client
  std::vector<bool> plans_done;
};

Clients::Clients(RuleRun* run, Trial* trial, std::vector<ClientPlan> plans)
    : run_(run), trial_(trial), plans_(std::move(plans)), shared_(std::make_shared<Shared>(plans_.size())) {
  std::vector<EventStore*> stores;
  for (const ClientPlan& plan : plans_) {
    Handle& handle = trial->store(plan.handle);
    stores.push_back(&handle.raw());
    names_.push_back(handle.name());
  }
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    threads_.emplace_back([shared = shared_, i, store = stores[i], plan = plans_[i]] {
      Live(*shared, i, *store, plan);
      const std::lock_guard lock(shared->mutex);
      shared->plans_done[i] = true;
      shared->changed.notify_all();
    });
  }
}

void Clients::Live(Shared& shared, std::size_t client, EventStore& store, const ClientPlan& plan) {
  milliseconds backoff{1};
  std::unique_lock lock(shared.mutex);
  bool begun = false;  // who reads the answers finds one of each client
  for (std::size_t i = 0; i < plan.calls.size() && !(shared.stop && begun);) {
    begun = true;
    shared.running[client] = {i, Clock::now()};
    lock.unlock();
    PeerAnswer answer = MakeCall(store, plan.calls[i]);
    lock.lock();
    shared.running[client].reset();
    const bool failed = answer.error && IsOfAServer(*answer.error);
    answer.list = client;
    answer.call = i;
    shared.answers.push_back(std::move(answer));
    shared.errors += failed ? 1 : 0;
    shared.changed.notify_all();
    if (failed && plan.after_error == AfterError::kStop) return;
    if (!failed || plan.after_error == AfterError::kGoOn) ++i;
    backoff = failed ? std::min(2 * backoff, kLongestPause) : milliseconds(1);
    const auto pause = failed ? backoff : plan.pause;
    if (pause.count() > 0) shared.changed.wait_for(lock, pause, [&] { return shared.stop; });
  }
}

Clients::~Clients() {
  if (threads_.empty()) return;
  try {
    trial_->MendServers();
  } catch (const AdapterError&) {  // another error is under way
  }
  Stop();
  (void)WaitUntil([this] { return finished(); }, run_->settings().call_limit + run_->settings().patience);
  Join();
}

void Clients::Visit(const std::function<void(const PeerAnswer&)>& visitor) const {
  const std::lock_guard lock(shared_->mutex);
  for (const PeerAnswer& answer : shared_->answers) visitor(answer);
}

std::size_t Clients::answered() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->answers.size();
}

std::size_t Clients::errors() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->errors;
}

bool Clients::finished() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->AllDone();
}

bool Clients::WaitUntil(const std::function<bool()>& done, milliseconds limit) const {
  const auto end = Clock::now() + limit;
  while (!done()) {
    std::unique_lock lock(shared_->mutex);
    if (Clock::now() > end) return false;
    shared_->changed.wait_for(lock, milliseconds(5));
  }
  return true;
}

void Clients::Stop() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stop = true;
  shared_->changed.notify_all();
}

void Clients::Join() {
  const bool all = finished();
  for (std::thread& thread : threads_) {
    if (all) {
      thread.join();
    } else {
      thread.detach();
    }
  }
  threads_.clear();
  if (!all) run_->Abandon();
}

std::vector<PeerAnswer> Clients::Finish() {
  while (!finished()) {
    std::unique_lock lock(shared_->mutex);
    shared_->changed.wait_for(lock, milliseconds(20));
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const auto& running = shared_->running[i];
      if (!running || Clock::now() - running->since < run_->settings().call_limit) continue;
      PeerAnswer hung;
      hung.list = i;
      hung.call = running->call;
      hung.start = running->since;
      lock.unlock();
      FailAsHanging(hung);
    }
  }
  Join();
  std::vector<PeerAnswer> all = shared_->answers;  // nobody adds to them any more
  std::stable_sort(all.begin(), all.end(),
                   [](const PeerAnswer& a, const PeerAnswer& b) { return a.start < b.start; });
  NoteAll(all);
  return all;
}

// A call that is made again and again with the same answer is noted once.
void Clients::NoteAll(const std::vector<PeerAnswer>& answers) {
  struct Repeated {
    Call call;
    int times = 0;
  };
  std::vector<Repeated> last(plans_.size());
  const auto end = [&](Repeated* repeated) {
    if (repeated->times > 1) repeated->call.result += ", " + std::to_string(repeated->times) + " times";
    if (repeated->times > 0) trial_->timeline().Add(std::move(repeated->call));
    *repeated = {};
  };
  std::string thrown;
  for (const PeerAnswer& answer : answers) {
    Repeated& repeated = last[answer.list];
    const Call call = {0, answer.start, answer.end,
                       names_[answer.list] + "  " + DescribeCall(CallOf(answer)),
                       DescribeAnswer(CallOf(answer), answer)};
    if (repeated.times == 0 || !answer.error || repeated.call.text != call.text ||
        repeated.call.result != call.result) {
      end(&repeated);
      repeated.call = call;
    }
    repeated.call.end = call.end;
    ++repeated.times;
    if (!answer.thrown.empty()) thrown = answer.thrown;
  }
  for (Repeated& repeated : last) end(&repeated);
  if (!thrown.empty()) {
    throw Failure("an exception left the store", "an error value", "exception: " + thrown);
  }
}

void Clients::FailAsHanging(PeerAnswer hung) {
  const double waited = std::chrono::duration<double>(Clock::now() - hung.start).count();
  hung.end = Clock::now();
  std::vector<PeerAnswer> others;
  Visit([&](const PeerAnswer& answer) { others.push_back(answer); });
  NoteAll(others);
  trial_->timeline().Add(
      {0, hung.start, hung.end, names_[hung.list] + "  " + DescribeCall(CallOf(hung)), "does not return"});
  trial_->MendServers();
  Stop();
  (void)WaitUntil([this] { return finished(); }, run_->settings().patience);
  const bool came_back = finished();
  Join();
  char text[64];
  std::snprintf(text, sizeof text, "none after %.1f s", waited);
  throw Failure("a call does not return while its server is broken", "an answer within the time limit",
                text + std::string(came_back ? "" : ", nor when the server was back"));
}

}  // namespace aether::conformance
