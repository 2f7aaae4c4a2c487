// What is expected of a subscription and its notices.

#include "collector.h"

#include <algorithm>

namespace aether::conformance {

std::unique_ptr<Subscription> MustSubscribe(Handle& store, EventStoredCallback callback) {
  auto subscription = store.Subscribe(std::move(callback));
  if (!subscription) ThrowIfNoWord(subscription.error());
  if (!subscription) throw Failure("Subscribe failed", "success", Describe(subscription.error()));
  return *std::move(subscription);
}

void RequireVersions(const std::vector<Event>& events, const std::vector<EventStored>& notices) {
  const auto show = [](std::int64_t version) { return "the notice of version " + std::to_string(version); };
  for (std::size_t i = 0; i < std::max(events.size(), notices.size()); ++i) {
    const std::string expected = i < events.size() ? show(events[i].version) : "no further notice";
    const std::string actual = i < notices.size() ? show(notices[i].version) : "no further notice";
    if (expected != actual)
      throw Failure("notice " + std::to_string(i + 1) + " is another one", expected, actual);
  }
}

}  // namespace aether::conformance
