// What each stream is configured to, and the comparison with what is there.

#include "streams.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "server_version.h"

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The least that the server accepts for an age.
constexpr milliseconds kLeastAge{100};
constexpr std::size_t kMaxPrefix = 32;
// Older servers may acknowledge two writers of one version when streams are replicated.
constexpr ServerVersion kFirstSafeReplicas{2, 9, 21};

StoreError Refused(std::string message) {
  return StoreError(ErrorCode::kStorageFailed, std::move(message));
}

// One stream as we want it: what jsStreamConfig says, with the memory that its pointers need.
class WantedStream {
 public:
  WantedStream(const JetStreamOptions& options, std::string name, std::string subject)
      : name_(std::move(name)), subject_(std::move(subject)), subject_pointer_(subject_.c_str()) {
    jsStreamConfig_Init(&config_);
    config_.Name = name_.c_str();
    if (!subject_.empty()) {
      config_.Subjects = &subject_pointer_;
      config_.SubjectsLen = 1;
    }
    config_.Retention = js_LimitsPolicy;
    config_.Storage = js_FileStorage;
    config_.Replicas = options.replicas;
    config_.DenyDelete = true;
    config_.DenyPurge = true;
  }
  WantedStream(const WantedStream&) = delete;
  WantedStream& operator=(const WantedStream&) = delete;

  void MirrorOf(std::string origin) {
    origin_ = std::move(origin);
    jsStreamSource_Init(&mirror_);
    mirror_.Name = origin_.c_str();
    config_.Mirror = &mirror_;
  }

  jsStreamConfig& config() { return config_; }
  const jsStreamConfig& config() const { return config_; }

 private:
  std::string name_;
  std::string subject_;
  const char* subject_pointer_;
  std::string origin_;
  jsStreamSource mirror_;
  jsStreamConfig config_;
};

// Every event. A limit on bytes or messages is nobody's business but the operator's: with "discard new" it
// refuses events, and never deletes one.
void ConfigureEvents(const JetStreamOptions& options, jsStreamConfig* config) {
  config->MaxAge = nanoseconds(options.max_age).count();
  config->Discard = js_DiscardNew;
  const milliseconds window = options.max_age.count() == 0
                                  ? options.duplicates_window
                                  : std::min(options.duplicates_window, options.max_age);
  config->Duplicates = nanoseconds(window).count();
}

std::string Text(const char* text) { return text == nullptr ? "" : text; }

// What the two differ in, as far as it matters to us; empty: in nothing.
std::string Difference(const jsStreamConfig& found, const jsStreamConfig& wanted) {
  const auto differs = [](std::string_view what, std::int64_t is, std::int64_t should) {
    return std::string(what) + " is " + std::to_string(is) + ", not " + std::to_string(should);
  };
  const auto limit = [](std::int64_t value) { return value <= 0 ? -1 : value; };  // 0 and -1: none

  const std::string subject = found.SubjectsLen > 0 ? Text(found.Subjects[0]) : "";
  const std::string wanted_subject = wanted.SubjectsLen > 0 ? Text(wanted.Subjects[0]) : "";
  if (found.SubjectsLen > 1 || subject != wanted_subject) {
    return "its subjects are not just '" + wanted_subject + "'";
  }
  const std::string origin = found.Mirror != nullptr ? Text(found.Mirror->Name) : "";
  const std::string wanted_origin = wanted.Mirror != nullptr ? Text(wanted.Mirror->Name) : "";
  if (origin != wanted_origin || found.SourcesLen > 0) return "it does not mirror '" + wanted_origin + "'";
  if (found.Storage != wanted.Storage) return "it is not kept in files";
  if (found.Retention != wanted.Retention) return "its retention is not by limits";
  if (found.MaxAge != wanted.MaxAge) return differs("max_age (ns)", found.MaxAge, wanted.MaxAge);
  if (limit(found.MaxMsgsPerSubject) != limit(wanted.MaxMsgsPerSubject)) {
    return differs("max_msgs_per_subject", limit(found.MaxMsgsPerSubject), limit(wanted.MaxMsgsPerSubject));
  }
  const bool limited = limit(found.MaxMsgs) != -1 || limit(found.MaxBytes) != -1;
  if (limited && found.Discard != js_DiscardNew) return "it deletes old messages when it is full";
  if (found.Replicas != wanted.Replicas) return differs("num_replicas", found.Replicas, wanted.Replicas);
  if (!found.DenyDelete || !found.DenyPurge) return "it does not deny delete and purge";
  if (found.NoAck || found.Sealed) return "it is sealed, or does not acknowledge";
  if (wanted.Duplicates != 0 && found.Duplicates != wanted.Duplicates) {
    return differs("duplicate_window (ns)", found.Duplicates, wanted.Duplicates);
  }
  // Direct reads of the events would be answered by the mirror too, which keeps what has expired.
  if (found.AllowDirect) return "it allows direct reads";
  return "";
}

struct Found {
  natsStatus status;
  jsErrCode code = kNoJsError;
  StreamInfoPtr info;

  bool IsMissing() const { return status == NATS_NOT_FOUND || code == JSStreamNotFoundErr; }
};

// A cluster that is choosing leaders drops what is asked of it, or says that it is not there: better to ask again soon.
constexpr milliseconds kAskAgain{500};

bool IsChoosing(natsStatus status, jsErrCode code) {
  return status == NATS_TIMEOUT || code == JSClusterNotAvailErr || code == JSClusterNoPeersErr;
}

Found Find(const Connection& connection, const char* name, milliseconds limit) {
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = std::min(kAskAgain, limit).count();
  Found found;
  jsStreamInfo* raw = nullptr;
  found.status = js_GetStreamInfo(&raw, connection.js(), name, &options, &found.code);
  found.info.reset(raw);
  return found;
}

// Whether the servers that keep the stream have a leader for it: before, nobody answers a read or a publish.
bool IsLed(const jsStreamInfo& info) {
  const char* leader = info.Cluster == nullptr ? nullptr : info.Cluster->Leader;
  return info.Cluster == nullptr || (leader != nullptr && *leader != '\0');
}

// A server names a stream before it has its storage, and a read in between takes the whole server down
// (a nil store in 2.9.10 to 2.11). The time of creation is set together with the storage.
Found FindReady(const Connection& connection, const char* name, milliseconds limit) {
  constexpr milliseconds kPoll{2};
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    Found found = Find(connection, name, limit);
    const bool is_ready = found.status == NATS_OK && found.info->Created != 0 && IsLed(*found.info);
    if (is_ready || (found.status != NATS_OK && !IsChoosing(found.status, found.code))) return found;
    if (std::chrono::steady_clock::now() >= deadline) {
      if (found.status == NATS_OK) found.status = NATS_TIMEOUT;
      return found;
    }
    std::this_thread::sleep_for(kPoll);
  }
}

// Asks for the stream until the server has made it or refuses to. `found` is what there is then.
natsStatus Make(const Connection& connection, jsStreamConfig* wanted, milliseconds limit, Found* found,
                jsErrCode* code) {
  using Clock = std::chrono::steady_clock;
  constexpr milliseconds kPause{10};
  const auto deadline = Clock::now() + limit;
  const milliseconds wait = std::min(kAskAgain, limit);
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = wait.count();
  for (;;) {
    const natsStatus made = js_AddStream(nullptr, connection.js(), wanted, &options, code);
    // Also after an error: another process may have made it at the same moment, and servers then say
    // different things, such as that its subjects overlap with those of another stream.
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    *found = FindReady(connection, wanted->Name, std::max(left, wait));
    // A server that has not heard of it yet says that it is missing.
    const bool may_come = made == NATS_OK || IsChoosing(made, *code);
    if (!found->IsMissing() || !may_come) return made;
    if (Clock::now() >= deadline) return made;
    std::this_thread::sleep_for(kPause);
  }
}

Result<void> EnsureStream(const Connection& connection, jsStreamConfig* wanted, milliseconds limit) {
  const std::string what = std::string("stream ") + wanted->Name;
  Found found = FindReady(connection, wanted->Name, limit);
  if (found.IsMissing()) {
    jsErrCode code = kNoJsError;
    const natsStatus made = Make(connection, wanted, limit, &found, &code);
    if (found.IsMissing() && made != NATS_OK) return Translate(made, code, what);
    if (found.IsMissing()) return StoreError(ErrorCode::kUnavailable, what + " was made, and is not there yet");
  }
  if (found.status != NATS_OK) return Translate(found.status, found.code, what);
  if (const std::string difference = Difference(*found.info->Config, *wanted); !difference.empty()) {
    return Refused(what + " exists, but " + difference + ": it was set up with other options");
  }
  return {};
}

Result<void> CheckReplicas(const Connection& connection, const JetStreamOptions& options) {
  if (options.replicas <= 1 || options.allow_unsafe_replicas) return {};
  const auto version = AskServerVersion(connection.nats(), options.time_limit);
  if (!version) return version.error();
  if (*version >= kFirstSafeReplicas) return {};
  return Refused("replicas > 1 need nats-server " + ToString(kFirstSafeReplicas) +
                 " or newer, this one is " + ToString(*version) +
                 ": replicated streams of older servers may store one version twice");
}

}  // namespace

Result<void> CheckOptions(const JetStreamOptions& options) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  if (options.urls.empty()) return Refused("options: no server URL");
  if (options.prefix.empty() || options.prefix.size() > kMaxPrefix ||
      !std::all_of(options.prefix.begin(), options.prefix.end(), plain)) {
    return Refused("options: prefix '" + options.prefix + "' is not 1 to 32 letters, digits and _");
  }
  if (options.replicas < 1) return Refused("options: replicas below 1");
  if (options.time_limit < milliseconds(1)) return Refused("options: time_limit below 1 ms");
  if (options.duplicates_window < kLeastAge) return Refused("options: duplicates_window below 100 ms");
  if (options.max_age.count() != 0 && options.max_age < kLeastAge) {
    return Refused("options: max_age below 100 ms");
  }
  const int credentials =
      !options.user.empty() + !options.token.empty() + !options.credentials_file.empty();
  if (credentials > 1) return Refused("options: more than one of user, token and credentials_file");
  if (options.tls.certificate_file.empty() != options.tls.key_file.empty()) {
    return Refused("options: a client certificate needs its key, and a key its certificate");
  }
  return {};
}

Result<void> EnsureStreams(const Connection& connection, const JetStreamOptions& options) {
  if (auto safe = CheckReplicas(connection, options); !safe) return safe;
  const JetStreamNames names(options);

  WantedStream events(options, names.events_stream, names.events_subject);
  ConfigureEvents(options, &events.config());
  if (auto made = EnsureStream(connection, &events.config(), options.time_limit); !made) return made;

  if (options.max_age.count() != 0) {
    WantedStream latest(options, names.latest_stream, "");
    latest.MirrorOf(names.events_stream);
    latest.config().MaxMsgsPerSubject = kKeptPerActor;
    if (auto made = EnsureStream(connection, &latest.config(), options.time_limit); !made) return made;
  }

  WantedStream snapshots(options, names.snapshots_stream, names.snapshots_subject);
  snapshots.config().MaxMsgsPerSubject = 1;
  return EnsureStream(connection, &snapshots.config(), options.time_limit);
}

}  // namespace aether::jetstream
