// DoubleStore: an honest store, as plain as can be, whose every decision is a virtual function of its
// own. A broken store is a class that overrides one of them.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "aether/adapter.h"
#include "aether/event_store.h"

namespace aether::selftest {

// A stored record: an event, or bytes that are none.
struct Record {
  std::uint64_t sequence = 0;
  std::int64_t position = 0;  // of an event its version; of a malformed record the latest version then
  EventPtr event;             // null: malformed
  std::string raw;
  std::chrono::steady_clock::time_point stored_at;
};

struct Stream {
  std::vector<Record> records;
  std::int64_t latest = 0;
  std::optional<ActorSnapshot> snapshot;
};

// A subscription: a queue and the thread that empties it into the callback.
class Subscriber {
 public:
  Subscriber(EventStoredCallback callback, std::string name_space);
  ~Subscriber() { End(); }

  void Add(const EventStored& notice);
  void Call(const EventStored& notice) { callback_(notice); }  // in the calling thread
  void End();                                                  // not from the callback

  const std::string& name_space() const { return name_space_; }

  // Faults.
  std::atomic<bool> ends_on_throw = false;
  std::atomic<std::size_t> capacity = SIZE_MAX;  // of the queue; what is over it is dropped

 private:
  void Run();

  const EventStoredCallback callback_;
  const std::string name_space_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<EventStored> queue_;
  bool ended_ = false;
  std::thread thread_;
};

using Key = std::pair<std::string, std::string>;  // namespace and actor id

// What all handles on one storage share.
struct State {
  std::mutex mutex;
  std::map<Key, Stream> streams;
  std::uint64_t next_sequence = 1;
  std::optional<std::chrono::milliseconds> age;  // retention
  std::vector<std::weak_ptr<Subscriber>> subscribers;
  int handles = 0;
  int reads_by_others = 0;  // a fault counts them
};

class DoubleStore : public EventStoreWithErrors, public SnapshotStore, public EventNotifier {
 public:
  explicit DoubleStore(std::shared_ptr<State> state, std::string name_space = "");
  ~DoubleStore() override;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;
  Result<void> Close() override;

  // The adapter's hook.
  Injection InjectMalformed(std::string_view actor_id, std::string_view raw);

 protected:
  // The decisions, honest as they stand here. All are called with the state's lock held, but Check.
  virtual Result<void> Check(const Event& event) { return Validate(event); }
  virtual Key KeyOf(std::string_view actor_id) { return {name_space_, std::string(actor_id)}; }
  virtual Key SnapshotKeyOf(std::string_view actor_id) { return KeyOf(actor_id); }
  virtual std::int64_t LatestOf(const Stream& stream, std::string_view actor_id);  // for the version check
  virtual std::int64_t ToldLatest(const Stream& stream, std::string_view actor_id);
  virtual bool Accepts(std::int64_t latest, const Event& event) { return event.version > latest; }
  virtual StoreError Refusal(const Event& event, std::int64_t latest);
  virtual void Refused(Stream&, const Event&) {}
  virtual Event Keep(const Event& event) { return event; }
  virtual void Append(Stream& stream, const Event& event);
  virtual void Saved(Stream&, const Event& event) { Announce(EventStored::Of(event)); }
  virtual void Announce(const EventStored& notice);
  virtual bool InRange(std::int64_t version, std::int64_t from_version, const Stream&) {
    return version >= from_version;
  }
  virtual std::vector<EventPtr> Arrange(std::vector<EventPtr> events, std::int64_t) { return events; }
  virtual std::vector<ReplayError> Errors(const Stream& stream, std::int64_t from_version);
  virtual ReplayError ErrorOf(const Record& record);
  virtual bool Replaces(const ActorSnapshot& old, const ActorSnapshot& snapshot) {
    return snapshot.version >= old.version;
  }
  virtual ActorSnapshot Keep(const ActorSnapshot& snapshot) { return snapshot; }
  virtual void SnapshotSaved(Stream&, const ActorSnapshot&) {}
  virtual bool Expired(const Record& record, const Stream& stream);
  virtual void AllExpired(Stream&) {}
  virtual void Reopened(State&) {}  // the first handle after all had gone

  void Expire(Stream& stream);
  std::vector<EventPtr> Collect(const Stream& stream, std::int64_t from_version);
  bool closed() const { return closed_; }
  static StoreError Closed();

  std::shared_ptr<State> state_;
  std::string name_space_;
  std::atomic<bool> closed_ = false;

 private:
  bool opened_ = false;

  friend class DoubleStorage;
  void Open();  // tells Reopened(); virtual functions are not for constructors
};

}  // namespace aether::selftest
