// Stores that go wrong when a server behind them dies, stands still or is cut off.

#include <chrono>
#include <map>
#include <mutex>
#include <optional>

#include "broken_store.h"
#include "server_double.h"

namespace aether::selftest {

namespace {

using Answer = Servers::Answer;

struct ReadsNothingWhileAway : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    auto events = ServerDouble::GetEvents(actor_id, from_version);
    if (!events && !closed_) return std::vector<EventPtr>();
    return events;
  }
};

// As many events as there are, but others.
struct InventsEvents : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    auto events = ServerDouble::GetEvents(actor_id, from_version);
    if (events || closed_) return events;
    std::vector<EventPtr> invented;
    for (std::int64_t version = 1; version <= 3; ++version) {
      Event event;
      event.id = "invented";
      event.event_type = "Happened";
      event.actor_id = actor_id;
      event.version = version;
      invented.push_back(std::make_shared<const Event>(event));
    }
    return invented;
  }
};

struct GuessesTheLatest : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    auto latest = ServerDouble::GetLatestVersion(actor_id);
    if (!latest && !closed_) return 1'000;
    return latest;
  }
};

struct WaitsForEver : ServerDouble {
  using ServerDouble::ServerDouble;
  std::chrono::milliseconds Limit() const override { return std::chrono::hours(1); }
};

struct TellsAnOutageAsDamage : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    auto latest = ServerDouble::GetLatestVersion(actor_id);
    if (!latest && !closed_) return StoreError(ErrorCode::kCorrupt, "the answer ends early");
    return latest;
  }
};

struct TellsATimeOutAsUnavailable : ServerDouble {
  using ServerDouble::ServerDouble;
  StoreError Unanswered(Answer) const override { return Unavailable(); }
};

// What was not answered is sent again, and the server takes it for something new.
struct RetriesUnchecked : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<void> Save(const EventPtr& event) override {
    auto saved = ServerDouble::Save(event);
    for (int i = 0; i < 3 && !saved && saved.error().code() == ErrorCode::kOutcomeUnknown; ++i) {
      const auto answer = Ask([event](Stored& stored) { (void)stored.Append(event, false); });
      saved = answer == Answer::kDone ? Result<void>() : Unanswered(Answer::kNone);
    }
    return saved;
  }
};

// What could not be sent is kept, and sent before the next request.
struct SendsItsBufferLater : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<void> Save(const EventPtr& event) override {
    Flush();
    auto saved = ServerDouble::Save(event);
    if (!saved && saved.error().code() == ErrorCode::kUnavailable) {
      const std::lock_guard lock(mutex_);
      buffer_.push_back(event);
    }
    return saved;
  }
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    Flush();
    return ServerDouble::GetEvents(actor_id, from_version);
  }
  void Flush() {
    const std::lock_guard lock(mutex_);
    if (buffer_.empty() || !servers_->Works(server_)) return;
    for (const EventPtr& event : buffer_) (void)ServerDouble::Save(event);
    buffer_.clear();
  }
  std::mutex mutex_;
  std::vector<EventPtr> buffer_;
};

struct NeverConnectsAgain : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<void> Save(const EventPtr& event) override {
    if (met_a_fault_) return Unavailable();
    return ServerDouble::Save(event);
  }
};

struct ReadsNoMore : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    if (met_a_fault_) return Unavailable();
    return ServerDouble::GetEvents(actor_id, from_version);
  }
};

struct ClosesItself : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override {
    if (met_a_fault_) return Closed();
    return ServerDouble::GetLatestVersion(actor_id);
  }
};

struct ServesAgainLate : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<void> Save(const EventPtr& event) override {
    // More than the patience of the kit's own tests, 2 s, with what a busy machine is given on top.
    constexpr std::chrono::milliseconds kPause{4500};
    const std::lock_guard lock(mutex_);
    if (met_a_fault_ && !again_) again_ = Clock::now() + kPause;
    if (again_ && Clock::now() < *again_) return Unavailable();
    return ServerDouble::Save(event);
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::mutex mutex_;
  std::optional<Clock::time_point> again_;
};

struct SubscribesToWhatComes : ServerDouble {
  using ServerDouble::ServerDouble;
  std::size_t GoOn(std::size_t, std::size_t end) const override { return end; }
};

struct SubscribesOneBefore : ServerDouble {
  using ServerDouble::ServerDouble;
  std::size_t GoOn(std::size_t cursor, std::size_t) const override { return cursor > 0 ? cursor - 1 : 0; }
};

struct SubscriptionEnds : ServerDouble {
  using ServerDouble::ServerDouble;
  std::size_t GoOn(std::size_t, std::size_t) const override { return SIZE_MAX / 2; }
};

// After a fault it takes up its work without the condition on the version.
struct ForgetsTheCondition : ServerDouble {
  using ServerDouble::ServerDouble;
  bool Checks() const override { return !met_a_fault_; }
};

// A read that is not answered is answered from what was read before.
struct ReadsItsCacheWhileAway : ServerDouble {
  using ServerDouble::ServerDouble;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override {
    auto events = ServerDouble::GetEvents(actor_id, from_version);
    const std::lock_guard lock(mutex_);
    auto& known = cache_[std::string(actor_id)];
    if (events && from_version <= 1) known = *events;
    if (events || closed_ || known.empty()) return events;
    events = known;
    std::erase_if(*events, [&](const EventPtr& event) { return event->version < from_version; });
    return events;
  }
  std::mutex mutex_;
  std::map<std::string, std::vector<EventPtr>> cache_;
};

// Waits longer than a fault lasts, mostly.
struct WaitsLong : ServerDouble {
  using ServerDouble::ServerDouble;
  std::chrono::milliseconds Limit() const override { return std::chrono::milliseconds(200); }
};

struct StaysWithItsServer : ServerDouble {
  using ServerDouble::ServerDouble;
  bool FindsAnotherServer() const override { return false; }
};

template <typename Store>
BrokenStore Behind(int servers, std::string_view name, std::string_view rule, std::string_view fault,
                   ServerBug bug = ServerBug::kNone) {
  return {name, rule, fault, SubjectOfServerDouble<Store>(servers, bug), true};
}

}  // namespace

std::vector<BrokenStore> BrokenBehindServers() {
  return {
      Behind<ServerDouble>(1, "server_stores_later", "SRV-01", "the server acknowledges before it stores",
                           ServerBug::kStoresLater),
      Behind<ServerDouble>(1, "server_counts_in_memory", "SRV-01",
                           "a server that was killed takes a version a second time",
                           ServerBug::kCountsInMemory),
      Behind<ReadsNothingWhileAway>(1, "reads_nothing_while_away", "SRV-02",
                                    "a read that no server answers is empty"),
      Behind<InventsEvents>(1, "invents_events_while_away", "SRV-02",
                            "a read that no server answers gives events that nobody saved"),
      Behind<GuessesTheLatest>(1, "guesses_the_latest_while_away", "SRV-02",
                               "a version that no server tells is guessed"),
      Behind<WaitsForEver>(1, "waits_for_ever", "SRV-02", "a call waits for a paused server"),
      Behind<TellsAnOutageAsDamage>(1, "tells_an_outage_as_damage", "SRV-02",
                                    "an answer that does not come is told as damage"),
      Behind<TellsATimeOutAsUnavailable>(1, "tells_a_time_out_as_unavailable", "SRV-03",
                                         "a save that was sent and not answered is told as a failure"),
      Behind<RetriesUnchecked>(1, "retries_unchecked", "SRV-03",
                               "the client sends again what the server has stored, and it is stored twice"),
      Behind<SendsItsBufferLater>(1, "sends_its_buffer_later", "SRV-03",
                                  "a save that failed is sent when the server is back"),
      Behind<NeverConnectsAgain>(1, "never_connects_again", "SRV-04", "a lost connection is lost for good"),
      Behind<ReadsNoMore>(1, "reads_no_more", "SRV-04", "after a fault saves go on, and reads do not"),
      Behind<ClosesItself>(1, "closes_itself", "SRV-04", "after a fault a call is answered with closed"),
      Behind<ServesAgainLate>(1, "serves_again_late", "SRV-04",
                              "after a fault saves go on when nobody waits any more"),
      Behind<SubscribesToWhatComes>(1, "subscribes_to_what_comes", "SRV-05",
                                    "a subscription that connects again gives what is stored from then on"),
      Behind<SubscribesOneBefore>(1, "subscribes_one_before", "SRV-05",
                                  "a subscription that connects again gives its last notice again"),
      Behind<SubscriptionEnds>(1, "subscription_ends", "SRV-05", "a fault ends subscriptions in silence"),
      Behind<ForgetsTheCondition>(1, "forgets_the_condition", "SRV-06",
                                  "after a fault a handle saves whatever the latest version is"),
      Behind<ReadsItsCacheWhileAway>(1, "reads_its_cache_while_away", "SRV-06",
                                     "a read that no server answers is answered from an earlier one"),
      Behind<WaitsLong>(3, "paused_leader_goes_on", "SRV-06",
                        "a leader that was paused acknowledges what its successor does not have",
                        ServerBug::kPausedLeaderGoesOn),
      Behind<ServerDouble>(3, "loses_at_failover", "SRV-07",
                           "the last events are lost when the leader breaks", ServerBug::kLosesAtFailover),
      Behind<StaysWithItsServer>(3, "stays_with_its_server", "SRV-07",
                                 "a client does not look for another server"),
  };
}

}  // namespace aether::selftest
