// The store of driver.cc: in memory, with the methods of the contract. It knows nothing of the driver
// protocol.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace example {

struct Event {
  std::string id;
  std::string event_type;
  std::string actor_id;
  std::string command_id;
  std::int64_t version = 0;
  std::string data;  // stays the text that it came as: what is parsed and printed again changes
  std::map<std::string, std::string> metadata;
  std::string timestamp;

  NLOHMANN_DEFINE_TYPE_INTRUSIVE(Event, id, event_type, actor_id, command_id, version, data, metadata,
                                 timestamp)
};

struct Snapshot {
  std::string actor_id;
  std::int64_t version = 0;
  std::string state;
  std::string timestamp;
};

// A record that holds no event.
struct ReplayError {
  std::uint64_t sequence_number = 0;
  std::string raw_data;
  std::string cause;
};

struct ReplayResult {
  std::vector<Event> events;
  std::vector<ReplayError> errors;
};

// An error of the contract: its code, and the fields that this code has.
class StoreError : public std::runtime_error {
 public:
  using Fields = std::map<std::string, std::string>;

  StoreError(std::string code, const std::string& message, Fields fields = {})
      : std::runtime_error(message), code_(std::move(code)), fields_(std::move(fields)) {}

  const std::string& code() const { return code_; }
  const Fields& fields() const { return fields_; }

 private:
  std::string code_;
  Fields fields_;
};

// Calls back from a thread of its own, so that no save ever waits for a callback.
class Subscription {
 public:
  using Callback = std::function<void(const Event&)>;

  explicit Subscription(Callback callback) : callback_(std::move(callback)), thread_([this] { Run(); }) {}
  ~Subscription() { End(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  void Add(Event event) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(event));
    changed_.notify_one();
  }

  // Once it has returned, the callback does not run and is not called again.
  void End() {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      changed_.notify_one();
    }
    const std::lock_guard lock(joining_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
      if (ended_) return;
      const Event event = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      callback_(event);
      lock.lock();
    }
  }

  Callback callback_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> waiting_;
  bool ended_ = false;
  std::mutex joining_;
  std::thread thread_;  // the last member: it uses all others
};

// What one namespace of a storage holds. The mutex guards the rest.
struct Space {
  struct Record {
    std::int64_t version = 0;  // 0 where it is not known
    std::string raw;           // bytes, so that a malformed record can be one
  };
  struct Stream {
    std::int64_t latest = 0;
    std::vector<std::shared_ptr<const Record>> records;
  };

  // Answers the place of the record in the stream.
  std::size_t Append(const std::string& actor_id, std::int64_t version, std::string raw) {
    Stream& stream = streams[actor_id];
    stream.records.push_back(std::make_shared<const Record>(Record{version, std::move(raw)}));
    if (version > 0) stream.latest = version;
    return stream.records.size();
  }

  std::int64_t Latest(const std::string& actor_id) const {
    const auto stream = streams.find(actor_id);
    return stream == streams.end() ? 0 : stream->second.latest;
  }

  std::mutex mutex;
  std::map<std::string, Stream> streams;
  std::map<std::string, Snapshot> snapshots;
  std::set<std::shared_ptr<Subscription>> subscriptions;
};

// Where several handles meet.
class Storage {
 public:
  // That of no namespace where there is no name, which "" is not.
  std::shared_ptr<Space> SpaceOf(const std::optional<std::string>& name) {
    const std::lock_guard lock(mutex_);
    auto& space = spaces_[name];
    if (!space) space = std::make_shared<Space>();
    return space;
  }

  std::size_t AppendRaw(const std::string& actor_id, std::string raw) {
    const auto space = SpaceOf(std::nullopt);
    const std::lock_guard lock(space->mutex);
    return space->Append(actor_id, 0, std::move(raw));
  }

 private:
  std::mutex mutex_;
  std::map<std::optional<std::string>, std::shared_ptr<Space>> spaces_;
};

// A handle on one namespace of a storage. Every method may be called from any thread; errors are thrown.
class Store {
 public:
  explicit Store(std::shared_ptr<Space> space) : space_(std::move(space)) {}

  void SaveEvent(const Event& event) {
    for (const auto& [field, text] : {std::pair("id", &event.id), std::pair("eventType", &event.event_type),
                                      std::pair("actorId", &event.actor_id)}) {
      RequireText(field, *text);
    }
    std::string raw = nlohmann::json(event).dump();
    const auto lock = LockOpen();
    const std::int64_t latest = space_->Latest(event.actor_id);
    if (event.version <= latest) throw Conflict(event, latest);
    space_->Append(event.actor_id, event.version, std::move(raw));
    for (const auto& subscription : space_->subscriptions) subscription->Add(event);
  }

  std::vector<Event> GetEvents(const std::string& actor_id, std::int64_t from_version) {
    return GetEventsWithErrors(actor_id, from_version).events;
  }

  ReplayResult GetEventsWithErrors(const std::string& actor_id, std::int64_t from_version) {
    std::vector<std::shared_ptr<const Space::Record>> records;
    {
      const auto lock = LockOpen();
      const auto stream = space_->streams.find(actor_id);
      if (stream != space_->streams.end()) records = stream->second.records;
    }
    ReplayResult result;
    for (std::size_t i = 0; i < records.size(); ++i) {
      // A malformed record has version 0: it is left out where only a part of the stream is asked for.
      if (from_version > 1 && records[i]->version < from_version) continue;
      try {
        result.events.push_back(nlohmann::json::parse(records[i]->raw).get<Event>());
      } catch (const nlohmann::json::exception& error) {
        result.errors.push_back({i + 1, records[i]->raw, error.what()});
      }
    }
    return result;
  }

  std::int64_t GetLatestVersion(const std::string& actor_id) {
    const auto lock = LockOpen();
    return space_->Latest(actor_id);
  }

  void SaveSnapshot(const Snapshot& snapshot) {
    RequireText("actorId", snapshot.actor_id);
    const auto lock = LockOpen();
    const auto [last, is_first] = space_->snapshots.try_emplace(snapshot.actor_id, snapshot);
    if (!is_first && snapshot.version >= last->second.version) last->second = snapshot;
  }

  std::optional<Snapshot> GetLatestSnapshot(const std::string& actor_id) {
    const auto lock = LockOpen();
    const auto snapshot = space_->snapshots.find(actor_id);
    return snapshot == space_->snapshots.end() ? std::nullopt : std::optional(snapshot->second);
  }

  std::shared_ptr<Subscription> Subscribe(Subscription::Callback callback) {
    const auto lock = LockOpen();
    auto subscription = std::make_shared<Subscription>(std::move(callback));
    space_->subscriptions.insert(subscription);
    subscriptions_.push_back(subscription);
    return subscription;
  }

  void Unsubscribe(const std::shared_ptr<Subscription>& subscription) {
    {
      const std::lock_guard lock(space_->mutex);
      space_->subscriptions.erase(subscription);
    }
    subscription->End();  // without the lock, which a callback may want
  }

  void Close() {
    std::vector<std::shared_ptr<Subscription>> ending;
    {
      const std::lock_guard lock(space_->mutex);
      closed_ = true;
      ending = subscriptions_;
    }
    for (const auto& subscription : ending) Unsubscribe(subscription);
  }

 private:
  static void RequireText(const std::string& field, const std::string& text) {
    if (!text.empty()) return;
    throw StoreError("invalid_event", "invalid event: " + field + ": must not be empty",
                     {{"field", field}});
  }

  static StoreError Conflict(const Event& event, std::int64_t latest) {
    const std::string attempted = std::to_string(event.version);
    const std::string current = std::to_string(latest);
    return {"version_conflict",
            "version conflict: actor " + nlohmann::json(event.actor_id).dump() + " has version " + current +
                ", cannot save version " + attempted,
            {{"actorId", event.actor_id}, {"attemptedVersion", attempted}, {"currentVersion", current}}};
  }

  std::unique_lock<std::mutex> LockOpen() {
    std::unique_lock lock(space_->mutex);
    if (closed_) throw StoreError("closed", "the handle is closed");
    return lock;
  }

  std::shared_ptr<Space> space_;
  bool closed_ = false;
  std::vector<std::shared_ptr<Subscription>> subscriptions_;
};

}  // namespace example
