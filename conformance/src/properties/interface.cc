// API: what the type offers, and that errors are values.

#include <filesystem>
#include <iterator>
#include <limits>

#include "properties.h"

namespace aether::conformance {

namespace {

void RequireNone(RuleRun& run, const std::vector<std::string_view>& found) {
  run.Once([&](Trial&) {
    if (found.empty()) return;
    std::string names;
    for (std::string_view name : found) names += (names.empty() ? "" : ", ") + std::string(name);
    throw Failure("the store's type has members that it must not have", "none", names);
  });
}

// API-01
void NothingUpdates(RuleRun& run) { RequireNone(run, run.subject().updating_members); }

// API-02
void NothingDeletes(RuleRun& run) { RequireNone(run, run.subject().deleting_members); }

// API-03: every method with arguments that stores tend to trip over; the handles turn an exception into a
// failure.
void NothingThrows(RuleRun& run) {
  run.Once([](Trial& t) {
    constexpr auto kMax = std::numeric_limits<std::int64_t>::max();
    constexpr auto kMin = std::numeric_limits<std::int64_t>::min();
    Handle& store = t.store();
    const std::vector<std::string> ids = {"",         t.NewActor(), std::string("\0\r\n", 3),
                                          "\xff\xfe", "../../x",    std::string(5000, 'k')};
    for (const std::string& id : ids) {
      for (const std::int64_t version : {kMin, std::int64_t{0}, std::int64_t{1}, kMax}) {
        (void)store.SaveEvent(t.NewEvent(id, version));
        (void)store.GetEvents(id, version);
        if (t.offered().errors) (void)store.GetEventsWithErrors(id, version);
      }
      (void)store.GetLatestVersion(id);
      if (t.offered().snapshots) {
        (void)store.SaveSnapshot({id, kMin, JsonObject(), Timestamp()});
        (void)store.GetLatestSnapshot(id);
      }
    }
    (void)store.SaveEvent(Event());
    Event event = t.NewEvent(t.NewActor(), 1);
    event.timestamp = {kMax, 4'000'000'000};
    (void)store.SaveEvent(event);
    event.metadata.Set("\xff", "\xfe");
    (void)store.SaveEvent(event);
    (void)store.Close();
    (void)store.SaveEvent(t.NewEvent(t.NewActor(), 1));
    (void)store.GetEvents("closed", 0);
    (void)store.GetLatestVersion("closed");
    (void)store.Close();
    t.Reopen();
  });
}

// What this process holds of the system.
struct Held {
  std::ptrdiff_t files;
  std::ptrdiff_t threads;
};

Held CountHeld() {
  const auto entries = [](const char* directory) {
    return std::distance(std::filesystem::directory_iterator(directory), {});
  };
  return {entries("/proc/self/fd"), entries("/proc/self/task")};
}

// API-04: one file or thread more may be a pool that fills; one more for each handle is a leak.
void ClosedHandlesGiveBack(RuleRun& run) {
  run.Once([](Trial& t) {
    constexpr int kHandles = 20;
    const std::string actor = t.NewActor();
    std::int64_t version = 0;
    const auto use_handles = [&](int count) {
      for (int i = 0; i < count; ++i) {
        t.store().MustSave(t.NewEvent(actor, ++version));
        t.CloseAll();
      }
    };
    use_handles(3);
    const Held before = CountHeld();
    use_handles(kHandles);
    Held after{};
    const bool given_back = t.WaitFor([&] {
      after = CountHeld();
      return after.files < before.files + kHandles / 2 && after.threads < before.threads + kHandles / 2;
    });
    if (given_back) return;
    const auto show = [](const Held& held) {
      return std::to_string(held.files) + " open files, " + std::to_string(held.threads) + " threads";
    };
    throw Failure("handles that were closed and destroyed still hold files or threads",
                  "about " + show(before) + ", as before " + std::to_string(kHandles) + " handles", show(after));
  });
}

constexpr Property kProperties[] = {
    {"API-01", NothingUpdates},
    {"API-02", NothingDeletes},
    {"API-03", NothingThrows},
    {"API-04", ClosedHandlesGiveBack},
};

}  // namespace

std::span<const Property> InterfaceProperties() { return kProperties; }

}  // namespace aether::conformance
