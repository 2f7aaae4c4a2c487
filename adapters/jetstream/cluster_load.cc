// jetstream_cluster_load: saves through several clients while the servers of a cluster are broken one after
// the other, and tells what became of it: what was acknowledged and is missing, what is there twice, how
// long nothing could be saved.
//
//     jetstream_cluster_load [FAULTS [SEED]]
//
// Which servers: see NatsSetup. Ends with 0 when nothing was lost or stored twice. A cluster that does not
// serve any more is told, killed as a whole, and started again.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "aether/jetstream_store.h"
#include "nats_backend.h"

namespace aether {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kClients = 6;
constexpr seconds kRecoveryLimit{60};
// Between two saves of a client: what is measured is how faults are borne, not how many saves there can be.
constexpr milliseconds kPause{10};
const std::string kShared = "shared";

struct Key {
  std::string actor;
  std::int64_t version;
  friend auto operator<=>(const Key&, const Key&) = default;
};

// What was said of the saves.
class Ledger {
 public:
  void Acknowledge(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (!acknowledged_.emplace(Key{event.actor_id, event.version}, event.id).second) ++twice_;
    auto& highest = highest_[event.actor_id];
    highest = std::max(highest, event.version);
    const auto now = Clock::now();
    longest_gap_ = std::max(longest_gap_, now - last_);
    last_ = now;
    ++count_;
  }

  std::int64_t Highest(const std::string& actor) const {
    const std::lock_guard lock(mutex_);
    const auto found = highest_.find(actor);
    return found == highest_.end() ? 0 : found->second;
  }

  int count() const {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  int twice() const {
    const std::lock_guard lock(mutex_);
    return twice_;
  }

  // The longest time without a save that was acknowledged since this was asked before.
  Clock::duration TakeLongestGap() {
    const std::lock_guard lock(mutex_);
    return std::exchange(longest_gap_, Clock::duration::zero());
  }

  // What of it is not in `events`, all of the actor's.
  int CountMissing(const std::string& actor, const std::vector<EventPtr>& events) const {
    const std::lock_guard lock(mutex_);
    std::map<std::int64_t, std::string> there;
    for (const EventPtr& event : events) there.emplace(event->version, event->id);
    int missing = 0;
    for (const auto& [key, id] : acknowledged_) {
      if (key.actor != actor) continue;
      const auto found = there.find(key.version);
      if (found != there.end() && found->second == id) continue;
      std::printf("MISSING %s version %lld id %s: %s\n", actor.c_str(), static_cast<long long>(key.version),
                  id.c_str(), found == there.end() ? "nothing there" : found->second.c_str());
      ++missing;
    }
    return missing;
  }

 private:
  mutable std::mutex mutex_;
  std::map<Key, std::string> acknowledged_;
  std::map<std::string, std::int64_t> highest_;
  Clock::time_point last_ = Clock::now();
  Clock::duration longest_gap_{};
  int count_ = 0;
  int twice_ = 0;
};

// One client: saves to an actor of its own, and in turn to one that all share.
class Client {
 public:
  Client(int number, JetStreamOptions options, Ledger* ledger)
      : number_(number), options_(std::move(options)), ledger_(ledger), thread_([this] { Run(); }) {}
  ~Client() { End(); }

  void End() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
  }

  int saves() const { return saves_; }
  int unknown() const { return unknown_; }
  int stale() const { return stale_; }
  int wrong() const { return wrong_; }
  milliseconds longest_call() const { return milliseconds(longest_call_); }

 private:
  void Run() {
    while (!ending_ && !store_) {
      auto opened = JetStreamStore::Open(options_);
      if (opened) store_ = *std::move(opened);
    }
    const std::string own = "client-" + std::to_string(number_);
    while (!ending_) {
      SaveNext(own);
      SaveNext(kShared);
      std::this_thread::sleep_for(kPause);
    }
  }

  template <typename Call>
  auto Timed(Call call) {
    const auto start = Clock::now();
    auto result = call();
    const auto took = std::chrono::duration_cast<milliseconds>(Clock::now() - start).count();
    longest_call_ = std::max<std::int64_t>(longest_call_, took);
    return result;
  }

  void SaveNext(const std::string& actor) {
    const std::int64_t known = ledger_->Highest(actor);
    const auto latest = Timed([&] { return store_->GetLatestVersion(actor); });
    if (!latest) return;
    if (*latest < known) {
      ++stale_;
      std::printf("STALE client %d read version %lld of %s, %lld was acknowledged before\n", number_,
                  static_cast<long long>(*latest), actor.c_str(), static_cast<long long>(known));
    }
    Event event;
    event.id = std::to_string(number_) + "-" + std::to_string(++events_);
    event.event_type = "Tried";
    event.actor_id = actor;
    event.version = *latest + 1;
    event.timestamp = Timestamp::Now();
    bool unsure = false;
    while (!ending_) {
      const auto saved = Timed([&] { return store_->SaveEvent(event); });
      if (saved) return Acknowledged(event);
      if (saved.error().code() == ErrorCode::kOutcomeUnknown) {
        unsure = true;
        ++unknown_;
        continue;
      }
      if (saved.error().code() == ErrorCode::kUnavailable) continue;
      if (saved.error().code() != ErrorCode::kVersionConflict) {
        ++wrong_;
        std::printf("WRONG %s\n", saved.error().message().c_str());
        return;
      }
      // A conflict with another one, or with an own attempt whose outcome was unknown. Where none was, it
      // must not be with an own one.
      const auto read = store_->GetEvents(actor, event.version);
      if (!read) continue;
      const bool is_own = !read->empty() && read->front()->id == event.id;
      if (is_own && !unsure) {
        ++wrong_;
        std::printf("WRONG conflict of %s with itself\n", event.id.c_str());
      }
      if (is_own) Acknowledged(event);
      return;
    }
  }

  void Acknowledged(const Event& event) {
    ledger_->Acknowledge(event);
    ++saves_;
  }

  const int number_;
  const JetStreamOptions options_;
  Ledger* const ledger_;
  std::unique_ptr<JetStreamStore> store_;
  int events_ = 0;
  std::atomic<bool> ending_{false};
  std::atomic<int> saves_{0};
  std::atomic<int> unknown_{0};
  std::atomic<int> stale_{0};
  std::atomic<int> wrong_{0};
  std::atomic<std::int64_t> longest_call_{0};
  std::thread thread_;
};

struct Fault {
  std::string name;
  std::vector<int> servers;
  ServerFault kind;
};

class Load {
 public:
  Load(NatsBackend* backend, std::uint64_t seed) : backend_(backend), random_(seed) {
    options_.store_namespace = "load";
    options_.replicas = backend->setup().servers;
    options_.allow_unsafe_replicas = backend->setup().allow_unsafe_replicas;
  }

  bool Run(int faults) {
    options_.urls = backend_->urls();
    auto opened = JetStreamStore::Open(options_);
    if (!opened) {
      std::printf("cannot open the store: %s\n", opened.error().message().c_str());
      return false;
    }
    store_ = *std::move(opened);
    for (int number = 1; number <= kClients; ++number) {
      JetStreamOptions options = options_;
      options.urls = backend_->urls();
      clients_.push_back(std::make_unique<Client>(number, options, &ledger_));
    }
    bool good = AwaitSaves(1);
    for (int i = 0; good && i < faults; ++i) {
      good = Try(NextFault(i));
      if (i % 5 == 4) good = good && Judge();
    }
    for (const auto& client : clients_) {
      client->End();
      good = good && client->wrong() == 0;
    }
    ended_ = true;
    good = Judge() && good;
    Tell(faults);
    return good;
  }

 private:
  Fault NextFault(int i) {
    const int count = backend_->ServerCount();
    const auto kind = static_cast<ServerFault>(i % 3);
    const char* const names[] = {"kill", "pause", "cut off"};
    const std::string name = names[i % 3];
    if (i % 10 == 9) {
      Fault all{name + " all", {}, kind};
      for (int server = 0; server < count; ++server) all.servers.push_back(server);
      return all;
    }
    const auto leader = backend_->LeaderOf(JetStreamNames(options_).events_stream);
    if (leader && i % 2 == 0) return {name + " the leader, " + std::to_string(*leader), {*leader}, kind};
    const int server = static_cast<int>(random_() % static_cast<unsigned>(count));
    return {name + " " + std::to_string(server), {server}, kind};
  }

  bool Try(const Fault& fault) {
    ledger_.TakeLongestGap();
    const int before = ledger_.count();
    for (const int server : fault.servers) {
      if (const auto broken = backend_->BreakServer(server, fault.kind); !broken)
        return Broken(broken.error());
    }
    const bool all = static_cast<int>(fault.servers.size()) == backend_->ServerCount();
    // With a majority left every client goes on; without one nobody does.
    if (all) {
      std::this_thread::sleep_for(seconds(2 + static_cast<int>(random_() % 8)));
    } else {
      ServedOr("while broken: " + fault.name);
    }
    const int meanwhile = ledger_.count() - before;
    if (const auto mended = backend_->MendServers(); !mended) return Broken(mended.error());
    ServedOr("mended after: " + fault.name);
    const auto ms = std::chrono::duration_cast<milliseconds>(ledger_.TakeLongestGap()).count();
    (all ? gaps_of_all_ : gaps_).push_back(ms);
    std::printf("%-24s %6d saves while broken, %6lld ms without one\n", fault.name.c_str(), meanwhile,
                static_cast<long long>(ms));
    std::fflush(stdout);
    while (!AwaitSaves(1)) {
      if (const auto again = StartAgain(); !again) return Broken(again.error());
    }
    return true;
  }

  void ServedOr(const std::string& when) {
    if (AwaitSaves(3)) return;
    std::printf("NO SERVICE for %lld s %s\n", static_cast<long long>(kRecoveryLimit.count()), when.c_str());
    ++without_service_;
  }

  Result<void> StartAgain() {
    std::printf("all servers are started again\n");
    for (int server = 0; server < backend_->ServerCount(); ++server) {
      if (const auto killed = backend_->BreakServer(server, ServerFault::kKill); !killed)
        return killed.error();
    }
    return backend_->MendServers();
  }

  // Whether every client has so many saves acknowledged in time.
  bool AwaitSaves(int more) {
    std::vector<int> goals;
    for (const auto& client : clients_) goals.push_back(client->saves() + more);
    const auto deadline = Clock::now() + kRecoveryLimit;
    const auto done = [&] {
      for (std::size_t i = 0; i < goals.size(); ++i) {
        if (clients_[i]->saves() < goals[i]) return false;
      }
      return true;
    };
    while (!done()) {
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(milliseconds(5));
    }
    return true;
  }

  bool Judge() {
    std::vector<std::string> actors = {kShared};
    for (int number = 1; number <= kClients; ++number) actors.push_back("client-" + std::to_string(number));
    int bad = 0;
    for (const std::string& actor : actors) {
      Result<ReplayResult> read = store_->GetEventsWithErrors(actor, 0);
      for (const auto deadline = Clock::now() + kRecoveryLimit; !read && Clock::now() < deadline;) {
        read = store_->GetEventsWithErrors(actor, 0);
      }
      if (!read) return Broken(read.error());
      // What is acknowledged while this runs is not missing.
      bad += static_cast<int>(read->errors.size());
      for (const auto& error : read->errors) std::printf("REPLAY ERROR %s\n", error.Message().c_str());
      for (std::size_t i = 1; i < read->events.size(); ++i) {
        if (read->events[i]->version > read->events[i - 1]->version) continue;
        std::printf("TWICE %s version %lld\n", actor.c_str(),
                    static_cast<long long>(read->events[i]->version));
        ++bad;
      }
      if (ended_) bad += ledger_.CountMissing(actor, read->events);
    }
    return bad + ledger_.twice() == 0;
  }

  static bool Broken(const StoreError& error) {
    std::printf("BROKEN %s\n", error.message().c_str());
    return false;
  }

  void Tell(int faults) const {
    const auto tell = [](const char* what, std::vector<std::int64_t> gaps) {
      if (gaps.empty()) return;
      std::sort(gaps.begin(), gaps.end());
      std::printf("%s: median %lld ms, worst %lld ms without a save (%zu faults)\n", what,
                  static_cast<long long>(gaps[gaps.size() / 2]), static_cast<long long>(gaps.back()),
                  gaps.size());
    };
    int unknown = 0;
    int stale = 0;
    for (const auto& client : clients_) {
      unknown += client->unknown();
      stale += client->stale();
    }
    std::printf(
        "%s: %d faults, %d saves acknowledged, %d versions acknowledged twice, %d outcomes unknown, "
        "%d stale reads, %d times no service for %lld s\n",
        backend_->setup().Words().c_str(), faults, ledger_.count(), ledger_.twice(), unknown, stale,
        without_service_, static_cast<long long>(kRecoveryLimit.count()));
    tell("one server broken", gaps_);
    tell("all servers broken", gaps_of_all_);
  }

  NatsBackend* const backend_;
  std::mt19937_64 random_;
  JetStreamOptions options_;
  Ledger ledger_;
  std::unique_ptr<JetStreamStore> store_;
  std::vector<std::unique_ptr<Client>> clients_;
  bool ended_ = false;
  int without_service_ = 0;
  std::vector<std::int64_t> gaps_;
  std::vector<std::int64_t> gaps_of_all_;
};

}  // namespace
}  // namespace aether

int main(int argc, char** argv) {
  using namespace aether;
  const auto backend = NatsBackend::Shared();
  if (!backend) {
    std::fprintf(stderr, "%s\n", backend.error().message().c_str());
    return 2;
  }
  const int faults = argc > 1 ? std::atoi(argv[1]) : 50;
  const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1;
  return Load(*backend, seed).Run(faults) ? 0 : 1;
}
