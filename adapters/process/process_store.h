// ProcessStore: a handle on a store that lives in a driver.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>

#include "aether/event_store.h"
#include "driver_process.h"

namespace aether::process {

// What becomes of a DriverError, which must not be taken for an error of the store. Must not return.
using BrokenHandler = std::function<void(const std::string&)>;

// Offers everything; what the driver does not list must not be called. All methods may be called from any
// thread. What the driver's store raises leaves a method as StoreException.
class ProcessStore final : public EventStoreWithErrors, public SnapshotStore, public EventNotifier {
 public:
  ProcessStore(std::shared_ptr<DriverProcess> driver, std::uint64_t handle, BrokenHandler broken);
  ~ProcessStore() override;

  Result<void> SaveEvent(const Event& event) override;
  Result<std::vector<EventPtr>> GetEvents(std::string_view actor_id, std::int64_t from_version) override;
  Result<std::int64_t> GetLatestVersion(std::string_view actor_id) override;
  Result<void> Close() override;
  Result<ReplayResult> GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) override;
  Result<void> SaveSnapshot(const ActorSnapshot& snapshot) override;
  Result<std::optional<ActorSnapshot>> GetLatestSnapshot(std::string_view actor_id) override;
  Result<std::unique_ptr<Subscription>> Subscribe(EventStoredCallback callback) override;

 private:
  friend class ProcessSubscription;

  Request OnHandle(std::string_view call) const { return Request(call).Number("handle", handle_); }
  Request OnActor(std::string_view call, std::string_view actor_id) const;
  // Runs `call`, and hands a DriverError to the handler.
  template <typename Call>
  auto Guarded(Call call) -> decltype(call());
  // Ends the subscriptions by a call that does so.
  Answer EndAll(std::string_view call);

  std::shared_ptr<DriverProcess> driver_;
  std::uint64_t handle_;
  BrokenHandler broken_;
  std::mutex mutex_;  // of the subscriptions that are open
  std::map<std::uint64_t, std::weak_ptr<class NoticeQueue>> subscriptions_;
};

}  // namespace aether::process
