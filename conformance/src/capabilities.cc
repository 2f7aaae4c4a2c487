// What a subject offers, and whether its adapter is sound: found out before any rule is tried.

#include <algorithm>
#include <filesystem>

#include "faults/disk_image.h"
#include "faults/fault_log.h"
#include "heartbeat.h"
#include "patiently.h"
#include "peer.h"
#include "rule_run.h"

namespace aether::conformance {

namespace {

constexpr std::string_view kSmokeActor = "aether-smoke";

std::unique_ptr<Storage> MakeStorage(const Subject& subject) {
  const CallInProgress in_progress("the adapter's constructor");
  try {
    return subject.make();
  } catch (const std::exception& exception) {
    throw AdapterError(std::string("the adapter's constructor threw: ") + exception.what());
  }
}

std::unique_ptr<EventStore> Open(Storage& storage) {
  const CallInProgress in_progress("the adapter's first Open()");
  auto opened = Patiently(Settings().patience, [&] { return storage.Open(); });
  if (!opened) throw AdapterError("the adapter's Open() failed: " + Describe(opened.error()));
  return *std::move(opened);
}

// The events of an actor that nobody has saved for. A store that throws, or that does not know such an
// actor, is left to the rules.
std::vector<EventPtr> Read(EventStore& store) {
  const CallInProgress in_progress("the first GetEvents");
  const auto events = [&]() -> Result<std::vector<EventPtr>> {
    try {
      return Patiently(Settings().patience, [&] { return store.GetEvents(kSmokeActor, 0); });
    } catch (...) {
      return std::vector<EventPtr>();
    }
  }();
  if (events) return *events;
  if (events.error().code() == ErrorCode::kNotFound) return {};
  throw AdapterError("a fresh storage cannot be read: " + Describe(events.error()));
}

// Saves an event and answers whether it can be read back. A store that cannot do that is left to the rules.
bool SavesAndReads(EventStore& store) {
  const CallInProgress in_progress("the first SaveEvent");
  Event event;
  event.id = "smoke";
  event.event_type = "Smoked";
  event.actor_id = kSmokeActor;
  event.version = 1;
  event.timestamp = {1768339576, 0};
  try {
    if (!Patiently(Settings().patience, [&] { return store.SaveEvent(event); })) return false;
    return !Read(store).empty();
  } catch (...) {
    return false;  // API-03 looks at that
  }
}

std::string LocationOf(Storage& storage) {
  const auto location = storage.Location();
  if (!location) throw AdapterError("the adapter's Location() failed: " + Describe(location.error()));
  return *location;
}

std::optional<PeerAnswer> ReadSmoke(Peer& peer) {
  PeerCall read;
  read.kind = PeerCall::Kind::kRead;
  read.event.actor_id = kSmokeActor;
  peer.Start({{read}});
  return peer.Next();
}

// Whether another process can open the storage. `has_event`: what it has to see there then.
Result<void> TryPeer(const Subject& subject, Storage& storage, bool has_event) {
  auto peer = Peer::Open(subject, LocationOf(storage));
  if (!peer) return peer.error();
  const auto answer = ReadSmoke(**peer);
  if (!answer) throw AdapterError("another process that opened the storage died in its first GetEvents");
  if (has_event && !answer->error && answer->events.empty()) {
    throw AdapterError(
        "another process that opened the storage with OpenAt(Location()) does not see an event that was "
        "saved "
        "before: is that the same storage?");
  }
  return {};
}

// Watched, if it can be. A driver with a sanitizer, for one, does not start with another library preloaded.
Result<std::unique_ptr<Peer>> OpenCopy(const Subject& subject, const std::string& copy,
                                       const FaultLog* log) {
  try {
    return Peer::Open(subject, copy, log);
  } catch (const AdapterError&) {
    if (log == nullptr) throw;
    return Peer::Open(subject, copy);
  }
}

// Whether what is done to the files of the storage, which nobody has open, can be watched. `has_event`:
// what a copy has to hold.
void FindOutFiles(const Subject& subject, Storage& storage, bool has_event, Capabilities* offered) {
  if (!offered->files) {
    offered->watched = offered->power_loss = offered->ordered_names = false;
    return;
  }
  const std::filesystem::path location = LocationOf(storage);
  if (!location.is_absolute() || !std::filesystem::is_directory(location)) {
    throw AdapterError(
        "the adapter says that its location is a directory, by an absolute path, and it is none: " +
        location.string());
  }
  const Scratch copy("aether-copy");
  DiskImage::Read(location).WriteTo(copy.path());
  FaultLog log(copy.path());
  const auto peer = OpenCopy(subject, copy.path().string(), FaultLog::Possible() ? &log : nullptr);
  if (!peer) throw AdapterError("OpenAt() does not open a copy of the storage: " + Describe(peer.error()));
  const auto answer = ReadSmoke(**peer);
  if (!answer)
    throw AdapterError("another process that opened a copy of the storage died in its first GetEvents");
  if (has_event && !answer->error && answer->events.empty()) {
    throw AdapterError(
        "a copy of the storage lacks an event that was saved before: is all of it in that directory?");
  }
  // Nothing but the kit's own marks is recorded of a program that asks the system by itself, as Go's do.
  const auto operations = log.Read();
  const bool seen = std::any_of(operations.begin(), operations.end(), [](const FileOperation& operation) {
    return operation.what.op != faults::Op::kMark;
  });
  offered->watched = offered->watched && FaultLog::Possible() && seen;
  offered->power_loss = offered->power_loss && offered->watched;
  offered->ordered_names = offered->ordered_names && offered->power_loss;
}

void FindOutProcesses(const Subject& subject, Storage& storage, std::unique_ptr<EventStore> open,
                      bool has_event, Capabilities* offered) {
  offered->location = offered->location && subject.open_at && PeersAllowed();
  offered->processes = offered->processes && offered->location && TryPeer(subject, storage, has_event);
  open.reset();
  if (!offered->location) {
    offered->files = offered->watched = offered->power_loss = offered->ordered_names = false;
    return;
  }
  if (const auto alone = TryPeer(subject, storage, has_event); !alone) {
    throw AdapterError(
        "every handle on the storage was closed, and another process cannot open it at its location: " +
        Describe(alone.error()));
  }
  FindOutFiles(subject, storage, has_event, offered);
}

void FindOutServers(Storage& storage, Capabilities* offered) {
  const int servers = offered->server ? storage.ServerCount() : 0;
  if (offered->server && servers < 1) {
    throw AdapterError("the adapter's ServerCount() is " + std::to_string(servers));
  }
  offered->cluster = offered->cluster && servers > 1;
}

}  // namespace

bool Offers(const Capabilities& offered, std::string_view capability) {
  for (const CapabilityName& known : kCapabilities) {
    if (known.name == capability) return offered.*known.offered;
  }
  return false;
}

Capabilities FindOut(const Subject& subject, std::chrono::milliseconds patience) {
  auto storage = MakeStorage(subject);
  auto first = Open(*storage);
  if (const auto events = Read(*first); !events.empty()) {
    throw AdapterError("a fresh storage is not empty: GetEvents answered " + DescribeVersions(events));
  }
  const auto probed = storage->Probe(subject.shown);
  if (!probed) throw AdapterError("the adapter's Probe() failed: " + Describe(probed.error()));
  Capabilities offered = subject.shown;
  for (const CapabilityName& known : kCapabilities) {
    offered.*known.offered = offered.*known.offered && *probed.*known.offered;
  }
  offered.malformed = offered.malformed && offered.errors;
  FindOutServers(*storage, &offered);

  const bool has_event = SavesAndReads(*first);
  {
    const CallInProgress in_progress("the adapter's second Open()");
    // A store that allows one handle only may say so with unavailable: that is not waited for very long.
    auto second = Patiently(patience / 10, [&] { return storage->Open(); });
    offered.handles = offered.handles && second.has_value();
    if (offered.handles && has_event && Read(**second).empty()) {
      throw AdapterError(
          "a second handle does not see an event that was saved through the first one: Open() has to give "
          "handles on one storage, or to refuse the second");
    }
  }
  FindOutProcesses(subject, *storage, std::move(first), has_event, &offered);

  storage.reset();
  storage = MakeStorage(subject);
  if (!Read(*Open(*storage)).empty()) {
    throw AdapterError(
        "a new adapter sees an event of an earlier one: each adapter needs a storage of its own, discarded "
        "with it");
  }
  return offered;
}

}  // namespace aether::conformance
