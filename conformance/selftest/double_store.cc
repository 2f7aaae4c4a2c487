// DoubleStore: the honest decisions.

#include "double_store.h"

#include <algorithm>

namespace aether::selftest {

Subscriber::Subscriber(EventStoredCallback callback, std::string name_space)
    : callback_(std::move(callback)), name_space_(std::move(name_space)), thread_([this] { Run(); }) {}

void Subscriber::Add(const EventStored& notice) {
  const std::lock_guard lock(mutex_);
  if (queue_.size() >= capacity) return;
  queue_.push_back(notice);
  changed_.notify_one();
}

void Subscriber::End() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Subscriber::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ended_ || !queue_.empty(); });
    if (ended_) return;
    const EventStored notice = queue_.front();
    queue_.pop_front();
    lock.unlock();
    bool threw = false;
    try {
      callback_(notice);
    } catch (...) {
      threw = true;
    }
    lock.lock();
    if (threw && ends_on_throw) return;
  }
}

namespace {

class SubscriptionOf final : public Subscription {
 public:
  explicit SubscriptionOf(std::shared_ptr<Subscriber> subscriber) : subscriber_(std::move(subscriber)) {}
  ~SubscriptionOf() override { subscriber_->End(); }

 private:
  std::shared_ptr<Subscriber> subscriber_;
};

}  // namespace

DoubleStore::DoubleStore(std::shared_ptr<State> state, std::string name_space)
    : state_(std::move(state)), name_space_(std::move(name_space)) {}

DoubleStore::~DoubleStore() {
  const std::lock_guard lock(state_->mutex);
  if (opened_) --state_->handles;
}

void DoubleStore::Open() {
  const std::lock_guard lock(state_->mutex);
  if (state_->handles++ == 0) Reopened(*state_);
  opened_ = true;
}

StoreError DoubleStore::Closed() { return StoreError(ErrorCode::kClosed, "the handle is closed"); }

std::int64_t DoubleStore::LatestOf(const Stream& stream, std::string_view) { return stream.latest; }

std::int64_t DoubleStore::ToldLatest(const Stream& stream, std::string_view actor_id) {
  return LatestOf(stream, actor_id);
}

StoreError DoubleStore::Refusal(const Event& event, std::int64_t latest) {
  return StoreError::Conflict(event.actor_id, event.version, latest);
}

void DoubleStore::Append(Stream& stream, const Event& event) {
  stream.records.push_back({state_->next_sequence++, event.version,
                            std::make_shared<const Event>(Keep(event)), "",
                            std::chrono::steady_clock::now()});
  stream.latest = std::max(stream.latest, event.version);
}

void DoubleStore::Announce(const EventStored& notice) {
  for (const auto& weak : state_->subscribers) {
    const auto subscriber = weak.lock();
    if (subscriber && subscriber->name_space() == name_space_) subscriber->Add(notice);
  }
}

Result<void> DoubleStore::SaveEvent(const Event& event) {
  if (closed_) return Closed();
  if (auto valid = Check(event); !valid) return valid;
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[KeyOf(event.actor_id)];
  Expire(stream);
  const std::int64_t latest = LatestOf(stream, event.actor_id);
  if (!Accepts(latest, event)) {
    Refused(stream, event);
    return Refusal(event, latest);
  }
  Append(stream, event);
  Saved(stream, event);
  return {};
}

std::vector<EventPtr> DoubleStore::Collect(const Stream& stream, std::int64_t from_version) {
  std::vector<EventPtr> events;
  for (const Record& record : stream.records) {
    if (record.event && InRange(record.event->version, from_version, stream))
      events.push_back(record.event);
  }
  return Arrange(std::move(events), from_version);
}

Result<std::vector<EventPtr>> DoubleStore::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  if (closed_) return Closed();
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[KeyOf(actor_id)];
  Expire(stream);
  return Collect(stream, from_version);
}

Result<std::int64_t> DoubleStore::GetLatestVersion(std::string_view actor_id) {
  if (closed_) return Closed();
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[KeyOf(actor_id)];
  Expire(stream);
  return ToldLatest(stream, actor_id);
}

ReplayError DoubleStore::ErrorOf(const Record& record) {
  return {record.sequence, record.raw, "the record is not an event"};
}

std::vector<ReplayError> DoubleStore::Errors(const Stream& stream, std::int64_t from_version) {
  std::vector<ReplayError> errors;
  for (const Record& record : stream.records) {
    if (record.event || (from_version > 1 && record.position < from_version)) continue;
    errors.push_back(ErrorOf(record));
  }
  return errors;
}

Result<ReplayResult> DoubleStore::GetEventsWithErrors(std::string_view actor_id,
                                                      std::int64_t from_version) {
  if (closed_) return Closed();
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[KeyOf(actor_id)];
  Expire(stream);
  return ReplayResult{Collect(stream, from_version), Errors(stream, from_version)};
}

Result<void> DoubleStore::SaveSnapshot(const ActorSnapshot& snapshot) {
  if (closed_) return Closed();
  if (auto valid = Validate(snapshot); !valid) return valid;
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[SnapshotKeyOf(snapshot.actor_id)];
  if (!stream.snapshot || Replaces(*stream.snapshot, snapshot)) stream.snapshot = Keep(snapshot);
  SnapshotSaved(stream, snapshot);
  return {};
}

Result<std::optional<ActorSnapshot>> DoubleStore::GetLatestSnapshot(std::string_view actor_id) {
  if (closed_) return Closed();
  const std::lock_guard lock(state_->mutex);
  return state_->streams[SnapshotKeyOf(actor_id)].snapshot;
}

Result<std::unique_ptr<Subscription>> DoubleStore::Subscribe(EventStoredCallback callback) {
  if (closed_) return Closed();
  auto subscriber = std::make_shared<Subscriber>(std::move(callback), name_space_);
  const std::lock_guard lock(state_->mutex);
  std::erase_if(state_->subscribers, [](const auto& weak) { return weak.expired(); });
  state_->subscribers.push_back(subscriber);
  return std::unique_ptr<Subscription>(std::make_unique<SubscriptionOf>(std::move(subscriber)));
}

Result<void> DoubleStore::Close() {
  closed_ = true;
  return {};
}

Injection DoubleStore::InjectMalformed(std::string_view actor_id, std::string_view raw) {
  const std::lock_guard lock(state_->mutex);
  Stream& stream = state_->streams[KeyOf(actor_id)];
  stream.records.push_back({state_->next_sequence++, stream.latest, nullptr, std::string(raw),
                            std::chrono::steady_clock::now()});
  return {true, stream.records.back().sequence};
}

bool DoubleStore::Expired(const Record& record, const Stream&) {
  return std::chrono::steady_clock::now() - record.stored_at > *state_->age;
}

void DoubleStore::Expire(Stream& stream) {
  if (!state_->age || stream.records.empty()) return;
  std::erase_if(stream.records, [&](const Record& record) { return Expired(record, stream); });
  if (stream.records.empty()) AllExpired(stream);
}

}  // namespace aether::selftest
