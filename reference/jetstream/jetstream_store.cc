// JetStreamStore: the gate that closes, snapshots, and the way to the parts that do the work.

#include "aether/jetstream_store.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <vector>

#include "aether/wire.h"
#include "event_streams.h"
#include "nats_client.h"
#include "notices.h"
#include "snapshots.h"
#include "streams.h"

namespace aether {
namespace {

using jetstream::Connection;
using jetstream::NoticeFeed;

class FeedSubscription final : public Subscription {
 public:
  explicit FeedSubscription(std::shared_ptr<NoticeFeed> feed) : feed_(std::move(feed)) {}
  ~FeedSubscription() override { feed_->Stop(); }

 private:
  std::shared_ptr<NoticeFeed> feed_;
};

}  // namespace

class JetStreamStore::Impl {
 public:
  Impl(std::shared_ptr<Connection> connection, const JetStreamOptions& options)
      : names_(options),
        connection_(std::move(connection)),
        events_(connection_, options),
        snapshots_(connection_, options) {}

  jetstream::EventStreams& events() { return events_; }
  jetstream::Snapshots& snapshots() { return snapshots_; }

  // What `call` answers, or kClosed; an exception becomes an error of `code`.
  template <typename Call>
  auto Guard(ErrorCode code, Call call) -> decltype(call()) {
    const std::shared_lock under_way(under_way_);
    if (closed_) return StoreError(ErrorCode::kClosed, "the store is closed");
    try {
      return call();
    } catch (const std::exception& error) {
      return StoreError(code, std::string("unexpected: ") + error.what());
    }
  }

  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) {
    auto feed = NoticeFeed::Start(connection_, names_, std::move(callback));
    if (!feed) return feed.error();
    const std::lock_guard lock(feeds_mutex_);
    std::erase_if(feeds_, [](const std::weak_ptr<NoticeFeed>& known) { return known.expired(); });
    feeds_.push_back(*feed);
    return std::unique_ptr<Subscription>(std::make_unique<FeedSubscription>(*feed));
  }

  Result<void> Close() {
    if (closed_.exchange(true)) return StoreError(ErrorCode::kClosed, "the store is closed");
    // Calls that came before are let finish. A callback's calls answer kClosed, so it finishes too, but
    // not while this lock is held.
    { const std::unique_lock nobody_under_way(under_way_); }
    for (const auto& known : feeds_) {
      if (const auto feed = known.lock()) feed->Stop();
    }
    connection_->Close();
    return {};
  }

 private:
  const JetStreamNames names_;
  const std::shared_ptr<Connection> connection_;
  jetstream::EventStreams events_;
  jetstream::Snapshots snapshots_;

  std::shared_mutex under_way_;  // held shared by every call
  std::atomic<bool> closed_{false};
  std::mutex feeds_mutex_;
  std::vector<std::weak_ptr<NoticeFeed>> feeds_;
};

Result<std::unique_ptr<JetStreamStore>> JetStreamStore::Open(const JetStreamOptions& options) try {
  if (const auto checked = jetstream::CheckOptions(options); !checked) return checked.error();
  auto connection = Connection::Open(options);
  if (!connection) return connection.error();
  if (const auto ready = jetstream::EnsureStreams(**connection, options); !ready) return ready.error();
  auto impl = std::make_unique<Impl>(*std::move(connection), options);
  return std::unique_ptr<JetStreamStore>(new JetStreamStore(std::move(impl)));
} catch (const std::exception& error) {
  return StoreError(ErrorCode::kUnavailable, std::string("unexpected: ") + error.what());
}

JetStreamStore::JetStreamStore(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

JetStreamStore::~JetStreamStore() { (void)impl_->Close(); }

Result<void> JetStreamStore::SaveEvent(const Event& event) {
  return impl_->Guard(ErrorCode::kOutcomeUnknown, [&] { return impl_->events().Save(event); });
}

Result<std::vector<EventPtr>> JetStreamStore::GetEvents(std::string_view actor_id,
                                                        std::int64_t from_version) {
  auto result = GetEventsWithErrors(actor_id, from_version);
  if (!result) return result.error();
  return std::move(result->events);
}

Result<std::int64_t> JetStreamStore::GetLatestVersion(std::string_view actor_id) {
  return impl_->Guard(ErrorCode::kUnavailable, [&] { return impl_->events().LatestVersion(actor_id); });
}

Result<ReplayResult> JetStreamStore::GetEventsWithErrors(std::string_view actor_id,
                                                         std::int64_t from_version) {
  return impl_->Guard(ErrorCode::kUnavailable,
                      [&] { return impl_->events().Read(actor_id, from_version); });
}

Result<void> JetStreamStore::SaveSnapshot(const ActorSnapshot& snapshot) {
  return impl_->Guard(ErrorCode::kOutcomeUnknown, [&] { return impl_->snapshots().Save(snapshot); });
}

Result<std::optional<ActorSnapshot>> JetStreamStore::GetLatestSnapshot(std::string_view actor_id) {
  return impl_->Guard(ErrorCode::kUnavailable, [&] { return impl_->snapshots().Latest(actor_id); });
}

Result<std::unique_ptr<Subscription>> JetStreamStore::Subscribe(EventStoredCallback callback) {
  return impl_->Guard(ErrorCode::kUnavailable, [&] { return impl_->Subscribe(std::move(callback)); });
}

Result<void> JetStreamStore::Close() { return impl_->Close(); }

}  // namespace aether
