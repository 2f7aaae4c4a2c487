// Connecting as the options say, and translating errors.

#include "nats_client.h"

#include <algorithm>
#include <map>
#include <mutex>

namespace aether::jetstream {
namespace {

// The newer code for a wrong last sequence, which cnats 3.4 has no name for.
constexpr int kWrongLastSequenceConstant = 10164;
// From 2.12 on, for a message id that the server has met and of whose message it does not know more yet.
constexpr int kDuplicateMessageConflict = 10158;

// Tries to reconnect soon and for ever: the store answers kUnavailable meanwhile, and the caller decides.
constexpr std::int64_t kReconnectWaitMs = 50;
constexpr std::int64_t kReconnectJitterMs = 20;
// A server that died without a word is left for another one after two missed answers: before the rest of a cluster
// has agreed on a new leader, which takes it some four seconds.
constexpr std::int64_t kPingIntervalMs = 1'000;
constexpr int kMaxPingsOut = 2;

std::string LastErrorText() {
  natsStatus ignored;
  const char* text = nats_GetLastError(&ignored);
  return text == nullptr ? "" : text;
}

// cnats would print what happens in the background to stderr.
void IgnoreBackgroundError(natsConnection*, natsSubscription*, natsStatus, void*) {}

ErrorCode CodeOf(natsStatus status, jsErrCode code, const std::string& detail) {
  switch (code) {
    case JSInsufficientResourcesErr:
    case JSStorageResourcesExceededErr:
    case JSMemoryResourcesExceededErr:
    case JSAccountResourcesExceededErr:
      return ErrorCode::kStorageFull;
    case JSStreamStoreFailedErr:
      // Either a limit of bytes or messages that somebody set on the stream, or the disk.
      return detail.find("maximum") != std::string::npos || detail.find("no space") != std::string::npos
                 ? ErrorCode::kStorageFull
                 : ErrorCode::kStorageFailed;
    case JSStreamNotFoundErr:
    case JSConsumerNotFoundErr:
      return ErrorCode::kNotFound;
    case JSStreamMessageExceedsMaximumErr:
      return ErrorCode::kInvalidEvent;
    case JSStreamInvalidConfig:
    case JSStreamNameExistErr:
    case JSStreamSubjectOverlapErr:
    case JSStreamReplicasNotSupportedErr:
    case JSStreamSealedErr:
      return ErrorCode::kStorageFailed;
    default:
      break;
  }
  if (status == NATS_MAX_PAYLOAD) return ErrorCode::kInvalidEvent;
  return ErrorCode::kUnavailable;
}

StoreError MakeError(natsStatus status, jsErrCode code, const std::string& detail, std::string_view what) {
  std::string message = std::string(what) + ": " + detail;
  if (code != kNoJsError) message += " (" + std::to_string(static_cast<int>(code)) + ")";
  const ErrorCode error = CodeOf(status, code, detail);
  if (error == ErrorCode::kInvalidEvent) return StoreError::InvalidEvent("data", message);
  return StoreError(error, std::move(message));
}

// Which connections are up. Callbacks come on a thread of cnats' own, also when a connection is gone: they
// find it here, or not.
class Links {
 public:
  static Links& All() {
    static Links* const kAll = new Links;  // never destroyed: that thread is not either
    return *kAll;
  }

  std::shared_ptr<const std::atomic<bool>> Add(natsConnection* connection) {
    const std::lock_guard lock(mutex_);
    return up_[connection] = std::make_shared<std::atomic<bool>>(true);
  }
  // One that is about to be closed says by itself what it is.
  void Remove(natsConnection* connection) {
    const std::lock_guard lock(mutex_);
    if (const auto found = up_.find(connection); found != up_.end()) *found->second = true;
    up_.erase(connection);
  }

  static void OnDisconnected(natsConnection* connection, void*) { All().Set(connection, false); }
  static void OnReconnected(natsConnection* connection, void*) { All().Set(connection, true); }

 private:
  void Set(natsConnection* connection, bool up) {
    const std::lock_guard lock(mutex_);
    if (const auto found = up_.find(connection); found != up_.end()) *found->second = up;
  }

  std::mutex mutex_;
  std::map<natsConnection*, std::shared_ptr<std::atomic<bool>>> up_;
};

// The steps of setting options, each taken only while all before it were accepted.
class OptionSteps {
 public:
  explicit OptionSteps(natsOptions* options) : options_(options) {}

  template <typename Set, typename... Args>
  OptionSteps& Then(Set set, Args... args) {
    if (status_ == NATS_OK) status_ = set(options_, args...);
    return *this;
  }
  template <typename Set, typename... Args>
  OptionSteps& ThenIf(bool condition, Set set, Args... args) {
    return condition ? Then(set, args...) : *this;
  }
  natsStatus status() const { return status_; }

 private:
  natsOptions* options_;
  natsStatus status_ = NATS_OK;
};

natsStatus SetCredentialsAndTls(const JetStreamOptions& options, OptionSteps* steps) {
  const JetStreamTls& tls = options.tls;
  const bool secure = !tls.ca_file.empty() || !tls.certificate_file.empty() || !tls.server_name.empty();
  steps
      ->ThenIf(!options.user.empty(), natsOptions_SetUserInfo, options.user.c_str(),
               options.password.c_str())
      .ThenIf(!options.token.empty(), natsOptions_SetToken, options.token.c_str())
      .ThenIf(!options.credentials_file.empty(), natsOptions_SetUserCredentialsFromFiles,
              options.credentials_file.c_str(), static_cast<const char*>(nullptr))
      .ThenIf(secure, natsOptions_SetSecure, true)
      .ThenIf(!tls.ca_file.empty(), natsOptions_LoadCATrustedCertificates, tls.ca_file.c_str())
      .ThenIf(!tls.certificate_file.empty(), natsOptions_LoadCertificatesChain,
              tls.certificate_file.c_str(), tls.key_file.c_str())
      .ThenIf(!tls.server_name.empty(), natsOptions_SetExpectedHostname, tls.server_name.c_str());
  return steps->status();
}

natsStatus SetAll(const JetStreamOptions& options, natsOptions* nats_options) {
  std::vector<const char*> urls;
  for (const std::string& url : options.urls) urls.push_back(url.c_str());
  OptionSteps steps(nats_options);
  steps.Then(natsOptions_SetServers, urls.data(), static_cast<int>(urls.size()))
      .Then(natsOptions_SetNoRandomize, true)
      .Then(natsOptions_SetName, "aether")
      .Then(natsOptions_SetTimeout, std::max<std::int64_t>(options.time_limit.count(), 1))
      .Then(natsOptions_SetSendAsap, true)
      .Then(natsOptions_SetMaxReconnect, -1)
      .Then(natsOptions_SetReconnectWait, kReconnectWaitMs)
      .Then(natsOptions_SetReconnectJitter, kReconnectJitterMs, kReconnectJitterMs)
      .Then(natsOptions_SetPingInterval, kPingIntervalMs)
      .Then(natsOptions_SetMaxPingsOut, kMaxPingsOut)
      // A publish while disconnected must fail at once and unsent, not be sent later behind our back.
      .Then(natsOptions_SetReconnectBufSize, 0)
      // A request whose connection is lost fails at once instead of waiting out its time.
      .Then(natsOptions_SetFailRequestsOnDisconnect, true)
      .Then(natsOptions_SetDisconnectedCB, &Links::OnDisconnected, static_cast<void*>(nullptr))
      .Then(natsOptions_SetReconnectedCB, &Links::OnReconnected, static_cast<void*>(nullptr))
      .Then(natsOptions_SetErrorHandler, IgnoreBackgroundError, static_cast<void*>(nullptr));
  return SetCredentialsAndTls(options, &steps);
}

}  // namespace

bool IsWrongLastSequence(jsErrCode code) {
  return code == JSStreamWrongLastSequenceErr || static_cast<int>(code) == kWrongLastSequenceConstant;
}

bool LeavesOutcomeOpen(jsErrCode code) {
  return code == JSStreamSequenceNotMatchErr || static_cast<int>(code) == kDuplicateMessageConflict;
}

StoreError Translate(natsStatus status, jsErrCode code, std::string_view what) {
  // cnats' word for a request on a connection that is lost for the moment.
  if (status == NATS_INSUFFICIENT_BUFFER) return NotConnected(what);
  std::string detail = natsStatus_GetText(status);
  if (const std::string text = LastErrorText(); !text.empty()) detail += ": " + text;
  return MakeError(status, code, detail, what);
}

StoreError NotConnected(std::string_view what) {
  return MakeError(NATS_INSUFFICIENT_BUFFER, kNoJsError, "not connected", what);
}

StoreError TranslateServerError(jsErrCode code, std::string_view description, std::string_view what) {
  return MakeError(NATS_ERR, code, std::string(description), what);
}

Result<std::shared_ptr<Connection>> Connection::Open(const JetStreamOptions& options) {
  natsOptions* raw_options = nullptr;
  natsStatus status = natsOptions_Create(&raw_options);
  const OptionsPtr nats_options(raw_options);
  if (status == NATS_OK) status = SetAll(options, nats_options.get());
  if (status != NATS_OK) {
    return StoreError(ErrorCode::kStorageFailed, Translate(status, kNoJsError, "options").message());
  }

  std::string urls;
  for (const std::string& url : options.urls) urls += (urls.empty() ? "" : ", ") + url;
  natsConnection* raw_connection = nullptr;
  status = natsConnection_Connect(&raw_connection, nats_options.get());
  ConnectionPtr connection(raw_connection);
  if (status != NATS_OK) return Translate(status, kNoJsError, "cannot connect to " + urls);

  jsOptions js_options;
  jsOptions_Init(&js_options);
  js_options.Wait = options.time_limit.count();
  jsCtx* raw_context = nullptr;
  status = natsConnection_JetStream(&raw_context, connection.get(), &js_options);
  ContextPtr context(raw_context);
  if (status != NATS_OK) return Translate(status, kNoJsError, "JetStream context");
  return std::shared_ptr<Connection>(
      new Connection(std::move(connection), std::move(context), options));
}

Connection::Connection(ConnectionPtr connection, ContextPtr context, const JetStreamOptions& options)
    : connection_(std::move(connection)),
      context_(std::move(context)),
      time_limit_(options.time_limit),
      replicated_(options.replicas > 1),
      requester_(connection_.get(), Links::All().Add(connection_.get())) {}

void Connection::Close() {
  Links::All().Remove(connection_.get());
  natsConnection_Close(connection_.get());
}

Connection::~Connection() {
  Close();  // ends the thread that receives messages
}

}  // namespace aether::jetstream
