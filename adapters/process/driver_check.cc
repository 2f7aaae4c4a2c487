// The checks of a driver, from its hello to its end.
//
// What is wrong with the protocol is a fault. What might as well be the store's doing is a note: to judge
// the store is for the rules.

#include "driver_check.h"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "driver_handle.h"
#include "process_adapter.h"
#include "protocol.h"
#include "scratch_directory.h"

namespace aether::process {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAnswerLimit{10'000};
constexpr int kTogether = 200;
constexpr const char* kActor = "driver-check";

Event TestEvent(std::int64_t version) {
  Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "Tried";
  event.actor_id = kActor;
  event.command_id = "c-1";
  event.version = version;
  event.data =
      JsonObject::Trusted(R"({"big":18446744073709551615,"text":"\u00e9 \ud83d\ude00","exact":0.1})");
  event.metadata.Set("userId", "u-\xE2\x82\xAC");
  event.timestamp = {1768339576, 123456789};
  return event;
}

// The first field in which two events differ; empty: none.
std::string FieldThatDiffers(const Event& a, const Event& b) {
  if (a.id != b.id) return "id";
  if (a.event_type != b.event_type) return "eventType";
  if (a.actor_id != b.actor_id) return "actorId";
  if (a.command_id != b.command_id) return "commandId";
  if (a.version != b.version) return "version";
  if (!(a.data == b.data)) return "data";
  if (a.metadata != b.metadata) return "metadata";
  if (a.timestamp != b.timestamp) return "timestamp";
  return "";
}

class Checker {
 public:
  Checker(std::string command, const std::function<void(const DriverCheck&)>& on_check)
      : command_(std::move(command)), on_check_(on_check) {}

  DriverReport Run() {
    try {
      Protocol();
      Store();
      Offers();
      End();
    } catch (const DriverError& error) {
      report_.fault = DriverCheck{what_, DriverCheck::Outcome::kFault, error.what()};
      on_check_(*report_.fault);
    }
    return report_;
  }

 private:
  // Tries one thing. `check` answers a note, or nothing; a fault is thrown.
  template <typename Check>
  void Try(const std::string& what, Check check) {
    what_ = what;
    std::string note;
    try {
      note = check();
    } catch (const StoreException& exception) {
      note = "it answered with the error \"exception\": " + std::string(exception.what()) +
             "\nThe rules will tell that as an exception that leaves the store.";
    }
    on_check_({what, note.empty() ? DriverCheck::Outcome::kOk : DriverCheck::Outcome::kNote, note});
  }

  Answer Call(const Request& request) { return driver_->Call(request, kAnswerLimit); }
  Request OnStorage(std::string_view call, std::uint64_t storage) {
    return Request(call).Number("storage", storage);
  }
  Request OnHandle(std::string_view call) { return Request(call).Number("handle", handle_); }
  Request OnActor(std::string_view call) { return OnHandle(call).Text("actorId", kActor); }
  Result<void> Save(std::int64_t version) {
    return DoneFrom(Call(OnHandle("save").Json("event", ToDriverJson(TestEvent(version)))));
  }

  // A handle on a new storage, or another one on the same.
  std::string Open(const Request& request) {
    handle_ = driver_->NewId();
    const auto opened = DoneFrom(Call(Request(request).Number("handle", handle_)));
    if (!opened) throw DriverError("the driver refused to open: " + opened.error().message());
    return "";
  }

  void Protocol() {
    Try("starts and says hello", [&] {
      driver_ = std::make_unique<DriverProcess>(command_);
      report_.hello = driver_->SayHello(kHelloLimit);
      return "";
    });
    Try("answers a call that it does not know with \"unsupported\"", [&] {
      const Answer answer = Call(Request("no_such_call"));
      if (IsUnsupported(answer)) return "";
      throw DriverError("it answered the call \"no_such_call\" with " + ShowLine(answer.line));
    });
    Try("ignores keys that it does not know", [&] {
      (void)DoneFrom(
          Call(Request("sleep").Number("milliseconds", 0).Text("comment", "of a later version")));
      return "";
    });
    Try("sleeps as long as it is told", [&] {
      const auto begin = DriverProcess::Clock::now();
      (void)DoneFrom(Call(Request("sleep").Number("milliseconds", 100)));
      // Half of it: clocks differ.
      if (DriverProcess::Clock::now() - begin >= milliseconds(50)) return "";
      throw DriverError(
          "it answered a sleep of 100 milliseconds in less than 50. By sleep the kit finds out whether "
          "requests "
          "are served at the same time: it has to take its time.");
    });
    Try("serves requests at the same time", [&] {
      return ServesConcurrently(*driver_, kAnswerLimit)
                 ? ""
                 : "it answered a request that takes no time after one that sleeps, which had come "
                   "before.\n"
                   "Rules on concurrency will not be offered. Serve each request on a thread of its own.";
    });
  }

  void Store() {
    Try("opens a storage", [&] { return Open(OnStorage("open", storage_ = driver_->NewId())); });
    Try("reads an actor without events", [&]() -> std::string {
      const auto events = EventsFrom(Call(OnActor("get_events").Json("fromVersion", ToDriverJson(0))));
      if (!events || events->empty()) return Told(events);
      return "a storage that was opened for the first time has events already: each needs a place of its "
             "own";
    });
    Try("answers " + std::to_string(kTogether) + " requests that are under way together", [&] {
      std::vector<std::uint64_t> ids;
      for (int i = 0; i < kTogether; ++i) {
        ids.push_back(
            driver_->Send(OnHandle("get_latest_version").Text("actorId", "a" + std::to_string(i))));
      }
      for (const std::uint64_t id : ids) (void)VersionFrom(driver_->Wait(id, kAnswerLimit));
      return "";
    });
    Try("takes an event and gives it back as it was", [&]() -> std::string { return RoundTrip(); });
    Try("tells a version conflict", [&]() -> std::string {
      const auto again = Save(1);
      if (!again && again.error().code() == ErrorCode::kVersionConflict) return "";
      return "a save of a version that is stored was answered with " +
             (again ? "success" : std::string(ErrorCodeName(again.error().code()))) +
             ", not with version_conflict. Is the store's error turned into that of the protocol?";
    });
    Try("opens a second handle", [&]() -> std::string {
      const auto opened = DoneFrom(Call(OnStorage("open", storage_).Number("handle", driver_->NewId())));
      return opened ? ""
                    : "it refused: " + opened.error().message() +
                          "\nRules on several handles will not be offered.";
    });
  }

  std::string RoundTrip() {
    for (const std::int64_t version : {std::int64_t{1}, INT64_MAX}) {
      if (const auto saved = Save(version); !saved) {
        return "a save of version " + std::to_string(version) + " was refused: " + saved.error().message();
      }
    }
    const auto events = EventsFrom(Call(OnActor("get_events").Json("fromVersion", ToDriverJson(0))));
    if (!events) return "get_events failed: " + events.error().message();
    if (events->size() != 2)
      return "of 2 events that were saved, it gave " + std::to_string(events->size());
    for (const auto& event : *events) {
      const std::string field =
          FieldThatDiffers(TestEvent(event == events->front() ? 1 : INT64_MAX), *event);
      if (field.empty()) continue;
      return "the field " + field + " came back otherwise: " + ShowLine(ToDriverJson(*event)) +
             "\nVersions and payloads have to stay text all the way, and texts Unicode.";
    }
    return "";
  }

  void Offers() {
    const Capabilities& offered = report_.hello.capabilities;
    const auto version = [&](Request request) { return request.Json("fromVersion", ToDriverJson(0)); };
    if (offered.errors) {
      Try("offers errors",
          [&] { return Told(ReplayFrom(Call(version(OnActor("get_events_with_errors"))))); });
    }
    if (offered.snapshots) {
      Try("offers snapshots", [&]() -> std::string {
        const ActorSnapshot snapshot{kActor, 1, TestEvent(1).data, TestEvent(1).timestamp};
        const auto none = SnapshotFrom(Call(OnActor("get_latest_snapshot")));
        const auto saved =
            DoneFrom(Call(OnHandle("save_snapshot").Json("snapshot", ToDriverJson(snapshot))));
        const auto found = SnapshotFrom(Call(OnActor("get_latest_snapshot")));
        for (const std::string& told : {Told(none), Told(saved), Told(found)}) {
          if (!told.empty()) return told;
        }
        return *found && (*found)->version == 1 ? "" : "a snapshot that was saved was not found";
      });
    }
    if (offered.notices) Try("offers notices", [&] { return Notices(); });
    if (offered.malformed) {
      Try("offers malformed", [&] {
        return Told(InjectionFrom(Call(OnStorage("inject_malformed", storage_)
                                           .Text("actorId", kActor)
                                           .Text("raw", ToBase64("no JSON")))));
      });
    }
    if (offered.namespaces) {
      Try("offers namespaces",
          [&] { return Open(OnStorage("open", storage_).Text("namespace", "other")); });
    }
    if (offered.files) Try("offers files", [&] { return Files(); });
    if (offered.location) Try("offers location", [&] { return Location(); });
    if (offered.server) Try("offers server", [&] { return Servers(); });
    if (offered.retention) {
      Try("offers retention",
          [&] { return Open(OnStorage("open", driver_->NewId()).Number("retentionMs", 60'000)); });
    }
  }

  template <typename T>
  static std::string Told(const Result<T>& result) {
    return result ? ""
                  : "it answered with the error " + std::string(ErrorCodeName(result.error().code())) +
                        ": " + result.error().message();
  }

  // Those of the notes that are not empty.
  static std::string Lines(const std::vector<std::string>& notes) {
    std::string lines;
    for (const std::string& note : notes) {
      if (!note.empty()) lines += (lines.empty() ? "" : "\n") + note;
    }
    return lines;
  }

  template <typename T>
  static void Require(const Result<T>& result, const std::string& what) {
    if (!result) throw DriverError(what + ": " + Told(result));
  }

  std::unique_ptr<DriverProcess> AnotherProcess() {
    auto driver = std::make_unique<DriverProcess>(command_);
    (void)driver->SayHello(kHelloLimit);
    return driver;
  }

  // That a storage which nobody has opened has a place already, and that the store opens a copy of that. In
  // a process that has nothing open.
  std::string Files() {
    const auto driver = AnotherProcess();
    const std::uint64_t storage = driver->NewId();
    const auto location = LocationFrom(driver->Call(OnStorage("location", storage), kAnswerLimit));
    Require(location,
            "it offers \"files\", and refuses the location of a storage that was not opened before");
    std::error_code error;
    if (!std::filesystem::path(*location).is_absolute() ||
        !std::filesystem::is_directory(*location, error)) {
      throw DriverError(
          "it offers \"files\", and the location of a storage that was not opened before is no "
          "absolute path of a directory: " +
          *location);
    }
    const auto copy = std::filesystem::temp_directory_path() / "copy";
    std::filesystem::copy(*location, copy, std::filesystem::copy_options::recursive, error);
    if (error) throw DriverError("the directory " + *location + " cannot be copied: " + error.message());
    const Request open = Request("open").Text("location", copy.string());
    const std::string of_copy = "of a storage that is opened in a copy of its directory, ";
    DriverHandle writer(*driver, kAnswerLimit, open);
    Require(writer.opened(), of_copy + "the open failed");
    Require(writer.Save(TestEvent(1)), of_copy + "a save failed");
    Require(writer.Release(), of_copy + "the release failed");
    DriverHandle reader(*driver, kAnswerLimit, open);
    Require(reader.opened(), of_copy + "the open after its release failed");
    const auto found = reader.Finds(TestEvent(1));
    Require(found, of_copy + "get_events failed");
    if (!*found) throw DriverError(of_copy + "the event that was saved there is lost with the release");
    const std::string told = Told(reader.Release());
    std::filesystem::remove_all(copy, error);
    return Lines({told, Told(DoneFrom(driver->Call(OnStorage("discard", storage), kAnswerLimit)))});
  }

  // That another process opens what this one has let go of.
  std::string Location() {
    const std::uint64_t storage = driver_->NewId();
    DriverHandle writer(*driver_, kAnswerLimit, OnStorage("open", storage));
    if (!writer.opened()) return Told(writer.opened());
    const auto saved = writer.Save(TestEvent(1));
    const auto location = LocationFrom(Call(OnStorage("location", storage)));
    const auto released = writer.Release();
    std::string told = Lines({Told(saved), Told(location), Told(released)});
    if (told.empty()) {
      const auto driver = AnotherProcess();
      DriverHandle reader(*driver, kAnswerLimit, Request("open").Text("location", *location));
      Require(reader.opened(),
              "every handle on the storage was released, and another process of the driver cannot open its "
              "location");
      const auto found = reader.Finds(TestEvent(1));
      told = Lines({Told(found), Told(reader.Release())});
      if (found && !*found) {
        throw DriverError(
            "another process of the driver has opened the location of a storage, and does not find what "
            "was saved there: " +
            *location);
      }
    }
    return Lines({told, Told(DoneFrom(Call(OnStorage("discard", storage))))});
  }

  // That the hooks answer; nothing is broken.
  std::string Servers() {
    const auto servers = ServersFrom(Call(OnStorage("server_count", storage_)));
    const auto leader = LeaderFrom(Call(OnStorage("leader_of", storage_).Text("actorId", kActor)));
    if (leader && servers && *leader >= *servers) {
      throw DriverError("leader_of answered server " + std::to_string(*leader) + " of " +
                        std::to_string(*servers) + ": they are numbered from 0");
    }
    const auto mended = DoneFrom(Call(OnStorage("mend_servers", storage_)));
    return Lines({Told(servers), Told(leader), Told(mended)});
  }

  // Saves on a storage of its own until a notice comes, and ends the subscription.
  std::string Notices() {
    const std::uint64_t before = handle_;
    const std::uint64_t storage = driver_->NewId();
    (void)Open(OnStorage("open", storage));
    const std::uint64_t subscription = driver_->NewId();
    // The last answers may still be on their way when this has returned.
    struct Seen {
      std::mutex mutex;
      std::condition_variable changed;
      int count = 0;
    };
    const auto seen = std::make_shared<Seen>();
    const auto begun = DoneFrom(driver_->Subscribe(handle_, subscription, [seen](const EventStored&) {
      const std::lock_guard lock(seen->mutex);
      ++seen->count;
      seen->changed.notify_one();
    }));
    if (!begun) return Told(begun);
    const auto saved = Save(1);
    bool came = false;
    if (saved) {
      std::unique_lock lock(seen->mutex);
      came = seen->changed.wait_for(lock, kAnswerLimit, [&] { return seen->count > 0; });
    }
    const auto ended = DoneFrom(driver_->EndSubscriptions(
        Request("unsubscribe").Number("subscription", subscription), {subscription}));
    std::string told = Lines({Told(saved), Told(ended)});
    if (told.empty() && !came) told = "no notice of a save came";
    if (saved) (void)Save(2);  // a notice of this one would be a fault
    handle_ = before;
    return told;
  }

  void End() {
    Try("closes a handle", [&]() -> std::string {
      if (const auto closed = DoneFrom(Call(OnHandle("close"))); !closed) return Told(closed);
      const auto after = VersionFrom(Call(OnActor("get_latest_version")));
      if (!after && after.error().code() == ErrorCode::kClosed) return "";
      return "a call on the closed handle was answered with " + (after ? "success" : Told(after)) +
             ", not with closed";
    });
    Try("releases a handle and discards a storage", [&] {
      const auto released = DoneFrom(Call(OnHandle("release")));
      const auto discarded = DoneFrom(Call(OnStorage("discard", storage_)));
      return Lines({Told(released), Told(discarded)});
    });
    Try("shuts down with exit code 0", [&] {
      const DriverEnd end = driver_->ShutDown(kAnswerLimit, false);
      if (!end.wrong.empty()) throw DriverError("after shutdown: " + end.wrong);
      return "";
    });
    Try("ends when its standard input ends", [&] {
      driver_ = std::make_unique<DriverProcess>(command_);
      (void)driver_->SayHello(kHelloLimit);
      const DriverEnd end = driver_->ShutDown(kAnswerLimit, true);
      if (end.wrong.empty()) return "";
      throw DriverError("after the end of its standard input: " + end.wrong +
                        (end.was_killed ? "; it would stay behind when the kit dies" : ""));
    });
  }

  std::string command_;
  const std::function<void(const DriverCheck&)>& on_check_;
  DriverReport report_;
  std::string what_;  // is tried
  std::unique_ptr<DriverProcess> driver_;
  std::uint64_t storage_ = 0;
  std::uint64_t handle_ = 0;
};

}  // namespace

DriverReport CheckDriver(const std::string& command,
                         const std::function<void(const DriverCheck&)>& on_check) {
  const ScratchDirectory scratch;
  return Checker(command, on_check).Run();
}

std::string Tell(const DriverCheck& check) {
  const char* const kOutcomes[] = {"ok    ", "note  ", "FAULT "};
  std::string text = kOutcomes[static_cast<int>(check.outcome)] + check.what + "\n";
  std::string indented;
  for (const char c : check.explanation) {
    if (indented.empty() || indented.back() == '\n') indented += "      ";
    indented += c;
  }
  return check.explanation.empty() ? text : text + indented + "\n";
}

}  // namespace aether::process
