// MemoryStore: shards of actors, and subscriptions with a queue and a thread each.

#include "aether/memory_store.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace aether {

namespace {

StoreError Closed() { return StoreError(ErrorCode::kClosed, "the store handle is closed"); }

// Lets a map with keys of std::string be searched by std::string_view.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
};

struct Actor {
  std::vector<EventPtr> events;
  std::optional<ActorSnapshot> snapshot;
};

// On a cache line of its own, so that neighbours do not slow each other down.
struct alignas(64) Shard {
  mutable std::shared_mutex mutex;
  std::unordered_map<std::string, Actor, TextHash, std::equal_to<>> actors;
};

// One subscription: a queue that saves fill and a thread that empties it into the callback.
class Subscriber : public std::enable_shared_from_this<Subscriber> {
 public:
  explicit Subscriber(EventStoredCallback callback) : callback_(std::move(callback)) {}

  // Only the thread itself can be the last to let go of an unjoined subscriber.
  ~Subscriber() {
    if (thread_.joinable()) thread_.detach();
  }

  void Start() {
    thread_ = std::thread([self = shared_from_this()] { self->Run(); });
  }

  void Add(EventPtr event) {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(event));
    changed_.notify_one();
  }

  // After it returns the callback does not run, unless it was the callback that called.
  void End() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_one();
    }
    if (std::this_thread::get_id() == thread_.get_id()) return;
    const std::lock_guard lock(join_mutex_);
    if (thread_.joinable()) thread_.join();
  }

  bool ended() const {
    const std::lock_guard lock(mutex_);
    return ended_;
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ended_ || !queue_.empty(); });
      if (ended_) return;
      const EventPtr event = std::move(queue_.front());
      queue_.pop_front();
      lock.unlock();
      try {
        callback_(EventStored::Of(*event));
      } catch (...) {
        // A subscriber's trouble is its own: the next notice comes all the same. (NOTE-08)
      }
      lock.lock();
    }
  }

  EventStoredCallback callback_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EventPtr> queue_;
  bool ended_ = false;
  std::mutex join_mutex_;
  std::thread thread_;
};

class SubscriptionOfSubscriber final : public Subscription {
 public:
  explicit SubscriptionOfSubscriber(std::shared_ptr<Subscriber> subscriber)
      : subscriber_(std::move(subscriber)) {}
  ~SubscriptionOfSubscriber() override { subscriber_->End(); }

 private:
  std::shared_ptr<Subscriber> subscriber_;
};

// Where in `events`, ascending by version, those from `from_version` on begin.
std::vector<EventPtr>::const_iterator From(const std::vector<EventPtr>& events, std::int64_t from_version) {
  if (events.empty() || from_version <= events.front()->version) return events.begin();
  return std::lower_bound(
      events.begin(), events.end(), from_version,
      [](const EventPtr& event, std::int64_t version) { return event->version < version; });
}

}  // namespace

class MemoryStore::Storage {
 public:
  Result<void> Save(const Event& event) {
    // The copy is made outside the lock: a save that will be refused pays for it, all others gain.
    auto stored = std::make_shared<const Event>(event);
    Shard& shard = ShardOf(event.actor_id);
    const std::lock_guard lock(shard.mutex);
    Actor& actor = Find(shard, event.actor_id);
    const std::int64_t latest = actor.events.empty() ? 0 : actor.events.back()->version;
    if (event.version <= latest) return StoreError::Conflict(event.actor_id, event.version, latest);
    actor.events.push_back(stored);
    // Under the shard's lock, so that an actor's notices keep the order of its versions. (NOTE-02)
    if (subscribed_.load(std::memory_order_acquire) > 0) Announce(std::move(stored));
    return {};
  }

  std::vector<EventPtr> Read(std::string_view actor_id, std::int64_t from_version) const {
    const Shard& shard = ShardOf(actor_id);
    const std::shared_lock lock(shard.mutex);
    const auto actor = shard.actors.find(actor_id);
    if (actor == shard.actors.end()) return {};
    const auto& events = actor->second.events;
    return {From(events, from_version), events.end()};
  }

  std::int64_t Latest(std::string_view actor_id) const {
    const Shard& shard = ShardOf(actor_id);
    const std::shared_lock lock(shard.mutex);
    const auto actor = shard.actors.find(actor_id);
    if (actor == shard.actors.end() || actor->second.events.empty()) return 0;
    return actor->second.events.back()->version;
  }

  void SaveSnapshot(const ActorSnapshot& snapshot) {
    Shard& shard = ShardOf(snapshot.actor_id);
    const std::lock_guard lock(shard.mutex);
    Actor& actor = Find(shard, snapshot.actor_id);
    if (!actor.snapshot || actor.snapshot->version <= snapshot.version) actor.snapshot = snapshot;
  }

  std::optional<ActorSnapshot> Snapshot(std::string_view actor_id) const {
    const Shard& shard = ShardOf(actor_id);
    const std::shared_lock lock(shard.mutex);
    const auto actor = shard.actors.find(actor_id);
    return actor == shard.actors.end() ? std::nullopt : actor->second.snapshot;
  }

  void Add(std::shared_ptr<Subscriber> subscriber) {
    const std::lock_guard lock(subscribers_mutex_);
    std::erase_if(subscribers_, [](const auto& other) { return other->ended(); });
    subscribers_.push_back(std::move(subscriber));
    subscribed_ = subscribers_.size();
  }

  void Forget(const std::shared_ptr<Subscriber>& subscriber) {
    const std::lock_guard lock(subscribers_mutex_);
    std::erase(subscribers_, subscriber);
    subscribed_ = subscribers_.size();
  }

 private:
  static constexpr std::size_t kShards = 64;

  Shard& ShardOf(std::string_view actor_id) { return shards_[TextHash()(actor_id) % kShards]; }
  const Shard& ShardOf(std::string_view actor_id) const { return shards_[TextHash()(actor_id) % kShards]; }

  static Actor& Find(Shard& shard, const std::string& actor_id) { return shard.actors[actor_id]; }

  void Announce(EventPtr event) {
    const std::lock_guard lock(subscribers_mutex_);
    for (const auto& subscriber : subscribers_) subscriber->Add(event);
  }

  std::array<Shard, kShards> shards_;
  std::mutex subscribers_mutex_;
  std::vector<std::shared_ptr<Subscriber>> subscribers_;
  std::atomic<std::size_t> subscribed_ = 0;
};

// What belongs to one handle alone.
struct MemoryStore::Handle {
  std::atomic<bool> closed = false;
  std::mutex mutex;
  std::vector<std::weak_ptr<Subscriber>> subscribers;
};

MemoryStore::MemoryStore() : MemoryStore(std::make_shared<Storage>()) {}

MemoryStore::MemoryStore(std::shared_ptr<Storage> storage)
    : storage_(std::move(storage)), handle_(std::make_unique<Handle>()) {}

MemoryStore::~MemoryStore() { (void)Close(); }

std::unique_ptr<MemoryStore> MemoryStore::Share() const {
  return std::unique_ptr<MemoryStore>(new MemoryStore(storage_));
}

Result<void> MemoryStore::SaveEvent(const Event& event) {
  if (handle_->closed) return Closed();
  if (auto valid = Validate(event); !valid) return valid;
  return storage_->Save(event);
}

Result<std::vector<EventPtr>> MemoryStore::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  if (handle_->closed) return Closed();
  return storage_->Read(actor_id, from_version);
}

Result<std::int64_t> MemoryStore::GetLatestVersion(std::string_view actor_id) {
  if (handle_->closed) return Closed();
  return storage_->Latest(actor_id);
}

Result<ReplayResult> MemoryStore::GetEventsWithErrors(std::string_view actor_id,
                                                      std::int64_t from_version) {
  if (handle_->closed) return Closed();
  return ReplayResult{storage_->Read(actor_id, from_version), {}};
}

Result<void> MemoryStore::SaveSnapshot(const ActorSnapshot& snapshot) {
  if (handle_->closed) return Closed();
  if (auto valid = Validate(snapshot); !valid) return valid;
  storage_->SaveSnapshot(snapshot);
  return {};
}

Result<std::optional<ActorSnapshot>> MemoryStore::GetLatestSnapshot(std::string_view actor_id) {
  if (handle_->closed) return Closed();
  return storage_->Snapshot(actor_id);
}

Result<std::unique_ptr<Subscription>> MemoryStore::Subscribe(EventStoredCallback callback) {
  const std::lock_guard lock(handle_->mutex);
  if (handle_->closed) return Closed();
  auto subscriber = std::make_shared<Subscriber>(std::move(callback));
  subscriber->Start();
  storage_->Add(subscriber);
  std::erase_if(handle_->subscribers, [](const auto& other) { return other.expired(); });
  handle_->subscribers.push_back(subscriber);
  return std::unique_ptr<Subscription>(std::make_unique<SubscriptionOfSubscriber>(std::move(subscriber)));
}

Result<void> MemoryStore::Close() {
  std::vector<std::weak_ptr<Subscriber>> subscribers;
  {
    const std::lock_guard lock(handle_->mutex);
    handle_->closed = true;
    subscribers.swap(handle_->subscribers);
  }
  for (const auto& weak : subscribers) {
    if (const auto subscriber = weak.lock()) {
      storage_->Forget(subscriber);
      subscriber->End();
    }
  }
  return {};
}

}  // namespace aether
