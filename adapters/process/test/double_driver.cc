// double_driver: a driver for the kit's own doubles, honest or broken, so that what the rules catch can be
// tried through the protocol as well.
//
//     double_driver NAME           one of the broken stores
//     double_driver honest RULE    the honest store that this rule is tried on

#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "aether/json.h"
#include "broken_store.h"
#include "protocol.h"

namespace aether::process {
namespace {

using nlohmann::json;

constexpr int kThreads = 16;

json ToJson(const std::vector<EventPtr>& events) {
  json out = json::array();
  for (const EventPtr& event : events) out.push_back(json::parse(ToDriverJson(*event)));
  return out;
}

json ToJson(const StoreError& error) {
  json out = {{"code", ErrorCodeName(error.code())}, {"message", error.message()}};
  if (!error.field().empty()) out["field"] = error.field();
  if (const auto& conflict = error.conflict()) {
    out["actorId"] = conflict->actor_id;
    out["attemptedVersion"] = std::to_string(conflict->attempted_version);
    out["currentVersion"] = std::to_string(conflict->current_version);
  }
  return out;
}

struct Unsupported {};

// Serves a subject's storages. Handles live until they are released, whatever the calls on them do.
class Server {
 public:
  explicit Server(const conformance::Subject& subject) : subject_(subject) {}

  // Reads and serves requests until there are none.
  void Run() {
    std::cin.tie(nullptr);  // else whoever reads flushes what another is about to write
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([this] { ServeAll(); });
    for (std::thread& thread : threads) thread.join();
  }

 private:
  struct Handle {
    std::shared_ptr<conformance::Storage> storage;
    std::shared_ptr<EventStore> store;
  };

  void ServeAll() {
    while (true) {
      std::string line;
      {
        const std::lock_guard lock(input_mutex_);
        if (shut_down_ || !std::getline(std::cin, line)) return;
        shut_down_ = line.find("\"call\":\"shutdown\"") != std::string::npos;
      }
      const json request = json::parse(line);
      json answer = {{"id", request["id"]}};
      try {
        answer["result"] = Serve(request);
      } catch (const StoreError& error) {
        answer["error"] = ToJson(error);
      } catch (const Unsupported&) {
        answer["error"] = {{"code", "unsupported"}, {"message", "no such call, or no such object"}};
      } catch (const std::exception& exception) {
        answer["error"] = {{"code", "exception"}, {"message", exception.what()}};
      }
      Write(answer);
    }
  }

  void Write(const json& message) {
    const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    const std::lock_guard lock(output_mutex_);
    std::cout << line << std::flush;
  }

  template <typename Map>
  typename Map::mapped_type Find(Map& map, const json& id) {
    const std::lock_guard lock(mutex_);
    const auto found = map.find(id.get<std::uint64_t>());
    if (found == map.end()) throw Unsupported();
    return found->second;
  }

  template <typename T>
  static T Value(Result<T> result) {
    if (!result) throw result.error();
    if constexpr (!std::is_void_v<T>) return *std::move(result);
  }

  json Serve(const json& request) {
    const std::string call = request["call"];
    if (call == "hello") return Hello();
    if (call == "sleep") {
      std::this_thread::sleep_for(std::chrono::milliseconds(request["milliseconds"].get<int>()));
      return json::object();
    }
    if (call == "shutdown") return json::object();
    if (call == "open") return Open(request);
    if (request.contains("storage")) return OnStorage(call, request);
    if (call == "unsubscribe") {
      (void)Find(subscriptions_, request["subscription"]);
      End(request["subscription"]);
      return json::object();
    }
    if (!request.contains("handle")) throw Unsupported();
    return OnHandle(call, request, *Find(handles_, request["handle"]).store);
  }

  json Hello() const {
    json capabilities = json::array();
    for (const CapabilityName& known : kDriverCapabilities) {
      if (subject_.shown.*known.offered) capabilities.push_back(known.name);
    }
    return {{"protocol", 1},
            {"store", "double"},
            {"version", "1"},
            {"language", "C++"},
            {"capabilities", capabilities}};
  }

  json Open(const json& request) {
    std::shared_ptr<conformance::Storage> storage;
    if (request.contains("storage")) storage = MakeOrFind(request["storage"]);
    auto opened = [&] {
      if (!storage) return subject_.open_at(request.at("location").get<std::string>());
      if (request.contains("namespace"))
        return storage->OpenNamespace(request["namespace"].get<std::string>());
      if (!request.contains("retentionMs")) return storage->Open();
      return storage->OpenWithRetention(std::chrono::milliseconds(request["retentionMs"].get<int>()));
    }();
    std::shared_ptr<EventStore> store = Value(std::move(opened));
    const std::lock_guard lock(mutex_);
    handles_[request["handle"].get<std::uint64_t>()] = {storage, store};
    return json::object();
  }

  std::shared_ptr<conformance::Storage> MakeOrFind(const json& id) {
    const std::lock_guard lock(mutex_);
    auto& storage = storages_[id.get<std::uint64_t>()];
    if (!storage) storage = subject_.make();
    return storage;
  }

  json OnStorage(const std::string& call, const json& request) {
    if (call == "location") return {{"location", Value(MakeOrFind(request["storage"])->Location())}};
    const auto storage = Find(storages_, request["storage"]);
    if (call == "inject_malformed") {
      const Injection injection =
          Value(storage->InjectMalformed(request["actorId"].get<std::string>(), BytesFrom(request["raw"])));
      return {{"possible", injection.possible},
              {"sequenceNumber", std::to_string(injection.sequence_number)}};
    }
    if (call == "server_count") return {{"servers", storage->ServerCount()}};
    if (call == "break_server")
      return {{"possible", Value(storage->BreakServer(request["server"], Fault(request)))}};
    if (call == "leader_of") return {{"server", Value(storage->LeaderOf(Actor(request)))}};
    if (call == "mend_servers") {
      Value(storage->MendServers());
      return json::object();
    }
    if (call != "discard") throw Unsupported();
    const std::lock_guard lock(mutex_);
    storages_.erase(request["storage"].get<std::uint64_t>());
    return json::object();
  }

  json OnHandle(const std::string& call, const json& request, EventStore& store) {
    if (call == "save") {
      Value(store.SaveEvent(EventFrom(request["event"])));
    } else if (call == "get_events") {
      return {
          {"events", ToJson(Value(store.GetEvents(Actor(request), VersionFrom(request["fromVersion"]))))}};
    } else if (call == "get_latest_version") {
      return {{"version", std::to_string(Value(store.GetLatestVersion(Actor(request))))}};
    } else if (call == "get_events_with_errors") {
      return Replay(Value(dynamic_cast<EventStoreWithErrors&>(store).GetEventsWithErrors(
          Actor(request), VersionFrom(request["fromVersion"]))));
    } else if (call == "save_snapshot") {
      Value(dynamic_cast<SnapshotStore&>(store).SaveSnapshot(SnapshotFrom(request["snapshot"])));
    } else if (call == "get_latest_snapshot") {
      const auto found = Value(dynamic_cast<SnapshotStore&>(store).GetLatestSnapshot(Actor(request)));
      return {{"snapshot", found ? json::parse(ToDriverJson(*found)) : json()}};
    } else if (call == "subscribe") {
      Subscribe(request, dynamic_cast<EventNotifier&>(store));
    } else if (call == "close") {
      Value(store.Close());
    } else if (call == "release") {
      Release(request["handle"]);
    } else {
      throw Unsupported();
    }
    return json::object();
  }

  static std::string Actor(const json& request) { return request["actorId"]; }

  static ServerFault Fault(const json& request) {
    for (const ServerFault fault : {ServerFault::kKill, ServerFault::kPause, ServerFault::kCutOff}) {
      if (request["fault"] == ServerFaultName(fault)) return fault;
    }
    throw Unsupported();
  }

  static json Replay(const ReplayResult& replay) {
    json errors = json::array();
    for (const ReplayError& error : replay.errors) {
      errors.push_back({{"sequenceNumber", std::to_string(error.sequence_number)},
                        {"rawData", ToBase64(error.raw_data)},
                        {"cause", error.cause}});
    }
    return {{"events", ToJson(replay.events)}, {"errors", errors}};
  }

  void Subscribe(const json& request, EventNotifier& store) {
    const std::uint64_t id = request["subscription"];
    std::shared_ptr<Subscription> subscription =
        Value(store.Subscribe([this, id](const EventStored& notice) {
          Write({{"notice",
                  {{"eventId", notice.event_id},
                   {"actorId", notice.actor_id},
                   {"version", std::to_string(notice.version)},
                   {"timestamp", notice.timestamp.Format()}}},
                 {"subscription", id}});
        }));
    const std::lock_guard lock(mutex_);
    subscriptions_[id] = std::move(subscription);
    handle_of_[id] = request["handle"];
  }

  void End(const json& id) {
    std::shared_ptr<Subscription> ended;  // not under the lock: it waits for its callback
    const std::lock_guard lock(mutex_);
    ended.swap(subscriptions_[id.get<std::uint64_t>()]);
    subscriptions_.erase(id.get<std::uint64_t>());
  }

  void Release(const json& handle) {
    std::vector<std::shared_ptr<Subscription>> ended;
    Handle released;
    const std::lock_guard lock(mutex_);
    std::erase_if(subscriptions_, [&](auto& entry) {
      if (handle_of_[entry.first] != handle.get<std::uint64_t>()) return false;
      ended.push_back(std::move(entry.second));
      return true;
    });
    released = handles_.at(handle.get<std::uint64_t>());
    handles_.erase(handle.get<std::uint64_t>());
  }

  const conformance::Subject& subject_;
  std::mutex input_mutex_;
  bool shut_down_ = false;
  std::mutex output_mutex_;
  std::mutex mutex_;  // of the maps
  std::map<std::uint64_t, std::shared_ptr<conformance::Storage>> storages_;
  std::map<std::uint64_t, Handle> handles_;
  std::map<std::uint64_t, std::shared_ptr<Subscription>> subscriptions_;
  std::map<std::uint64_t, std::uint64_t> handle_of_;
};

const conformance::Subject* SubjectOf(const std::string& name, const char* rule) {
  if (rule != nullptr) return name == "honest" ? &selftest::HonestSubjectFor(*FindRule(rule)) : nullptr;
  for (const auto& broken : selftest::AllBrokenStores()) {
    if (broken.name == name) return &broken.subject;
  }
  return nullptr;
}

}  // namespace
}  // namespace aether::process

int main(int argc, char** argv) {
  const auto* subject = argc == 2 || argc == 3 ? aether::process::SubjectOf(argv[1], argv[2])
                                               : nullptr;  // argv[argc] is none
  if (subject == nullptr) {
    std::cerr << "usage: double_driver NAME, of a broken store, or honest RULE\n";
    return 2;
  }
  aether::process::Server(*subject).Run();
  return 0;
}
