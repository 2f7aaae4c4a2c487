// Handle: calls to the store, noted, and what a rule usually expects of them.

#include <algorithm>
#include <exception>

#include "heartbeat.h"
#include "patiently.h"
#include "rule_run.h"

namespace aether::conformance {

namespace {

std::string DescribeAnswer(const Result<void>& result) { return result ? "ok" : Describe(result.error()); }
std::string DescribeAnswer(const Result<std::vector<EventPtr>>& result) {
  return result ? DescribeVersions(*result) : Describe(result.error());
}
std::string DescribeAnswer(const Result<std::int64_t>& result) {
  return result ? std::to_string(*result) : Describe(result.error());
}
std::string DescribeAnswer(const Result<ReplayResult>& result) {
  if (!result) return Describe(result.error());
  std::string text = DescribeVersions(result->events);
  for (const ReplayError& error : result->errors) {
    text += "; error at sequence " + std::to_string(error.sequence_number) + " with " +
            std::to_string(error.raw_data.size()) + " bytes";
    if (text.size() > 300) return text + " ...";
  }
  return text;
}
std::string DescribeAnswer(const Result<std::optional<ActorSnapshot>>& result) {
  if (!result) return Describe(result.error());
  return *result ? Describe(**result) : "none";
}
std::string DescribeAnswer(const Result<std::unique_ptr<Subscription>>& result) {
  return result ? "subscribed" : Describe(result.error());
}

template <typename T>
T Must(Result<T> result, const std::string& what) {
  if (!result) {
    ThrowIfNoWord(result.error());
    throw Failure(what + " failed", "success", Describe(result.error()));
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

void ThrowIfNoWord(const StoreError& error) {
  switch (error.code()) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kOutcomeUnknown:
    case ErrorCode::kStorageFull:
    case ErrorCode::kStorageFailed:
      throw Inconclusive("the store answered " + Describe(error));
    default:
      return;
  }
}

Handle::Handle(Trial* trial, std::unique_ptr<EventStore> store, std::string name)
    : trial_(trial), store_(std::move(store)), name_(std::move(name)) {}

template <typename Call>
auto Handle::Noted(std::string text, Call call) -> decltype(call()) {
  text = name_ + "  " + text;
  const CallInProgress in_progress(text);
  Timeline& timeline = trial_->timeline_;
  const std::size_t number = timeline.Begin(std::move(text));
  std::string thrown = "something that is no std::exception";
  try {
    auto result = Patiently(trial_->run_->settings_.patience, call);
    timeline.End(number, DescribeAnswer(result));
    return result;
  } catch (const std::exception& exception) {
    thrown = exception.what();
  } catch (...) {
  }
  timeline.End(number, "threw: " + thrown);
  throw Failure("an exception left the store", "an error value", "exception: " + thrown);
}

Result<void> Handle::SaveEvent(const Event& event) {
  return Noted("SaveEvent " + Describe(event), [&] { return store_->SaveEvent(event); });
}

Result<std::vector<EventPtr>> Handle::GetEvents(std::string_view actor_id, std::int64_t from_version) {
  auto result = Noted("GetEvents " + Quote(actor_id) + " from " + std::to_string(from_version),
                      [&] { return store_->GetEvents(actor_id, from_version); });
  if (result && std::find(result->begin(), result->end(), nullptr) != result->end()) {
    throw Failure("GetEvents answered a null event");
  }
  return result;
}

Result<std::int64_t> Handle::GetLatestVersion(std::string_view actor_id) {
  return Noted("GetLatestVersion " + Quote(actor_id), [&] { return store_->GetLatestVersion(actor_id); });
}

Result<ReplayResult> Handle::GetEventsWithErrors(std::string_view actor_id, std::int64_t from_version) {
  auto& store = dynamic_cast<EventStoreWithErrors&>(*store_);
  auto result = Noted("GetEventsWithErrors " + Quote(actor_id) + " from " + std::to_string(from_version),
                      [&] { return store.GetEventsWithErrors(actor_id, from_version); });
  if (result && std::find(result->events.begin(), result->events.end(), nullptr) != result->events.end()) {
    throw Failure("GetEventsWithErrors answered a null event");
  }
  return result;
}

Result<void> Handle::SaveSnapshot(const ActorSnapshot& snapshot) {
  auto& store = dynamic_cast<SnapshotStore&>(*store_);
  return Noted("SaveSnapshot " + Describe(snapshot), [&] { return store.SaveSnapshot(snapshot); });
}

Result<std::optional<ActorSnapshot>> Handle::GetLatestSnapshot(std::string_view actor_id) {
  auto& store = dynamic_cast<SnapshotStore&>(*store_);
  return Noted("GetLatestSnapshot " + Quote(actor_id), [&] { return store.GetLatestSnapshot(actor_id); });
}

Result<std::unique_ptr<Subscription>> Handle::Subscribe(EventStoredCallback callback) {
  auto& store = dynamic_cast<EventNotifier&>(*store_);
  return Noted("Subscribe", [&] { return store.Subscribe(std::move(callback)); });
}

Result<void> Handle::Close() {
  return Noted("Close", [&] { return store_->Close(); });
}

void Handle::MustSave(const Event& event) { Must(SaveEvent(event), "SaveEvent " + Describe(event)); }

std::vector<EventPtr> Handle::MustRead(std::string_view actor_id, std::int64_t from_version) {
  return Must(GetEvents(actor_id, from_version), "GetEvents " + Quote(actor_id));
}

std::int64_t Handle::MustLatest(std::string_view actor_id) {
  return Must(GetLatestVersion(actor_id), "GetLatestVersion " + Quote(actor_id));
}

ReplayResult Handle::MustReplay(std::string_view actor_id, std::int64_t from_version) {
  return Must(GetEventsWithErrors(actor_id, from_version), "GetEventsWithErrors " + Quote(actor_id));
}

VersionConflict Handle::MustRefuse(const Event& event) {
  const Result<void> saved = SaveEvent(event);
  if (saved) {
    throw Failure("a save that had to be refused was accepted: " + Describe(event), "version_conflict",
                  "ok");
  }
  ThrowIfNoWord(saved.error());
  if (saved.error().code() != ErrorCode::kVersionConflict || !saved.error().conflict()) {
    throw Failure("a stale save was refused with another error", "version_conflict",
                  Describe(saved.error()));
  }
  return *saved.error().conflict();
}

void Handle::MustRefuse(const Event& event, std::int64_t current_version) {
  const VersionConflict conflict = MustRefuse(event);
  if (conflict.current_version != current_version) {
    throw Failure("a version conflict names another current version", std::to_string(current_version),
                  std::to_string(conflict.current_version));
  }
}

void RequireEqual(const std::vector<Event>& expected, const std::vector<EventPtr>& actual,
                  std::string_view actor_id) {
  const std::string where = "the stream of " + Quote(actor_id);
  for (std::size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    if (std::string difference = Difference(expected[i], *actual[i]); !difference.empty()) {
      throw Failure("event " + std::to_string(i + 1) + " of " + where + " differs: " + difference);
    }
  }
  if (expected.size() == actual.size()) return;
  std::vector<EventPtr> wanted;
  for (const Event& event : expected) wanted.push_back(std::make_shared<const Event>(event));
  throw Failure(where + " has another length", DescribeVersions(wanted), DescribeVersions(actual));
}

void Handle::MustReadAs(std::string_view actor_id, const std::vector<Event>& expected,
                        std::int64_t from_version) {
  RequireEqual(expected, MustRead(actor_id, from_version), actor_id);
}

void Handle::MustHaveLatest(std::string_view actor_id, std::int64_t version) {
  const std::int64_t latest = MustLatest(actor_id);
  if (latest != version) {
    throw Failure("the latest version of " + Quote(actor_id) + " is wrong", std::to_string(version),
                  std::to_string(latest));
  }
}

}  // namespace aether::conformance
