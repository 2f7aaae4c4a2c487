// ServerDouble: an honest store behind servers, as plain as can be. The servers live in the storage object,
// and can be killed, paused and cut off. Its decisions are virtual functions and flags, for broken stores
// to change.

#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "aether/conformance/subject.h"

namespace aether::selftest {

// What is wrong with the servers of a storage.
enum class ServerBug {
  kNone,
  kStoresLater,         // a kill loses the last events that were acknowledged
  kCountsInMemory,      // a kill loses the latest versions
  kLosesAtFailover,     // when the leader breaks its last two events are lost
  kPausedLeaderGoesOn,  // and acknowledges, when it goes on, what the others know nothing of
};

// What the servers store: the same for all of them, as if they agreed at once.
struct Stored {
  std::map<std::string, std::vector<EventPtr>, std::less<>> streams;
  std::map<std::string, std::int64_t, std::less<>> latest;
  std::vector<EventPtr> log;
  std::size_t safe = 0;  // of the log: what a kill leaves

  // Appends `event`, if its version is above the latest; else answers the latest.
  std::optional<std::int64_t> Append(const EventPtr& event, bool checked = true);
  // Takes the last `count` events back.
  void Drop(std::size_t count);
};

// Some servers that serve while most of them run, connected.
class Servers {
 public:
  using Work = std::function<void(Stored&)>;
  enum class Answer {
    kDone,
    kRefused,  // nobody was asked
    kNone,     // somebody was asked and did not answer
  };

  Servers(int count, ServerBug bug)
      : faults_(static_cast<std::size_t>(count)), kills_(faults_.size()), bug_(bug) {}

  int count() const { return static_cast<int>(faults_.size()); }
  void Break(int server, ServerFault fault);
  void Mend();
  int leader();

  // Has `server` do the work, and waits for its answer for so long.
  Answer Ask(int server, std::chrono::milliseconds limit, Work work);
  bool Works(int server);

  // Waits until `ready` says so of what is stored, while the servers serve, or until the end was called
  // for. Answers how many faults there have been.
  int Await(const std::function<bool(const Stored&)>& ready, const bool* ended);
  void Wake();
  // With the lock that Await() holds.
  void Look(const std::function<void(Stored&)>& look);

 private:
  struct Request {
    int server;
    Work work;
    bool done = false;
    bool lost = false;
  };

  bool Serving() const;
  void Do(const Work& work);
  void Lead();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<ServerFault>> faults_;  // by server
  std::vector<int> kills_;
  std::vector<std::shared_ptr<Request>> waiting_;  // what paused servers were sent
  std::optional<Stored> of_paused_leader_;
  int paused_leader_ = -1;
  int late_requests_ = 0;
  const ServerBug bug_;
  int leader_ = 0;
  int outages_ = 0;
  Stored stored_;
};

class ServerDouble : public EventNotifier {
 public:
  ServerDouble(std::shared_ptr<Servers> servers, int number)
      : servers_(std::move(servers)), home_(number % servers_->count()), server_(home_) {}

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;
  Result<void> Close() override;

 protected:
  // The decisions, honest as they stand here.
  virtual std::chrono::milliseconds Limit() const { return std::chrono::milliseconds(40); }
  virtual StoreError Unanswered(Servers::Answer answer) const;  // of a save
  virtual bool Checks() const { return true; }                  // that the server compares versions
  virtual bool FindsAnotherServer() const { return true; }
  virtual Result<void> Save(const EventPtr& event);
  // Where a subscription goes on after a fault, in the log of which it has delivered `cursor`.
  virtual std::size_t GoOn(std::size_t cursor, std::size_t) const { return cursor; }

  Servers::Answer Ask(Servers::Work work);
  static StoreError Unavailable() { return StoreError(ErrorCode::kUnavailable, "no server answers"); }
  static StoreError Closed() { return StoreError(ErrorCode::kClosed, "the handle is closed"); }

  std::shared_ptr<Servers> servers_;
  const int home_;           // the server that is asked while it works
  std::atomic<int> server_;  // the one that is asked
  std::atomic<bool> closed_ = false;
  std::atomic<bool> met_a_fault_ = false;

 private:
  class Feed;
};

// A storage of ServerDoubles.
class ServerStorage final : public conformance::Storage {
 public:
  using Maker = std::function<std::unique_ptr<EventStore>(std::shared_ptr<Servers>, int number)>;

  ServerStorage(Maker maker, int servers, ServerBug bug)
      : maker_(std::move(maker)), servers_(std::make_shared<Servers>(servers, bug)) {}
  ~ServerStorage() override { servers_->Mend(); }

  Result<std::unique_ptr<EventStore>> Open() override { return maker_(servers_, handles_++); }
  Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view) override { return None(); }
  Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds) override {
    return None();
  }
  Result<Injection> InjectMalformed(std::string_view, std::string_view) override { return None(); }
  Result<std::string> Location() override { return None(); }
  Result<Capabilities> Probe(const Capabilities& shown) override { return shown; }
  int ServerCount() override { return servers_->count(); }
  Result<bool> BreakServer(int server, ServerFault fault) override;
  Result<void> MendServers() override;
  Result<int> LeaderOf(std::string_view) override { return servers_->leader(); }

 private:
  static StoreError None() { return StoreError(ErrorCode::kNotFound, "no such hook"); }

  Maker maker_;
  std::shared_ptr<Servers> servers_;
  int handles_ = 0;
};

template <typename Store>
conformance::Subject SubjectOfServerDouble(int servers, ServerBug bug = ServerBug::kNone) {
  conformance::Subject subject;
  subject.shown = {.notices = true,
                   .handles = true,
                   .concurrency = true,
                   .in_process = true,
                   .server = true,
                   .cluster = servers > 1};
  subject.make = [servers, bug] {
    return std::make_unique<ServerStorage>(
        [](std::shared_ptr<Servers> all, int number) {
          return std::make_unique<Store>(std::move(all), number);
        },
        servers, bug);
  };
  return subject;
}

}  // namespace aether::selftest
