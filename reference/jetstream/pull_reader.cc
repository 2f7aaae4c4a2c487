// The life of a consumer: made, asked for batches, lost, made again, ended.

#include "pull_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <thread>

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// One request asks for so many messages, of so many bytes together (but at least for one message of any
// size): far below what makes the server cut off a slow client, and no more is gained by larger ones.
constexpr int kBatch = 2'000;
// While messages come, the next request is made when no more than so many are still to come.
constexpr int kAskAgain = kBatch / 2;
constexpr std::int64_t kBatchBytes = 16 << 20;
// The server answers a request within this time, if only that there was nothing. After a silence of
// twice the time the consumer is taken for lost.
constexpr milliseconds kRequestLife{1'000};
// A consumer in a cluster is made before every server knows of it. After so long it is taken for lost.
constexpr milliseconds kHeardOf{500};
constexpr milliseconds kPause{2};
// The server drops a consumer that nobody has asked for so long.
constexpr std::chrono::nanoseconds kConsumerLife = std::chrono::seconds(30);

// Messages without a reply subject are the server's own: it says that a request has ended.
bool IsStatus(const natsMsg* message) {
  const char* reply = natsMsg_GetReply(message);
  return reply == nullptr || *reply == '\0';
}

template <typename Number>
bool ParseNumber(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

// $JS.ACK.stream.consumer.delivered.stream sequence.consumer sequence.time.pending, and since 2.10 with the
// domain and the account after ACK and perhaps more at the end.
std::optional<Delivery> ParseDelivery(std::string_view ack_subject) {
  constexpr std::string_view kStart = "$JS.ACK.";
  if (!ack_subject.starts_with(kStart)) return std::nullopt;
  std::array<std::string_view, 10> tokens;
  std::size_t count = 0;
  for (std::string_view rest = ack_subject.substr(kStart.size()); count < tokens.size(); ++count) {
    const std::size_t dot = rest.find('.');
    tokens[count] = rest.substr(0, dot);
    if (dot == std::string_view::npos) {
      ++count;
      break;
    }
    rest.remove_prefix(dot + 1);
  }
  constexpr std::size_t kShort = 7;
  constexpr std::size_t kLong = 9;
  if (count != kShort && count < kLong) return std::nullopt;
  const std::size_t first = count == kShort ? 3 : 5;
  Delivery delivery;
  if (!ParseNumber(tokens[first], &delivery.stream_sequence) ||
      !ParseNumber(tokens[first + 1], &delivery.consumer_sequence)) {
    return std::nullopt;
  }
  return delivery;
}

Result<std::unique_ptr<PullReader>> PullReader::Start(std::shared_ptr<Connection> connection,
                                                      std::string stream, std::string subject,
                                                      std::uint64_t first_sequence) {
  std::unique_ptr<PullReader> reader(
      new PullReader(std::move(connection), std::move(stream), std::move(subject), first_sequence));
  if (const auto made = reader->MakeConsumer(); !made) return made.error();
  return reader;
}

PullReader::PullReader(std::shared_ptr<Connection> connection, std::string stream, std::string subject,
                       std::uint64_t first_sequence)
    : connection_(std::move(connection)),
      stream_(std::move(stream)),
      subject_(std::move(subject)),
      next_sequence_(std::max<std::uint64_t>(first_sequence, 1)) {}

PullReader::~PullReader() { EndConsumer(); }

Result<void> PullReader::MakeConsumer() {
  EndConsumer();
  if (!connection_->is_up()) return NotConnected("cannot read stream " + stream_);
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.DeliverPolicy = js_DeliverByStartSequence;
  config.OptStartSeq = next_sequence_;
  config.AckPolicy = js_AckNone;
  config.FilterSubject = subject_.c_str();
  config.InactiveThreshold = kConsumerLife.count();
  config.Replicas = 1;
  config.MemoryStorage = true;
  jsConsumerInfo* raw = nullptr;
  jsErrCode code = kNoJsError;
  const natsStatus status =
      js_AddConsumer(&raw, connection_->js(), stream_.c_str(), &config, nullptr, &code);
  const ConsumerInfoPtr info(raw);
  if (status != NATS_OK) return Translate(status, code, "cannot read stream " + stream_);
  consumer_ = info->Name;
  made_ = Clock::now();
  return Subscribe();
}

Result<void> PullReader::Subscribe() {
  natsInbox* raw_inbox = nullptr;
  natsStatus status = natsInbox_Create(&raw_inbox);
  InboxPtr inbox(raw_inbox);
  natsSubscription* raw = nullptr;
  if (status == NATS_OK) status = natsConnection_SubscribeSync(&raw, connection_->nats(), raw_inbox);
  SubscriptionPtr subscription(raw);
  // What may come is limited by what was asked for.
  if (status == NATS_OK) status = natsSubscription_SetPendingLimits(raw, -1, -1);
  if (status != NATS_OK) return Translate(status, kNoJsError, "cannot read stream " + stream_);

  const std::lock_guard lock(mutex_);
  if (interrupted_) return StoreError(ErrorCode::kClosed, "the reader was interrupted");
  inbox_ = std::move(inbox);
  subscription_ = std::move(subscription);
  delivered_ = 0;
  awaited_ = 0;
  return {};
}

void PullReader::EndConsumer() {
  SubscriptionPtr subscription;
  {
    const std::lock_guard lock(mutex_);
    subscription = std::move(subscription_);
  }
  connection_->requester().End(std::move(subscription));
  // Told without waiting for an answer: the server drops an idle consumer by itself as well.
  if (!consumer_.empty() && connection_->is_up()) {
    const std::string request = "$JS.API.CONSUMER.DELETE." + stream_ + "." + consumer_;
    (void)natsConnection_PublishString(connection_->nats(), request.c_str(), "");
  }
  consumer_.clear();
}

Result<void> PullReader::Pull() {
  if (!connection_->is_up()) return NotConnected("cannot read stream " + stream_);
  const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + stream_ + "." + consumer_;
  const std::int64_t bytes = std::max(kBatchBytes, 2 * natsConnection_GetMaxPayload(connection_->nats()));
  const std::string request =
      "{\"batch\":" + std::to_string(kBatch) + ",\"max_bytes\":" + std::to_string(bytes) +
      ",\"expires\":" + std::to_string(std::chrono::nanoseconds(kRequestLife).count()) + "}";
  const natsStatus status = natsConnection_PublishRequestString(connection_->nats(), subject.c_str(),
                                                                inbox_.get(), request.c_str());
  if (status != NATS_OK) return Translate(status, kNoJsError, "cannot read stream " + stream_);
  awaited_ += kBatch;
  return {};
}

Result<std::optional<Record>> PullReader::Next(milliseconds wait) {
  const auto deadline = Clock::now() + wait;
  for (;;) {
    if (consumer_.empty()) {
      if (const auto made = MakeConsumer(); !made) return made.error();
    }
    if (awaited_ == 0) {
      if (const auto pulled = Pull(); !pulled) return pulled.error();
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
    const auto patience = std::clamp<milliseconds>(left, milliseconds(1), 2 * kRequestLife);
    natsMsg* raw = nullptr;
    const natsStatus status = natsSubscription_NextMsg(&raw, subscription_.get(), patience.count());
    MsgPtr message(raw);
    if (status == NATS_TIMEOUT) {
      if (patience == 2 * kRequestLife) EndConsumer();
    } else if (status == NATS_NO_RESPONDERS) {
      awaited_ = 0;
      if (Clock::now() - made_ >= kHeardOf) EndConsumer();
      std::this_thread::sleep_for(kPause);
    } else if (status == NATS_INVALID_SUBSCRIPTION) {
      return StoreError(ErrorCode::kClosed, "the reader was interrupted");
    } else if (status != NATS_OK) {
      EndConsumer();
      return Translate(status, kNoJsError, "cannot read stream " + stream_);
    } else if (auto record = Receive(std::move(message)); !record || *record) {
      return record;
    }
    if (Clock::now() >= deadline) return std::optional<Record>();
  }
}

// The record in `message`; nothing when it is none, or not the one that has to come next.
Result<std::optional<Record>> PullReader::Receive(MsgPtr message) {
  if (IsStatus(message.get())) {
    awaited_ = 0;
    return std::optional<Record>();
  }
  const auto delivery = ParseDelivery(natsMsg_GetReply(message.get()));
  if (!delivery || delivery->consumer_sequence != ++delivered_) {
    EndConsumer();
    return std::optional<Record>();
  }
  awaited_ = std::max(awaited_ - 1, 0);
  if (awaited_ == kAskAgain) {
    if (const auto pulled = Pull(); !pulled) return pulled.error();
  }
  // A consumer on a replica that is behind begins where that replica ends.
  if (delivery->stream_sequence < next_sequence_) return std::optional<Record>();
  next_sequence_ = delivery->stream_sequence + 1;
  std::optional<Record> record = ToRecord(message.get(), delivery->stream_sequence);
  used_.Add(std::move(message));
  return record;
}

void PullReader::Interrupt() {
  const std::lock_guard lock(mutex_);
  interrupted_ = true;
  // While the connection is down nothing comes, and the wait under way runs out.
  if (subscription_ && connection_->is_up()) (void)natsSubscription_Unsubscribe(subscription_.get());
}

}  // namespace aether::jetstream
