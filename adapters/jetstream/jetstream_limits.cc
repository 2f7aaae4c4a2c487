// The measurements, with nothing between them and cnats.

#include "jetstream_limits.h"

#include <nats/nats.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <mutex>

namespace aether {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr int kPullBatch = 1'000;
constexpr int kFillWindow = 256;
constexpr std::int64_t kWaitMs = 5'000;

StoreError Failed(const std::string& what, natsStatus status) {
  natsStatus ignored;
  const char* detail = nats_GetLastError(&ignored);
  return StoreError(ErrorCode::kUnavailable,
                    what + ": " + natsStatus_GetText(status) + ": " + (detail == nullptr ? "" : detail));
}

// A connection and a stream, which is deleted at the end. Its subjects are LIMITS.<stream>.<number>.
class Bench {
 public:
  static Result<std::unique_ptr<Bench>> Open(const std::string& url, bool mirrored,
                                             jsOptions* js_options = nullptr) {
    std::unique_ptr<Bench> bench(new Bench);
    natsOptions* options = nullptr;
    natsStatus status = natsOptions_Create(&options);
    if (status == NATS_OK) status = natsOptions_SetURL(options, url.c_str());
    if (status == NATS_OK) status = natsOptions_SetSendAsap(options, true);
    if (status == NATS_OK) status = natsConnection_Connect(&bench->connection_, options);
    natsOptions_Destroy(options);
    if (status == NATS_OK) {
      status = natsConnection_JetStream(&bench->context_, bench->connection_, js_options);
    }
    if (status == NATS_OK) status = bench->MakeStreams(mirrored);
    if (status != NATS_OK) return Failed("limits", status);
    return bench;
  }

  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  ~Bench() {
    if (context_ != nullptr) {
      (void)js_DeleteStream(context_, (stream_ + "-MIRROR").c_str(), nullptr, nullptr);
      (void)js_DeleteStream(context_, stream_.c_str(), nullptr, nullptr);
    }
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
  }

  jsCtx* js() const { return context_; }
  natsConnection* nats() const { return connection_; }
  const std::string& stream() const { return stream_; }
  std::string Subject(std::uint64_t number) const {
    return "LIMITS." + stream_ + "." + std::to_string(number);
  }

 private:
  Bench() = default;

  natsStatus MakeStreams(bool mirrored) {
    natsInbox* inbox = nullptr;
    natsStatus status = natsInbox_Create(&inbox);
    if (status != NATS_OK) return status;
    const std::string unique(inbox);
    natsInbox_Destroy(inbox);
    stream_ = "LIMITS-" + unique.substr(unique.rfind('.') + 1);
    const std::string subject = "LIMITS." + stream_ + ".*";
    const char* subjects[] = {subject.c_str()};
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = stream_.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Storage = js_FileStorage;
    status = js_AddStream(nullptr, context_, &config, nullptr, nullptr);
    if (status != NATS_OK || !mirrored) return status;

    const std::string name = stream_ + "-MIRROR";
    jsStreamSource origin;
    jsStreamSource_Init(&origin);
    origin.Name = stream_.c_str();
    jsStreamConfig_Init(&config);
    config.Name = name.c_str();
    config.Mirror = &origin;
    config.MaxMsgsPerSubject = 4;
    config.Storage = js_FileStorage;
    return js_AddStream(nullptr, context_, &config, nullptr, nullptr);
  }

  natsConnection* connection_ = nullptr;
  jsCtx* context_ = nullptr;
  std::string stream_;
};

jsPubOptions ExpectationOf(std::uint64_t last_of_subject, const std::string& message_id) {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MsgId = message_id.c_str();
  options.ExpectLastSubjectSeq = last_of_subject;
  options.ExpectNoMessage = last_of_subject == 0;
  return options;
}

natsStatus MakeMessage(const std::string& subject, std::string_view data, natsMsg** message) {
  return natsMsg_Create(message, subject.c_str(), nullptr, data.data(), static_cast<int>(data.size()));
}

std::uint32_t Since(Clock::time_point start) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(
      std::chrono::duration_cast<nanoseconds>(Clock::now() - start).count(), UINT32_MAX));
}

// What is in flight, in the order in which it was sent, which is the order of its acknowledgements.
struct Window {
  std::mutex mutex;
  std::deque<Clock::time_point> sent;
  std::vector<std::uint32_t> latencies_ns;
  int failures = 0;

  static void OnAck(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* closure) {
    auto* window = static_cast<Window*>(closure);
    {
      const std::lock_guard lock(window->mutex);
      window->latencies_ns.push_back(Since(window->sent.front()));
      window->sent.pop_front();
      if (error != nullptr) ++window->failures;
    }
    natsMsg_Destroy(message);
  }
};

natsStatus Fill(const Bench& bench, std::string_view data, int count) {
  const std::string subject = bench.Subject(0);
  natsStatus status = NATS_OK;
  for (int i = 0; i < count && status == NATS_OK; ++i) {
    status =
        js_PublishAsync(bench.js(), subject.c_str(), data.data(), static_cast<int>(data.size()), nullptr);
  }
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = kWaitMs;
  return status == NATS_OK ? js_PublishAsyncComplete(bench.js(), &options) : status;
}

natsStatus ReceiveAll(natsSubscription* subscription, int count) {
  for (int i = 0; i < count; ++i) {
    natsMsg* message = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&message, subscription, kWaitMs);
    natsMsg_Destroy(message);
    if (status != NATS_OK) return status;
  }
  return NATS_OK;
}

// cnats may use a subscription once more for a message that is just arriving.
void EndSubscription(const Bench& bench, natsSubscription* subscription) {
  if (subscription == nullptr) return;
  (void)natsSubscription_Unsubscribe(subscription);
  (void)natsConnection_Flush(bench.nats());
  natsSubscription_Destroy(subscription);
}

natsStatus ReadOrdered(const Bench& bench, int count) {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = bench.stream().c_str();
  options.Ordered = true;
  natsSubscription* subscription = nullptr;
  natsStatus status =
      js_SubscribeSync(&subscription, bench.js(), bench.Subject(0).c_str(), nullptr, &options, nullptr);
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(subscription, -1, -1);
  if (status == NATS_OK) status = ReceiveAll(subscription, count);
  EndSubscription(bench, subscription);
  return status;
}

natsStatus PullAll(const Bench& bench, const std::string& consumer, natsSubscription* subscription,
                   const char* inbox, int count) {
  const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + bench.stream() + "." + consumer;
  const std::string request = "{\"batch\":" + std::to_string(kPullBatch) + ",\"expires\":5000000000}";
  natsStatus status = NATS_OK;
  int asked = 0;
  for (int received = 0; received < count && status == NATS_OK; received += kPullBatch) {
    while (asked < std::min(count, received + 2 * kPullBatch) && status == NATS_OK) {
      status = natsConnection_PublishRequestString(bench.nats(), subject.c_str(), inbox, request.c_str());
      asked += kPullBatch;
    }
    if (status == NATS_OK) status = ReceiveAll(subscription, std::min(kPullBatch, count - received));
  }
  return status;
}

natsStatus ReadByPulls(const Bench& bench, int count) {
  const std::string subject = bench.Subject(0);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckNone;
  config.FilterSubject = subject.c_str();
  config.MemoryStorage = true;
  config.Replicas = 1;
  jsConsumerInfo* info = nullptr;
  natsStatus status = js_AddConsumer(&info, bench.js(), bench.stream().c_str(), &config, nullptr, nullptr);
  const std::string consumer = status == NATS_OK ? info->Name : "";
  jsConsumerInfo_Destroy(info);
  natsInbox* inbox = nullptr;
  natsSubscription* subscription = nullptr;
  if (status == NATS_OK) status = natsInbox_Create(&inbox);
  if (status == NATS_OK) status = natsConnection_SubscribeSync(&subscription, bench.nats(), inbox);
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(subscription, -1, -1);
  if (status == NATS_OK) status = PullAll(bench, consumer, subscription, inbox, count);
  EndSubscription(bench, subscription);
  natsInbox_Destroy(inbox);
  (void)js_DeleteConsumer(bench.js(), bench.stream().c_str(), consumer.c_str(), nullptr, nullptr);
  return status;
}

}  // namespace

Result<LimitMeasurement> JetStreamLimits::Publish(std::string_view data, nanoseconds duration) const {
  const auto bench = Bench::Open(url_, mirrored_);
  if (!bench) return bench.error();
  const std::string subject = (*bench)->Subject(0);
  LimitMeasurement measured;
  std::uint64_t last = 0;
  const auto start = Clock::now();
  for (auto now = start; now - start < duration; now = Clock::now()) {
    natsMsg* message = nullptr;
    natsStatus status = MakeMessage(subject, data, &message);
    const std::string id = subject + "." + std::to_string(last);
    jsPubOptions options = ExpectationOf(last, id);
    jsPubAck* ack = nullptr;
    if (status == NATS_OK) status = js_PublishMsg(&ack, (*bench)->js(), message, &options, nullptr);
    natsMsg_Destroy(message);
    if (status != NATS_OK) return Failed("publish", status);
    last = ack->Sequence;
    jsPubAck_Destroy(ack);
    ++measured.operations;
    measured.latencies_ns.push_back(Since(now));
  }
  measured.duration = Clock::now() - start;
  return measured;
}

Result<LimitMeasurement> JetStreamLimits::PublishWindow(std::string_view data, int window,
                                                        nanoseconds duration) const {
  Window in_flight;
  jsOptions js_options;
  jsOptions_Init(&js_options);
  js_options.PublishAsync.MaxPending = window;
  js_options.PublishAsync.AckHandler = Window::OnAck;
  js_options.PublishAsync.AckHandlerClosure = &in_flight;
  js_options.PublishAsync.StallWait = kWaitMs;
  const auto bench = Bench::Open(url_, mirrored_, &js_options);
  if (!bench) return bench.error();
  std::vector<std::string> subjects;
  for (int i = 0; i < window; ++i) subjects.push_back((*bench)->Subject(i));

  LimitMeasurement measured;
  const auto start = Clock::now();
  for (std::uint64_t sent = 0; Clock::now() - start < duration; ++sent) {
    // Nobody else writes to the stream: message n gets sequence number n + 1.
    const auto width = static_cast<std::uint64_t>(window);
    const std::string& subject = subjects[sent % width];
    const std::uint64_t last = sent < width ? 0 : sent + 1 - width;
    natsMsg* message = nullptr;
    natsStatus status = MakeMessage(subject, data, &message);
    const std::string id = subject + "." + std::to_string(last);
    jsPubOptions options = ExpectationOf(last, id);
    {
      const std::lock_guard lock(in_flight.mutex);
      in_flight.sent.push_back(Clock::now());
    }
    if (status == NATS_OK) status = js_PublishMsgAsync((*bench)->js(), &message, &options);
    natsMsg_Destroy(message);
    if (status != NATS_OK) return Failed("publish", status);
  }
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MaxWait = kWaitMs;
  if (const natsStatus status = js_PublishAsyncComplete((*bench)->js(), &options); status != NATS_OK) {
    return Failed("publish", status);
  }
  measured.duration = Clock::now() - start;
  const std::lock_guard lock(in_flight.mutex);
  if (in_flight.failures != 0) return StoreError(ErrorCode::kUnavailable, "publish: refused by the server");
  measured.latencies_ns = std::move(in_flight.latencies_ns);
  measured.operations = measured.latencies_ns.size();
  return measured;
}

Result<LimitMeasurement> JetStreamLimits::Consume(std::string_view data, int count, Consumer kind,
                                                  nanoseconds duration) const {
  jsOptions js_options;
  jsOptions_Init(&js_options);
  js_options.PublishAsync.MaxPending = kFillWindow;
  js_options.PublishAsync.StallWait = kWaitMs;
  const auto bench = Bench::Open(url_, mirrored_, &js_options);
  if (!bench) return bench.error();
  if (const natsStatus status = Fill(**bench, data, count); status != NATS_OK)
    return Failed("fill", status);
  LimitMeasurement measured;
  const auto start = Clock::now();
  for (auto now = start; now - start < duration; now = Clock::now()) {
    const natsStatus status =
        kind == Consumer::kOrdered ? ReadOrdered(**bench, count) : ReadByPulls(**bench, count);
    if (status != NATS_OK) return Failed("consume", status);
    measured.latencies_ns.push_back(Since(now));
    measured.operations += static_cast<std::uint64_t>(count);
  }
  measured.duration = Clock::now() - start;
  return measured;
}

}  // namespace aether
