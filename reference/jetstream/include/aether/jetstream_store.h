// JetStreamStore: the event store on a NATS server or cluster with JetStream.
//
// reference/jetstream/configuration.md says what is set up on the server and why, what expires and when,
// which permissions to take away, and what an acknowledgement means.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aether/event_store.h"

namespace aether {

// How the connection is encrypted. Any file that is named, or a URL of the form tls://..., turns TLS on.
// The server's certificate is always checked, its host name included.
struct JetStreamTls {
  std::string ca_file;           // PEM; empty: the system's certificate authorities
  std::string certificate_file;  // PEM chain of the client's own certificate, where the server asks for one
  std::string key_file;          // PEM private key of that certificate
  std::string server_name;       // the name in the server's certificate; empty: the host of the URL
};

struct JetStreamOptions {
  // Where the servers are. The first one that answers is used, and the others after it fails.
  std::vector<std::string> urls = {"nats://127.0.0.1:4222"};

  // Who we are, as the server asks for it: at most one of the three.
  std::string user;
  std::string password;
  std::string token;
  std::string credentials_file;  // a .creds file: user JWT and NKey seed

  JetStreamTls tls;

  // Stores of different namespaces share nothing: each has streams of its own. Any text.
  std::string store_namespace;

  // What the names of our streams and subjects begin with: letters, digits and _.
  std::string prefix = "AETHER";

  // Copies of the streams in a cluster. More than one is refused when the server is older than 2.9.21,
  // which acknowledges two writers of one version; the override exists to show just that.
  int replicas = 1;
  bool allow_unsafe_replicas = false;

  // Events expire when they are older; zero: never. An actor's latest version never expires. (RET)
  std::chrono::milliseconds max_age = std::chrono::hours(24 * 365);

  // How long the server remembers message ids, by which a retry is recognised. Never more than max_age.
  std::chrono::milliseconds duplicates_window = std::chrono::minutes(2);

  // The longest that connecting, a save, or one request of a read takes.
  std::chrono::milliseconds time_limit = std::chrono::seconds(5);
};

// A handle on the store of one namespace, with a connection of its own. The server itself checks versions
// (expected last sequence of the actor's subject), so the contract holds across handles, processes and
// machines. A save that was acknowledged is in the server's page cache, not yet on its disk: see
// configuration.md.
class JetStreamStore final : public EventStoreWithErrors, public SnapshotStore, public EventNotifier {
 public:
  // Connects, and sets up the namespace's streams where they are missing.
  //   kUnavailable    no server answers, it has no JetStream, or it refuses our credentials
  //   kStorageFailed  the options contradict themselves, the server is too old for replicas, or a stream
  //                   of that name exists that is not configured as these options say
  //   kStorageFull    the server has no room for the streams
  // A retry is safe after each of them. A connection that is lost later is made again in the background;
  // calls answer kUnavailable meanwhile.
  static Result<std::unique_ptr<JetStreamStore>> Open(const JetStreamOptions& options);

  ~JetStreamStore() override;

  // Events over the server's max_payload (1 MiB unless configured) are refused with kInvalidEvent for
  // the field "data". kOutcomeUnknown: the server fell silent after the event was sent, for time_limit.
  Result<void> SaveEvent(const Event& event) override;

  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;

  // Sequence numbers are those of the events stream. An event that the server has lost, while its
  // successor is still there and it has not expired, is an error with empty raw_data.
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;

  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;

  // kCorrupt where the record on the snapshot's subject is none of ours.
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;

  // Each subscription has a thread of its own. After a lost connection it goes on where it was.
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;

  // Waits for the calls under way, at most time_limit. A second Close answers kClosed too.
  Result<void> Close() override;

 private:
  class Impl;

  explicit JetStreamStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

// What the store of `options` is called on the server: for backups, monitoring and access rights.
struct JetStreamNames {
  explicit JetStreamNames(const JetStreamOptions& options);

  // The subject of the actor's events, and that of its snapshot.
  std::string EventSubject(std::string_view actor_id) const;
  std::string SnapshotSubject(std::string_view actor_id) const;

  std::string events_stream;
  std::string latest_stream;  // the last events of each actor, kept after expiry; unless max_age is zero
  std::string snapshots_stream;
  std::string events_subject;  // of all actors: a wildcard
  std::string snapshots_subject;
};

}  // namespace aether
