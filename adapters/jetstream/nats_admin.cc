// Calls of cnats, and its errors as ours.

#include "nats_admin.h"

#include <nats/nats.h>

namespace aether {
namespace {

StoreError Failed(const std::string& what, natsStatus status) {
  natsStatus ignored;
  const char* detail = nats_GetLastError(&ignored);
  return StoreError(ErrorCode::kUnavailable,
                    what + ": " + natsStatus_GetText(status) + ": " + (detail == nullptr ? "" : detail));
}

// cnats would print what happens in the background to stderr.
void IgnoreBackgroundError(natsConnection*, natsSubscription*, natsStatus, void*) {}

// How soon another server is tried when one falls silent, and how long one request takes at most.
constexpr std::int64_t kPingMs = 1'000;
constexpr std::int64_t kReconnectWaitMs = 50;
constexpr std::int64_t kRequestMs = 5'000;
// A cluster that has just come together drops what is asked of it: better to ask again soon.
constexpr std::int64_t kMakeMs = 500;

}  // namespace

struct NatsAdmin::Handles {
  natsOptions* options = nullptr;
  natsConnection* connection = nullptr;
  jsCtx* context = nullptr;

  ~Handles() {
    jsCtx_Destroy(context);
    natsConnection_Destroy(connection);
    natsOptions_Destroy(options);
  }

  natsStatus Connect(const std::vector<std::string>& urls) {
    std::vector<const char*> servers;
    for (const std::string& url : urls) servers.push_back(url.c_str());
    natsStatus status = natsOptions_Create(&options);
    const auto then = [&status](auto set, auto... arguments) {
      if (status == NATS_OK) status = set(arguments...);
    };
    then(natsOptions_SetServers, options, servers.data(), static_cast<int>(servers.size()));
    then(natsOptions_SetMaxReconnect, options, -1);
    then(natsOptions_SetReconnectWait, options, kReconnectWaitMs);
    then(natsOptions_SetPingInterval, options, kPingMs);
    then(natsOptions_SetMaxPingsOut, options, 2);
    then(natsOptions_SetErrorHandler, options, IgnoreBackgroundError, static_cast<void*>(nullptr));
    then(natsConnection_Connect, &connection, options);
    jsOptions js_options;
    jsOptions_Init(&js_options);
    js_options.Wait = kRequestMs;
    then(natsConnection_JetStream, &context, connection, &js_options);
    return status;
  }
};

NatsAdmin::NatsAdmin(std::unique_ptr<Handles> handles) : handles_(std::move(handles)) {}

NatsAdmin::~NatsAdmin() = default;

Result<std::unique_ptr<NatsAdmin>> NatsAdmin::Connect(const std::vector<std::string>& urls) {
  auto handles = std::make_unique<Handles>();
  const natsStatus status = handles->Connect(urls);
  if (status != NATS_OK) return Failed("administration", status);
  return std::unique_ptr<NatsAdmin>(new NatsAdmin(std::move(handles)));
}

Result<std::uint64_t> NatsAdmin::Publish(const std::string& subject, std::string_view data) {
  jsPubAck* ack = nullptr;
  const natsStatus status = js_Publish(&ack, handles_->context, subject.c_str(), data.data(),
                                       static_cast<int>(data.size()), nullptr, nullptr);
  if (status == NATS_MAX_PAYLOAD) return StoreError::InvalidEvent("data", "over the server's max_payload");
  if (status != NATS_OK) return Failed("publish on " + subject, status);
  const std::uint64_t sequence = ack->Sequence;
  jsPubAck_Destroy(ack);
  return sequence;
}

Result<void> NatsAdmin::DiscardStream(const std::string& stream) {
  const std::string request = "$JS.API.STREAM.DELETE." + stream;
  const natsStatus status = natsConnection_PublishString(handles_->connection, request.c_str(), "");
  if (status != NATS_OK) return Failed("delete stream " + stream, status);
  return {};
}

Result<void> NatsAdmin::MakeStream(const std::string& stream, int replicas) {
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = stream.c_str();
  config.Replicas = replicas;
  jsOptions options;
  jsOptions_Init(&options);
  options.Wait = kMakeMs;
  const natsStatus status = js_AddStream(nullptr, handles_->context, &config, &options, nullptr);
  if (status != NATS_OK) return Failed("make stream " + stream, status);
  return {};
}

Result<std::string> NatsAdmin::LeaderOf(const std::string& stream) {
  jsStreamInfo* info = nullptr;
  const natsStatus status = js_GetStreamInfo(&info, handles_->context, stream.c_str(), nullptr, nullptr);
  if (status != NATS_OK) return Failed("ask for stream " + stream, status);
  const char* leader = info->Cluster == nullptr ? nullptr : info->Cluster->Leader;
  std::string name = leader == nullptr ? "" : leader;
  jsStreamInfo_Destroy(info);
  if (name.empty()) return StoreError(ErrorCode::kUnavailable, "stream " + stream + " has no leader");
  return name;
}

}  // namespace aether
