// Calls to requests, answers to results; and the threads that call subscribers.

#include "process_store.h"

#include <condition_variable>
#include <deque>
#include <thread>

#include "protocol.h"

namespace aether::process {

// Notices that wait for their subscriber, and the thread that calls it: one at a time, and apart from the
// thread that reads the driver's answers, since a callback may block or use the store.
class NoticeQueue : public std::enable_shared_from_this<NoticeQueue> {
 public:
  explicit NoticeQueue(EventStoredCallback callback) : callback_(std::move(callback)) {}

  void Start() {
    thread_ = std::thread([self = shared_from_this()] { self->Run(); });
  }

  void Push(EventStored notice) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(notice));
    changed_.notify_one();
  }

  bool stopped() {
    const std::lock_guard lock(mutex_);
    return stopped_;
  }

  // When it has returned the callback is not running, unless it is the callback that asks.
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      changed_.notify_one();
    }
    const std::lock_guard lock(end_mutex_);
    if (!thread_.joinable()) return;
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
      if (stopped_) return;
      const EventStored notice = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      try {
        callback_(notice);
      } catch (...) {  // the subscriber's mistake is the subscriber's (NOTE-08)
      }
      lock.lock();
    }
  }

  EventStoredCallback callback_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EventStored> waiting_;
  bool stopped_ = false;
  std::mutex end_mutex_;
  std::thread thread_;
};

class ProcessSubscription final : public Subscription {
 public:
  ProcessSubscription(std::shared_ptr<DriverProcess> driver, std::uint64_t id,
                      std::shared_ptr<NoticeQueue> queue, BrokenHandler broken)
      : driver_(std::move(driver)), id_(id), queue_(std::move(queue)), broken_(std::move(broken)) {}

  ~ProcessSubscription() override {
    try {
      if (queue_->stopped()) return;  // it ended with its handle
      const Answer answer =
          driver_->EndSubscriptions(Request("unsubscribe").Number("subscription", id_), {id_});
      // There is nobody to give an error to. That of a handle which was closed meanwhile does not count.
      if (answer.message.contains("error") && !queue_->stopped()) {
        broken_("the driver answered unsubscribe with an error: " + ShowLine(answer.line));
      }
    } catch (const DriverError& error) {
      broken_(error.what());
    }
    queue_->Stop();
  }

 private:
  std::shared_ptr<DriverProcess> driver_;
  std::uint64_t id_;
  std::shared_ptr<NoticeQueue> queue_;
  BrokenHandler broken_;
};

ProcessStore::ProcessStore(std::shared_ptr<DriverProcess> driver, std::uint64_t handle,
                           BrokenHandler broken)
    : driver_(std::move(driver)), handle_(handle), broken_(std::move(broken)) {}

template <typename Call>
auto ProcessStore::Guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const DriverError& error) {
    broken_(error.what());
    throw;
  }
}

Request ProcessStore::OnActor(std::string_view call, std::string_view actor_id) const {
  return OnHandle(call).Text("actorId", actor_id);
}

Answer ProcessStore::EndAll(std::string_view call) {
  std::map<std::uint64_t, std::weak_ptr<NoticeQueue>> ending;
  {
    const std::lock_guard lock(mutex_);
    ending.swap(subscriptions_);
  }
  std::set<std::uint64_t> ids;
  for (const auto& [id, queue] : ending) ids.insert(id);
  Answer answer = driver_->EndSubscriptions(OnHandle(call), std::move(ids));
  for (const auto& [id, queue] : ending) {
    if (const auto alive = queue.lock()) alive->Stop();
  }
  return answer;
}

ProcessStore::~ProcessStore() {
  try {
    (void)DoneFrom(EndAll("release"));
  } catch (const std::exception& error) {
    broken_("release failed: " + std::string(error.what()));
  }
}

Result<void> ProcessStore::SaveEvent(const Event& event) {
  if (const auto sendable = Sendable(event); !sendable) return sendable.error();
  return Guarded(
      [&] { return DoneFrom(driver_->Call(OnHandle("save").Json("event", ToDriverJson(event)))); });
}

Result<std::vector<EventPtr>> ProcessStore::GetEvents(std::string_view actor_id,
                                                      std::int64_t from_version) {
  if (const auto sendable = Sendable(actor_id); !sendable) return sendable.error();
  return Guarded([&] {
    return EventsFrom(
        driver_->Call(OnActor("get_events", actor_id).Json("fromVersion", ToDriverJson(from_version))));
  });
}

Result<std::int64_t> ProcessStore::GetLatestVersion(std::string_view actor_id) {
  if (const auto sendable = Sendable(actor_id); !sendable) return sendable.error();
  return Guarded([&] { return VersionFrom(driver_->Call(OnActor("get_latest_version", actor_id))); });
}

Result<void> ProcessStore::Close() {
  return Guarded([&] { return DoneFrom(EndAll("close")); });
}

Result<ReplayResult> ProcessStore::GetEventsWithErrors(std::string_view actor_id,
                                                       std::int64_t from_version) {
  if (const auto sendable = Sendable(actor_id); !sendable) return sendable.error();
  return Guarded([&] {
    return ReplayFrom(driver_->Call(
        OnActor("get_events_with_errors", actor_id).Json("fromVersion", ToDriverJson(from_version))));
  });
}

Result<void> ProcessStore::SaveSnapshot(const ActorSnapshot& snapshot) {
  if (const auto sendable = Sendable(snapshot); !sendable) return sendable.error();
  return Guarded([&] {
    return DoneFrom(driver_->Call(OnHandle("save_snapshot").Json("snapshot", ToDriverJson(snapshot))));
  });
}

Result<std::optional<ActorSnapshot>> ProcessStore::GetLatestSnapshot(std::string_view actor_id) {
  if (const auto sendable = Sendable(actor_id); !sendable) return sendable.error();
  return Guarded([&] { return SnapshotFrom(driver_->Call(OnActor("get_latest_snapshot", actor_id))); });
}

Result<std::unique_ptr<Subscription>> ProcessStore::Subscribe(EventStoredCallback callback) {
  return Guarded([&]() -> Result<std::unique_ptr<Subscription>> {
    const std::uint64_t id = driver_->NewId();
    const auto queue = std::make_shared<NoticeQueue>(std::move(callback));
    const auto begun = DoneFrom(
        driver_->Subscribe(handle_, id, [queue](EventStored notice) { queue->Push(std::move(notice)); }));
    if (!begun) return begun.error();
    queue->Start();
    const std::lock_guard lock(mutex_);
    subscriptions_[id] = queue;
    return std::make_unique<ProcessSubscription>(driver_, id, queue, broken_);
  });
}

}  // namespace aether::process
