// One driver for all adapters of this process, and a storage in it for each.

#include "process_adapter.h"

#include <cstdio>
#include <cstdlib>

#include "protocol.h"

namespace aether::process {

namespace {

constexpr std::chrono::seconds kEndLimit{5};

BrokenHandler& Handler() {
  static BrokenHandler handler;
  return handler;
}

[[noreturn]] void Broken(const std::string& what) {
  if (Handler()) Handler()(what);
  std::fprintf(stderr, "%s\n", what.c_str());
  std::abort();
}

struct RunningDriver {
  std::shared_ptr<DriverProcess> process;
  Hello hello;
  bool is_concurrent = false;
};

RunningDriver StartDriver(const std::string& command) {
  try {
    RunningDriver running{std::make_shared<DriverProcess>(command), {}, false};
    running.hello = running.process->SayHello(kHelloLimit);
    running.is_concurrent = ServesConcurrently(*running.process);
    return running;
  } catch (const DriverError& error) {
    Broken(error.what());
  }
}

std::optional<RunningDriver>& Current() {
  static std::optional<RunningDriver> current;
  return current;
}

const RunningDriver& Driver() {
  if (!Current()) {
    const char* command = std::getenv(kDriverVariable);
    if (command == nullptr) Broken(std::string(kDriverVariable) + " does not name the driver's command");
    UseDriver(command);
  }
  return *Current();
}

// What a call of the adapter itself came to; here what the driver raises is no fault of the store.
template <typename Call>
auto Guarded(Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const StoreException& exception) {
    Broken("the driver raised an exception: " + std::string(exception.what()));
  } catch (const DriverError& error) {
    Broken(error.what());
  }
}

}  // namespace

void UseDriver(const std::string& command) {
  Current().reset();
  Current() = StartDriver(command);
}

std::string EndDriver() {
  if (!Current()) return "";
  const DriverEnd end = Current()->process->ShutDown(kEndLimit, false);
  Current().reset();
  return end.was_killed ? "" : end.wrong;
}

void OnBrokenDriver(BrokenHandler handler) { Handler() = std::move(handler); }

bool ServesConcurrently(DriverProcess& driver, std::optional<std::chrono::milliseconds> limit) {
  // A short sleep shows it on most machines; a longer one when this one is busy.
  for (const std::uint64_t milliseconds : {10, 300}) {
    const std::uint64_t sleeping = driver.Send(Request("sleep").Number("milliseconds", milliseconds));
    const auto awake = DoneFrom(driver.Call(Request("sleep").Number("milliseconds", 0), limit));
    const bool overtook = !driver.HasAnswer(sleeping);
    const auto slept = DoneFrom(driver.Wait(sleeping, limit));
    if (!awake || !slept) throw DriverError("the driver answered sleep with an error");
    if (overtook) return true;
  }
  return false;
}

ProcessAdapter::ProcessAdapter() : driver_(Driver().process), storage_(driver_->NewId()) {}

ProcessAdapter::~ProcessAdapter() {
  if (exists_) Guarded([&] { (void)DoneFrom(driver_->Call(OnStorage("discard"))); });
}

Request ProcessAdapter::OnStorage(std::string_view call) const {
  return Request(call).Number("storage", storage_);
}

Result<std::unique_ptr<ProcessStore>> ProcessAdapter::Open(Request request) {
  return Guarded([&]() -> Result<std::unique_ptr<ProcessStore>> {
    const std::uint64_t handle = driver_->NewId();
    const auto opened = DoneFrom(driver_->Call(request.Number("handle", handle)));
    if (!opened) return opened.error();
    exists_ = true;
    return std::make_unique<ProcessStore>(driver_, handle, Broken);
  });
}

Result<void> ProcessAdapter::Make() {
  if (exists_) return {};
  const auto handle = Open();
  return handle ? Result<void>() : handle.error();
}

Result<std::unique_ptr<ProcessStore>> ProcessAdapter::Open() { return Open(OnStorage("open")); }

Result<std::unique_ptr<ProcessStore>> ProcessAdapter::OpenNamespace(std::string_view name) {
  if (const auto sendable = Sendable(name); !sendable) return sendable.error();
  return Open(OnStorage("open").Text("namespace", name));
}

Result<std::unique_ptr<ProcessStore>> ProcessAdapter::OpenWithRetention(std::chrono::milliseconds age) {
  return Open(OnStorage("open").Number("retentionMs", static_cast<std::uint64_t>(age.count())));
}

Result<Injection> ProcessAdapter::InjectMalformed(std::string_view actor_id, std::string_view raw) {
  if (const auto made = Make(); !made) return made.error();
  return Guarded([&] {
    return InjectionFrom(
        driver_->Call(OnStorage("inject_malformed").Text("actorId", actor_id).Text("raw", ToBase64(raw))));
  });
}

Result<std::string> ProcessAdapter::Location() {
  // What is made when the storage is first opened is for the rules of power cuts to see.
  const auto made = Driver().hello.capabilities.files ? Result<void>() : Make();
  if (!made) return made.error();
  exists_ = true;
  return Guarded([&] { return LocationFrom(driver_->Call(OnStorage("location"))); });
}

void ProcessAdapter::PrepareElsewhere() { (void)Driver(); }

Result<std::unique_ptr<ProcessStore>> ProcessAdapter::OpenAt(std::string_view location) {
  return Guarded([&]() -> Result<std::unique_ptr<ProcessStore>> {
    const auto& driver = Driver().process;
    const std::uint64_t handle = driver->NewId();
    const auto opened =
        DoneFrom(driver->Call(Request("open").Text("location", location).Number("handle", handle)));
    if (!opened) return opened.error();
    return std::make_unique<ProcessStore>(driver, handle, Broken);
  });
}

int ProcessAdapter::ServerCount() {
  return Guarded([&] {
    const auto servers = ServersFrom(driver_->Call(OnStorage("server_count")));
    if (!servers) throw DriverError("server_count failed: " + servers.error().message());
    return *servers;
  });
}

Result<bool> ProcessAdapter::BreakServer(int server, ServerFault fault) {
  return Guarded([&] {
    return BrokenFrom(driver_->Call(OnStorage("break_server")
                                        .Number("server", static_cast<std::uint64_t>(server))
                                        .Text("fault", ServerFaultName(fault))));
  });
}

Result<void> ProcessAdapter::MendServers() {
  return Guarded([&] { return DoneFrom(driver_->Call(OnStorage("mend_servers"))); });
}

Result<int> ProcessAdapter::LeaderOf(std::string_view actor_id) {
  return Guarded(
      [&] { return LeaderFrom(driver_->Call(OnStorage("leader_of").Text("actorId", actor_id))); });
}

Result<Capabilities> ProcessAdapter::Probe() {
  Capabilities offered = Driver().hello.capabilities;
  offered.handles = true;  // found out, as the next and `watched` and `cluster`
  offered.processes = offered.watched = offered.location;
  offered.concurrency = Driver().is_concurrent;
  // One that serves a request at a time cannot mend what the request before it waits for.
  offered.server = offered.server && offered.concurrency;
  offered.cluster = offered.server;
  return offered;
}

}  // namespace aether::process
