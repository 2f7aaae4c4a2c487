// A driver (spec/driver.md) in C++. It knows the store (memory_store.h) by its methods only: to judge one
// of your own put it in its place. Needs C++20 and nlohmann_json.

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "memory_store.h"

namespace {

using example::Event;
using example::Snapshot;
using example::Storage;
using example::Store;
using example::StoreError;
using nlohmann::json;

constexpr int kWorkers = 16;  // so many requests can be under way at the same time
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string EncodeBase64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    unsigned group = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      group = group << 8 | (j < bytes.size() ? static_cast<unsigned char>(bytes[j]) : 0);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j <= bytes.size() ? kBase64[group >> (18 - 6 * j) & 63] : '=';
    }
  }
  return text;
}

std::string DecodeBase64(std::string_view text) {
  std::string bytes;
  unsigned group = 0;
  int bits = 0;
  for (const char c : text.substr(0, text.find('='))) {
    group = group << 6 | static_cast<unsigned>(kBase64.find(c));
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(group >> bits & 255);
  }
  return bytes;
}

// A version travels as text, since many languages read numbers as doubles.
std::int64_t Version(const json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::invalid_argument("no version: " + text);
  return version;
}

Event EventOf(const json& message) {
  return {message.at("id"),        message.at("eventType"),        message.at("actorId"),
          message.at("commandId"), Version(message.at("version")), message.at("data"),
          message.at("metadata"),  message.at("timestamp")};
}

json MessageOf(const Event& event) {
  return {{"id", event.id},
          {"eventType", event.event_type},
          {"actorId", event.actor_id},
          {"commandId", event.command_id},
          {"version", std::to_string(event.version)},
          {"data", event.data},
          {"metadata", event.metadata},
          {"timestamp", event.timestamp}};
}

json MessageOf(const std::vector<Event>& events) {
  json messages = json::array();
  for (const Event& event : events) messages.push_back(MessageOf(event));
  return messages;
}

// The kit asked for what this driver does not know: no error of the store's.
StoreError Unsupported(const std::string& message) { return {"unsupported", message}; }

// What the kit has numbered.
template <typename T>
class Table {
 public:
  std::shared_ptr<T> Find(const json& number) const {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(number);
    if (entry == entries_.end()) throw Unsupported("there is no " + number.dump());
    return entry->second;
  }

  // That of this number, which is made first where there is none.
  template <typename... Arguments>
  std::shared_ptr<T> Make(const json& number, Arguments&&... arguments) {
    const std::lock_guard lock(mutex_);
    auto& entry = entries_[number];
    if (!entry) entry = std::make_shared<T>(std::forward<Arguments>(arguments)...);
    return entry;
  }

  void Drop(const json& number) {
    (void)Find(number);
    const std::lock_guard lock(mutex_);
    entries_.erase(number);
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::int64_t, std::shared_ptr<T>> entries_;
};

// A subscription and the handle that it was made with.
struct Following {
  std::shared_ptr<Store> store;
  std::shared_ptr<example::Subscription> subscription;
};

class Driver {
 public:
  // Does not return: the process ends with its input, whatever is under way.
  [[noreturn]] void Run() {
    std::vector<std::thread> workers;
    for (int i = 1; i < kWorkers; ++i) workers.emplace_back([this] { Work(); });
    Work();
  }

 private:
  // The workers take turns at reading, and each serves what it has read: no request has to change threads.
  [[noreturn]] void Work() {
    std::string line;
    while (true) {
      {
        const std::lock_guard lock(input_);
        if (!std::getline(std::cin, line)) std::_Exit(0);
      }
      const json request = json::parse(line, nullptr, false);
      if (!request.is_object() || !request.contains("id")) {
        std::cerr << "no request: " << line << std::endl;
        std::_Exit(1);
      }
      Serve(request);
    }
  }

  void Write(const json& message) {
    // A text of the store's that is not UTF-8 must not cost the answer.
    const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
    const std::lock_guard lock(output_);
    std::cout << line << std::flush;
  }

  void WriteError(const json& id, const std::string& code, const std::string& message,
                  json fields = json::object()) {
    fields["code"] = code;
    fields["message"] = message;
    Write({{"id", id}, {"error", std::move(fields)}});
  }

  void Serve(const json& request) {
    const json& id = request.at("id");
    try {
      const auto call = kCalls.find(request.at("call").get_ref<const std::string&>());
      if (call == kCalls.end()) throw Unsupported("no such call: " + request.at("call").dump());
      Write({{"id", id}, {"result", (this->*call->second)(request)}});
    } catch (const StoreError& error) {
      WriteError(id, error.code(), error.what(), error.fields());
    } catch (const std::exception& error) {
      WriteError(id, "exception", error.what());
    } catch (...) {
      WriteError(id, "exception", "something that is no std::exception");
    }
  }

  std::shared_ptr<Store> StoreOf(const json& request) const { return handles_.Find(request.at("handle")); }

  json Hello(const json& request) {
    if (request.at("protocol") != 1) throw Unsupported("this driver speaks protocol 1");
    return json{{"protocol", 1},
                {"store", "example in C++"},
                {"version", "1.0"},
                {"language", "C++20"},
                {"capabilities", {"errors", "snapshots", "notices", "malformed", "namespaces"}}};
  }

  json Open(const json& request) {
    const auto name = request.find("namespace");
    const auto space =
        storages_.Make(request.at("storage"))
            ->SpaceOf(name == request.end() ? std::nullopt : std::optional<std::string>(*name));
    handles_.Make(request.at("handle"), space);
    return json::object();
  }

  json Save(const json& request) {
    StoreOf(request)->SaveEvent(EventOf(request.at("event")));
    return json::object();
  }

  json GetEvents(const json& request) {
    const auto events =
        StoreOf(request)->GetEvents(request.at("actorId"), Version(request.at("fromVersion")));
    return json{{"events", MessageOf(events)}};
  }

  json GetLatestVersion(const json& request) {
    return json{{"version", std::to_string(StoreOf(request)->GetLatestVersion(request.at("actorId")))}};
  }

  json GetEventsWithErrors(const json& request) {
    const auto replay =
        StoreOf(request)->GetEventsWithErrors(request.at("actorId"), Version(request.at("fromVersion")));
    json errors = json::array();
    for (const auto& error : replay.errors) {
      errors.push_back({{"sequenceNumber", std::to_string(error.sequence_number)},
                        {"rawData", EncodeBase64(error.raw_data)},
                        {"cause", error.cause}});
    }
    return json{{"events", MessageOf(replay.events)}, {"errors", std::move(errors)}};
  }

  json SaveSnapshot(const json& request) {
    const json& message = request.at("snapshot");
    StoreOf(request)->SaveSnapshot({message.at("actorId"), Version(message.at("version")),
                                    message.at("state"), message.at("timestamp")});
    return json::object();
  }

  json GetLatestSnapshot(const json& request) {
    const auto snapshot = StoreOf(request)->GetLatestSnapshot(request.at("actorId"));
    if (!snapshot) return json{{"snapshot", nullptr}};
    return json{{"snapshot",
                 {{"actorId", snapshot->actor_id},
                  {"version", std::to_string(snapshot->version)},
                  {"state", snapshot->state},
                  {"timestamp", snapshot->timestamp}}}};
  }

  json Subscribe(const json& request) {
    const json number = request.at("subscription");
    const auto tell = [this, number](const Event& event) {
      Write({{"notice",
              {{"eventId", event.id},
               {"actorId", event.actor_id},
               {"version", std::to_string(event.version)},
               {"timestamp", event.timestamp}}},
             {"subscription", number}});
    };
    const auto store = StoreOf(request);
    subscriptions_.Make(number, Following{store, store->Subscribe(tell)});
    return json::object();
  }

  json Unsubscribe(const json& request) {
    const auto following = subscriptions_.Find(request.at("subscription"));
    following->store->Unsubscribe(following->subscription);
    subscriptions_.Drop(request.at("subscription"));
    return json::object();
  }

  json Close(const json& request) {
    StoreOf(request)->Close();
    return json::object();
  }

  json Release(const json& request) {
    StoreOf(request)->Close();
    handles_.Drop(request.at("handle"));
    return json::object();
  }

  json Discard(const json& request) {
    storages_.Drop(request.at("storage"));
    return json::object();
  }

  json InjectMalformed(const json& request) {
    const auto place =
        storages_.Find(request.at("storage"))
            ->AppendRaw(request.at("actorId"), DecodeBase64(request.at("raw").get<std::string>()));
    return json{{"possible", true}, {"sequenceNumber", std::to_string(place)}};
  }

  json Sleep(const json& request) {
    std::this_thread::sleep_for(std::chrono::milliseconds(request.at("milliseconds")));
    return json::object();
  }

  json Shutdown(const json& request) {
    Write({{"id", request.at("id")}, {"result", json::object()}});
    std::_Exit(0);
  }

  static const std::map<std::string, json (Driver::*)(const json&), std::less<>> kCalls;

  std::mutex input_;
  std::mutex output_;
  Table<Storage> storages_;
  Table<Store> handles_;
  Table<Following> subscriptions_;
};

const std::map<std::string, json (Driver::*)(const json&), std::less<>> Driver::kCalls = {
    {"hello", &Driver::Hello},
    {"open", &Driver::Open},
    {"save", &Driver::Save},
    {"get_events", &Driver::GetEvents},
    {"get_latest_version", &Driver::GetLatestVersion},
    {"get_events_with_errors", &Driver::GetEventsWithErrors},
    {"save_snapshot", &Driver::SaveSnapshot},
    {"get_latest_snapshot", &Driver::GetLatestSnapshot},
    {"subscribe", &Driver::Subscribe},
    {"unsubscribe", &Driver::Unsubscribe},
    {"close", &Driver::Close},
    {"release", &Driver::Release},
    {"discard", &Driver::Discard},
    {"inject_malformed", &Driver::InjectMalformed},
    {"sleep", &Driver::Sleep},
    {"shutdown", &Driver::Shutdown},
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::cin.tie(nullptr);  // else who reads flushes the output, past its lock
  Driver driver;
  driver.Run();
}
