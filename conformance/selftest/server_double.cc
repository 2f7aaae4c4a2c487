// ServerDouble: what its servers do, and what its client makes of it.

#include "server_double.h"

#include <algorithm>

namespace aether::selftest {

std::optional<std::int64_t> Stored::Append(const EventPtr& event, bool checked) {
  std::int64_t& last = latest[event->actor_id];
  if (checked && event->version <= last) return last;
  streams[event->actor_id].push_back(event);
  log.push_back(event);
  last = std::max(last, event->version);
  return std::nullopt;
}

void Stored::Drop(std::size_t count) {
  for (; count > 0 && !log.empty(); --count) {
    auto& stream = streams[log.back()->actor_id];
    stream.pop_back();
    latest[log.back()->actor_id] = stream.empty() ? 0 : stream.back()->version;
    log.pop_back();
  }
}

bool Servers::Serving() const {
  const auto healthy = std::count(faults_.begin(), faults_.end(), std::nullopt);
  return 2 * healthy > static_cast<std::ptrdiff_t>(faults_.size());
}

void Servers::Do(const Work& work) {
  constexpr std::size_t kUnsafe = 16;  // events that a server with that bug keeps in memory
  work(stored_);
  if (bug_ != ServerBug::kStoresLater || stored_.log.size() - stored_.safe > kUnsafe)
    stored_.safe = stored_.log.size();
}

// The first healthy server takes over.
void Servers::Lead() {
  leader_ = static_cast<int>(std::find(faults_.begin(), faults_.end(), std::nullopt) - faults_.begin());
}

void Servers::Break(int server, ServerFault fault) {
  const std::lock_guard lock(mutex_);
  const auto i = static_cast<std::size_t>(server);
  faults_[i] = fault;
  ++outages_;
  of_paused_leader_.reset();
  if (fault == ServerFault::kKill) {
    ++kills_[i];
    for (const auto& request : waiting_) request->lost = request->lost || request->server == server;
    stored_.Drop(stored_.log.size() - stored_.safe);
    if (bug_ == ServerBug::kCountsInMemory) stored_.latest.clear();
  }
  if (server == leader_ && Serving()) {
    if (bug_ == ServerBug::kLosesAtFailover) stored_.Drop(2);
    if (bug_ == ServerBug::kPausedLeaderGoesOn && fault == ServerFault::kPause) {
      of_paused_leader_ = stored_;
      paused_leader_ = server;
    }
    Lead();
  }
  changed_.notify_all();
}

void Servers::Mend() {
  const std::lock_guard lock(mutex_);
  faults_.assign(faults_.size(), std::nullopt);
  // What paused servers were sent is done now, whether anybody waits for it or not.
  for (const auto& request : waiting_) {
    if (request->lost) continue;
    if (of_paused_leader_) {
      request->work(*of_paused_leader_);
    } else {
      Do(request->work);
    }
    request->done = true;
  }
  waiting_.clear();
  late_requests_ = 6;  // before a paused leader learns that it has a successor
  changed_.notify_all();
}

int Servers::leader() {
  const std::lock_guard lock(mutex_);
  return leader_;
}

bool Servers::Works(int server) {
  const std::lock_guard lock(mutex_);
  return !faults_[static_cast<std::size_t>(server)] && Serving();
}

Servers::Answer Servers::Ask(int server, std::chrono::milliseconds limit, Work work) {
  const auto i = static_cast<std::size_t>(server);
  std::unique_lock lock(mutex_);
  const int kills = kills_[i];
  const auto fault = faults_[i];
  if (fault == ServerFault::kKill || (!fault && !Serving())) return Answer::kRefused;
  const auto request = std::make_shared<Request>(Request{server, std::move(work)});
  if (!fault) {
    if (of_paused_leader_ && server == paused_leader_ && late_requests_-- > 0) {
      request->work(*of_paused_leader_);
    } else {
      Do(request->work);
    }
    request->done = true;
    changed_.notify_all();
    lock.unlock();
    std::this_thread::yield();  // the answer is on its way
    lock.lock();
  } else if (fault == ServerFault::kPause) {
    waiting_.push_back(request);
  }
  const bool answered =
      changed_.wait_for(lock, limit, [&] { return kills_[i] != kills || (request->done && !faults_[i]); });
  return answered && kills_[i] == kills ? Answer::kDone : Answer::kNone;
}

int Servers::Await(const std::function<bool(const Stored&)>& ready, const bool* ended) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return *ended || (Serving() && ready(stored_)); });
  return outages_;
}

void Servers::Wake() { changed_.notify_all(); }

void Servers::Look(const std::function<void(Stored&)>& look) {
  const std::lock_guard lock(mutex_);
  look(stored_);
}

Servers::Answer ServerDouble::Ask(Servers::Work work) {
  if (servers_->Works(home_)) server_ = home_;
  const auto answer = servers_->Ask(server_, Limit(), std::move(work));
  if (answer == Servers::Answer::kDone) return answer;
  met_a_fault_ = true;
  for (int i = 0; i < servers_->count() && FindsAnotherServer() && !servers_->Works(server_); ++i) {
    server_ = i;
  }
  return answer;
}

StoreError ServerDouble::Unanswered(Servers::Answer answer) const {
  if (answer == Servers::Answer::kRefused) return Unavailable();
  return StoreError(ErrorCode::kOutcomeUnknown, "the server did not answer in time");
}

Result<void> ServerDouble::SaveEvent(const Event& event) {
  if (closed_) return Closed();
  if (auto valid = Validate(event); !valid) return valid;
  return Save(std::make_shared<const Event>(event));
}

// What is done late must not touch what is gone by then: the answer is on the heap.
Result<void> ServerDouble::Save(const EventPtr& event) {
  const auto conflict = std::make_shared<std::optional<std::int64_t>>();
  const auto answer = Ask(
      [event, conflict, checked = Checks()](Stored& stored) { *conflict = stored.Append(event, checked); });
  if (answer != Servers::Answer::kDone) return Unanswered(answer);
  if (*conflict) return StoreError::Conflict(event->actor_id, event->version, **conflict);
  return {};
}

Result<std::vector<EventPtr>> ServerDouble::GetEvents(std::string_view actor_id,
                                                      std::int64_t from_version) {
  if (closed_) return Closed();
  const auto events = std::make_shared<std::vector<EventPtr>>();
  const auto answer = Ask([=, actor = std::string(actor_id)](Stored& stored) {
    for (const EventPtr& event : stored.streams[actor]) {
      if (event->version >= from_version) events->push_back(event);
    }
  });
  if (answer != Servers::Answer::kDone) return Unavailable();
  return *events;
}

Result<std::int64_t> ServerDouble::GetLatestVersion(std::string_view actor_id) {
  if (closed_) return Closed();
  const auto latest = std::make_shared<std::int64_t>(0);
  const auto answer =
      Ask([=, actor = std::string(actor_id)](Stored& stored) { *latest = stored.latest[actor]; });
  if (answer != Servers::Answer::kDone) return Unavailable();
  return *latest;
}

Result<void> ServerDouble::Close() {
  closed_ = true;
  return {};
}

// Follows the log by a cursor, on a thread of its own.
class ServerDouble::Feed final : public Subscription {
 public:
  Feed(const ServerDouble* store, EventStoredCallback callback)
      : store_(store), callback_(std::move(callback)) {
    store_->servers_->Look([&](const Stored& stored) { cursor_ = stored.log.size(); });
    thread_ = std::thread([this] { Run(); });
  }
  ~Feed() override {
    store_->servers_->Look([&](const Stored&) { ended_ = true; });
    store_->servers_->Wake();
    thread_.join();
  }

 private:
  void Run() {
    int outages = store_->servers_->Await([](const Stored&) { return true; }, &ended_);
    while (true) {
      const int now = store_->servers_->Await(
          [this](const Stored& stored) { return cursor_ < stored.log.size(); }, &ended_);
      EventPtr next;
      bool ended = false;
      store_->servers_->Look([&](const Stored& stored) {
        ended = ended_;
        if (now != outages) cursor_ = store_->GoOn(cursor_, stored.log.size());
        if (cursor_ < stored.log.size()) next = stored.log[cursor_];
      });
      outages = now;
      if (ended) return;
      if (!next) continue;
      ++cursor_;
      callback_(EventStored::Of(*next));
    }
  }

  const ServerDouble* store_;
  EventStoredCallback callback_;
  std::size_t cursor_ = 0;
  bool ended_ = false;  // guarded by the servers' mutex
  std::thread thread_;
};

Result<std::unique_ptr<Subscription>> ServerDouble::Subscribe(EventStoredCallback callback) {
  if (closed_) return Closed();
  return std::unique_ptr<Subscription>(std::make_unique<Feed>(this, std::move(callback)));
}

Result<bool> ServerStorage::BreakServer(int server, ServerFault fault) {
  servers_->Break(server, fault);
  return true;
}

Result<void> ServerStorage::MendServers() {
  servers_->Mend();
  return {};
}

}  // namespace aether::selftest
