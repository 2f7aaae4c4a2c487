// The adapter contract: how a store is handed to the conformance kit and to the benchmarks.
//
// The least adapter:
//
//     struct MyAdapter {
//       using Subject = MyStore;
//       MyStorage storage;  // fresh and empty, discarded with the adapter
//       aether::Result<std::unique_ptr<MyStore>> Open() { return MyStore::Open(storage); }
//     };
//
// Everything else is optional and found by its signature. A rule that needs a hook which is not there
// is reported as not offered.

#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "aether/event_store.h"

namespace aether {

// What a store offers beyond EventStore. Names as in rules.json.
struct Capabilities {
  bool errors = false;      // handles derive from EventStoreWithErrors
  bool snapshots = false;   // handles derive from SnapshotStore
  bool notices = false;     // handles derive from EventNotifier
  bool handles = false;     // Open() gives a second handle while the first is open
  bool malformed = false;   // hook InjectMalformed
  bool namespaces = false;  // hook OpenNamespace
  bool retention = false;   // hook OpenWithRetention
  bool type = false;        // the adapter names its Subject
  bool location = false;    // hooks Location and OpenAt
  bool processes = false;   // another process can open the storage while this one has it open
  bool concurrency =
      false;  // calls are served at the same time; of a store in this process that is a matter of course
  bool in_process = false;     // the store takes and hands out objects of the kit's own process
  bool files = false;          // the adapter says kLocationIsDirectory
  bool watched = false;        // and what the store does to those files can be recorded, and made to fail
  bool power_loss = false;     // and the adapter says kSurvivesPowerLoss
  bool ordered_names = false;  // and kCountsOnOrderedNames: power cuts ask less of it
  bool server = false;         // hooks ServerCount, BreakServer and MendServers
  bool cluster = false;        // and there are several servers

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

struct CapabilityName {
  std::string_view name;
  bool Capabilities::*offered;
};

// Every capability by its name, for whoever lists, reads or writes them.
inline constexpr CapabilityName kCapabilities[] = {
    {"errors", &Capabilities::errors},
    {"snapshots", &Capabilities::snapshots},
    {"notices", &Capabilities::notices},
    {"handles", &Capabilities::handles},
    {"malformed", &Capabilities::malformed},
    {"namespaces", &Capabilities::namespaces},
    {"retention", &Capabilities::retention},
    {"type", &Capabilities::type},
    {"location", &Capabilities::location},
    {"processes", &Capabilities::processes},
    {"concurrency", &Capabilities::concurrency},
    {"in_process", &Capabilities::in_process},
    {"files", &Capabilities::files},
    {"watched", &Capabilities::watched},
    {"power_loss", &Capabilities::power_loss},
    {"ordered_names", &Capabilities::ordered_names},
    {"server", &Capabilities::server},
    {"cluster", &Capabilities::cluster},
};

// What became of a malformed record that was to be put into a stream.
struct Injection {
  bool possible = true;               // false: this store cannot hold such a record at all
  std::uint64_t sequence_number = 0;  // the record's, where the store has them; else 0

  static Injection Impossible() { return {false, 0}; }
};

namespace adapter_detail {

template <typename T>
struct HandleOf {};  // no `type`: not a Result<std::unique_ptr<Store>>
template <typename T>
struct HandleOf<Result<std::unique_ptr<T>>> {
  using type = T;
};

}  // namespace adapter_detail

// Whether Open() of `A` answers Result<std::unique_ptr<S>> with S derived from aether::EventStore.
template <typename A>
concept HasOpen = requires(A& adapter) {
  typename adapter_detail::HandleOf<decltype(adapter.Open())>::type;
  requires std::derived_from<typename adapter_detail::HandleOf<decltype(adapter.Open())>::type, EventStore>;
};

// One adapter object is one fresh, empty storage. Open() gives an open handle on it and may be called
// again for a second one, or answer an error then. Destroying the adapter, after its handles, discards
// the storage. The kit makes an adapter by its default constructor; one that throws is told as an error
// of the adapter, not of the store. The kit calls an adapter from one thread at a time.
template <typename A>
concept Adapter = std::default_initializable<A> && HasOpen<A>;

template <HasOpen A>
using StoreOf = typename adapter_detail::HandleOf<decltype(std::declval<A&>().Open())>::type;

// Hook: puts a record with the bytes `raw`, which no reader can read as an event, at the end of the
// actor's stream, behind the store's back. Injection::Impossible() where the storage cannot hold such
// bytes.
template <typename A>
concept InjectsMalformed = requires(A& adapter, std::string_view actor_id, std::string_view raw) {
  { adapter.InjectMalformed(actor_id, raw) } -> std::same_as<Result<Injection>>;
};

// Hook: a handle on the namespace `name` of this storage. What Open() opens is none of them.
template <typename A>
concept OpensNamespace = requires(A& adapter, std::string_view name) {
  { adapter.OpenNamespace(name) } -> std::same_as<Result<std::unique_ptr<StoreOf<A>>>>;
};

// Hook: a handle on this storage, made so that events expire when they are older than `age`. Called, if
// at all, before any Open().
template <typename A>
concept OpensWithRetention = requires(A& adapter, std::chrono::milliseconds age) {
  { adapter.OpenWithRetention(age) } -> std::same_as<Result<std::unique_ptr<StoreOf<A>>>>;
};

// Hook: where this storage is, as text of any kind, and the way in from another process. The kit runs the
// conformance program again as that process, which makes no adapter: OpenAt() is static and gives a handle
// on the storage whose adapter lives in the first process. It may answer an error while that one has the
// storage open. The process may be killed at any time.
template <typename A>
concept OpensElsewhere = requires(A& adapter, std::string_view location) {
  { adapter.Location() } -> std::same_as<Result<std::string>>;
  { A::OpenAt(location) } -> std::same_as<Result<std::unique_ptr<StoreOf<A>>>>;
};

// Hook, beside these: starts what runs the store in that process, such as an interpreter, before it opens
// anything. What breaks after that has to do with a storage.
template <typename A>
concept PreparesElsewhere = OpensElsewhere<A> && requires {
  { A::PrepareElsewhere() } -> std::same_as<void>;
};

// Says that Location() is the absolute path of a directory that holds all that is stored, so that OpenAt()
// opens a copy of it as well: `static constexpr bool kLocationIsDirectory = true;`. The kit copies such
// directories, changes the copies, and watches what a process does to the files in them.
template <typename A>
concept KeepsFiles = OpensElsewhere<A> && requires {
  requires A::kLocationIsDirectory;
};

// Says, besides, that a save is acknowledged when its event is on stable storage, so that it survives a
// power cut: `static constexpr bool kSurvivesPowerLoss = true;`.
template <typename A>
concept SurvivesPowerLoss = KeepsFiles<A> && requires {
  requires A::kSurvivesPowerLoss;
};

// What befalls a server behind a storage.
enum class ServerFault {
  kKill,    // it ends at once, as by SIGKILL: what it had only in its own memory is gone
  kPause,   // it stands still, as by SIGSTOP: connections stay, and nothing is answered
  kCutOff,  // its connections to clients and to other servers pass nothing any more; it runs on
};

// Hook: breaks the servers behind this storage, which are numbered from 0, and mends them. The kit breaks
// one that runs, while handles are open and calls of theirs are under way, and mends all before it closes
// the handles.
//   ServerCount()  how many there are; the same for the adapter's whole life.
//   BreakServer()  answers when the fault is there; false where a fault of this kind is impossible here.
//   MendServers()  lets all of them run, connected, with the files that they had. Answers when they are
//   started, not when
//                  they serve: how long that takes is a matter of the store. Does nothing where none is
//                  broken.
// An error of these is one of the adapter.
template <typename A>
concept BreaksServers = requires(A& adapter, int server, ServerFault fault) {
  { adapter.ServerCount() } -> std::same_as<int>;
  { adapter.BreakServer(server, fault) } -> std::same_as<Result<bool>>;
  { adapter.MendServers() } -> std::same_as<Result<void>>;
};

// Hook, beside BreaksServers: which server leads what is stored of this actor now. An error where that is
// not known now.
template <typename A>
concept KnowsLeader = BreaksServers<A> && requires(A& adapter, std::string_view actor_id) {
  { adapter.LeaderOf(actor_id) } -> std::same_as<Result<int>>;
};

// Says that the store counts on a file system that keeps changes of names in their order, and makes a
// file's names durable with the file, as ext4 and XFS do: `static constexpr bool kCountsOnOrderedNames =
// true;`. Power cuts that break that promise are not tried then.
template <typename A>
concept CountsOnOrderedNames = SurvivesPowerLoss<A> && requires {
  requires A::kCountsOnOrderedNames;
};

// Hook: the capabilities of a store that are known only at run time. They narrow what the types show,
// and never widen it.
template <typename A>
concept Probes = requires(A& adapter) {
  { adapter.Probe() } -> std::same_as<Result<Capabilities>>;
};

// Names the type that users call, for the rules that look at its members (API-01, API-02).
template <typename A>
concept NamesSubject = requires {
  typename A::Subject;
};

// What the types of an adapter show, before anything runs. `handles` and `processes` are found out by
// opening the storage twice, `watched` by watching a process that opens a copy of it, and `cluster` by
// ServerCount().
template <Adapter A>
constexpr Capabilities CapabilitiesShown() {
  using Store = StoreOf<A>;
  return {
      .errors = std::derived_from<Store, EventStoreWithErrors>,
      .snapshots = std::derived_from<Store, SnapshotStore>,
      .notices = std::derived_from<Store, EventNotifier>,
      .handles = true,
      .malformed = InjectsMalformed<A> && std::derived_from<Store, EventStoreWithErrors>,
      .namespaces = OpensNamespace<A>,
      .retention = OpensWithRetention<A>,
      .type = NamesSubject<A>,
      .location = OpensElsewhere<A>,
      .processes = OpensElsewhere<A>,
      .concurrency = true,
      .in_process = true,
      .files = KeepsFiles<A>,
      .watched = KeepsFiles<A>,
      .power_loss = SurvivesPowerLoss<A>,
      .ordered_names = CountsOnOrderedNames<A>,
      .server = BreaksServers<A>,
      .cluster = BreaksServers<A>,
  };
}

// Stops compiling with a readable message when `A` is not an adapter, or has a hook of another signature.
// What is asserted are plain constants: of concepts, compilers tell at length how each part of them failed.
template <typename A>
constexpr bool CheckAdapter() {
  constexpr bool kMakes = std::is_default_constructible_v<A>;
  static_assert(
      kMakes, "aether adapter: it needs a public default constructor, which makes a fresh, empty storage");
  constexpr bool kOpens = requires(A & adapter) { adapter.Open(); };
  static_assert(
      kOpens,
      "aether adapter: it needs `aether::Result<std::unique_ptr<S>> Open()`, public, with S derived "
      "from aether::EventStore");
  if constexpr (kOpens) {
    using Opened = decltype(std::declval<A&>().Open());
    constexpr bool kAnswers = requires { typename adapter_detail::HandleOf<Opened>::type; };
    static_assert(kAnswers,
                  "aether adapter: Open() must answer aether::Result<std::unique_ptr<S>>, with S derived "
                  "from aether::EventStore");
    constexpr bool kDerives = !kAnswers || HasOpen<A>;
    static_assert(kDerives,
                  "aether adapter: what Open() gives a handle on must derive publicly from "
                  "aether::EventStore");
  }
  if constexpr (HasOpen<A>) {
    constexpr bool kInjects = !requires { &A::InjectMalformed; }
    || InjectsMalformed<A>;
    static_assert(kInjects,
                  "aether adapter: InjectMalformed must be `aether::Result<aether::Injection> "
                  "InjectMalformed(std::string_view actor_id, std::string_view raw)`");
    constexpr bool kNamespaces = !requires { &A::OpenNamespace; }
    || OpensNamespace<A>;
    static_assert(kNamespaces,
                  "aether adapter: OpenNamespace must take a std::string_view and answer what Open() does");
    constexpr bool kRetains = !requires { &A::OpenWithRetention; }
    || OpensWithRetention<A>;
    static_assert(kRetains,
                  "aether adapter: OpenWithRetention must take std::chrono::milliseconds and answer what "
                  "Open() does");
    constexpr bool kMentionsPlace = requires { &A::Location; }
    || requires { &A::OpenAt; };
    constexpr bool kPlaces = !kMentionsPlace || OpensElsewhere<A>;
    static_assert(
        kPlaces,
        "aether adapter: another process needs both `aether::Result<std::string> Location()` and a "
        "static OpenAt(std::string_view location) that answers what Open() does");
    constexpr bool kMentionsServers = requires { &A::ServerCount; }
    || requires { &A::BreakServer; }
    || requires { &A::MendServers; }
    || requires { &A::LeaderOf; };
    constexpr bool kBreaks = !kMentionsServers || BreaksServers<A>;
    static_assert(
        kBreaks,
        "aether adapter: servers need `int ServerCount()`, `aether::Result<bool> BreakServer(int server, "
        "aether::ServerFault fault)` and `aether::Result<void> MendServers()`");
    constexpr bool kLeads = !kBreaks || !requires { &A::LeaderOf; }
    || KnowsLeader<A>;
    static_assert(
        kLeads,
        "aether adapter: LeaderOf must be `aether::Result<int> LeaderOf(std::string_view actor_id)`");
    constexpr bool kProbes = !requires { &A::Probe; }
    || Probes<A>;
    static_assert(kProbes, "aether adapter: Probe must be `aether::Result<aether::Capabilities> Probe()`");
  }
  return true;
}

}  // namespace aether
