// The texts and fields of errors, and what Validate() refuses.

#include <gtest/gtest.h>

#include <set>

#include "aether/event.h"
#include "aether/result.h"

namespace aether {
namespace {

Event ValidEvent() {
  Event event;
  event.id = "e-1";
  event.event_type = "OrderPlaced";
  event.actor_id = "a-1";
  event.version = 1;
  return event;
}

TEST(VersionConflict, NamesActorAttemptedAndCurrentVersion) {
  const StoreError error = StoreError::Conflict("a-1", 2, 3);
  EXPECT_EQ(error.code(), ErrorCode::kVersionConflict);
  EXPECT_EQ(error.message(), "version conflict: actor \"a-1\" has version 3, cannot save version 2");
  EXPECT_EQ(error.conflict(), (VersionConflict{"a-1", 2, 3}));
  EXPECT_EQ(error.field(), "");
}

TEST(VersionConflict, SpellsOddActorIdsWithJsonEscapes) {
  const std::string id("a\"b\\c\n\0", 7);
  const StoreError error = StoreError::Conflict(id, std::numeric_limits<std::int64_t>::min(),
                                                std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(error.message(),
            R"(version conflict: actor "a\"b\\c\n\u0000" has version 9223372036854775807, )"
            "cannot save version -9223372036854775808");
  EXPECT_EQ(error.conflict()->actor_id, id);
}

TEST(InvalidEvent, NamesTheField) {
  const StoreError error = StoreError::InvalidEvent("actorId", "must not be empty");
  EXPECT_EQ(error.code(), ErrorCode::kInvalidEvent);
  EXPECT_EQ(error.message(), "invalid event: actorId: must not be empty");
  EXPECT_EQ(error.field(), "actorId");
  EXPECT_FALSE(error.conflict());
}

TEST(ReplayError, NamesSequenceNumberAndCause) {
  const ReplayError error{17, "{", "record: byte 1: expected a name"};
  EXPECT_EQ(error.Message(), "failed to unmarshal event at sequence 17: record: byte 1: expected a name");
}

TEST(ReplayResult, HasErrorsWhenThereAreSome) {
  ReplayResult result;
  EXPECT_FALSE(result.HasErrors());
  result.errors.push_back({1, "", "gone"});
  EXPECT_TRUE(result.HasErrors());
}

TEST(ErrorCodes, HaveStableNames) {
  EXPECT_EQ(ErrorCodeName(ErrorCode::kVersionConflict), "version_conflict");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kInvalidEvent), "invalid_event");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kNotFound), "not_found");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kUnavailable), "unavailable");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kCorrupt), "corrupt");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kClosed), "closed");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kStorageFull), "storage_full");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kStorageFailed), "storage_failed");
  EXPECT_EQ(ErrorCodeName(ErrorCode::kOutcomeUnknown), "outcome_unknown");
}

TEST(Validate, TakesAnyVersion) {
  Event event = ValidEvent();
  for (const std::int64_t version : {std::numeric_limits<std::int64_t>::min(), std::int64_t{0}}) {
    event.version = version;
    EXPECT_TRUE(Validate(event));
  }
}

struct Fault {
  const char* message;
  void (*make)(Event&);
};

TEST(Validate, RefusesEachFaultNamingTheField) {
  for (const auto& [message, make] : std::initializer_list<Fault>{
           {"id: must not be empty", [](Event& e) { e.id.clear(); }},
           {"id: is not UTF-8", [](Event& e) { e.id = "\xff"; }},
           {"eventType: must not be empty", [](Event& e) { e.event_type.clear(); }},
           {"eventType: is not UTF-8", [](Event& e) { e.event_type = "\xff"; }},
           {"actorId: must not be empty", [](Event& e) { e.actor_id.clear(); }},
           {"actorId: is not UTF-8", [](Event& e) { e.actor_id = "\xed\xa0\x80"; }},
           {"commandId: is not UTF-8", [](Event& e) { e.command_id = "\xff"; }},
           {"data: was moved away", [](Event& e) { e.data = JsonObject::Trusted(""); }},
           {"metadata: a key is not UTF-8", [](Event& e) { e.metadata.Set("\xff", ""); }},
           {"metadata: a value is not UTF-8", [](Event& e) { e.metadata.Set("", "\xff"); }},
           {"timestamp: is outside the years 0001 to 9999",
            [](Event& e) { e.timestamp.seconds = Timestamp::kMaxSeconds + 1; }},
           {"timestamp: is outside the years 0001 to 9999",
            [](Event& e) { e.timestamp.nanoseconds = 1'000'000'000; }},
       }) {
    Event event = ValidEvent();
    make(event);
    const auto checked = Validate(event);
    ASSERT_FALSE(checked) << message;
    EXPECT_EQ(checked.error().message(), std::string("invalid event: ") + message);
  }
}

TEST(Validate, NamesTheFirstOfSeveralFaults) {
  EXPECT_EQ(Validate(Event()).error().field(), "id");
  Event event = ValidEvent();
  event.event_type.clear();
  event.actor_id.clear();
  EXPECT_EQ(Validate(event).error().field(), "eventType");
}

TEST(Validate, LooksAtSnapshotsToo) {
  ActorSnapshot snapshot{"a-1", 0, {}, {}};
  EXPECT_TRUE(Validate(snapshot));
  snapshot.actor_id.clear();
  EXPECT_EQ(Validate(snapshot).error().field(), "actorId");
  snapshot = {"a-1", 0, JsonObject::Trusted(""), {}};
  EXPECT_EQ(Validate(snapshot).error().field(), "state");
  snapshot = {"a-1", 0, {}, {Timestamp::kMinSeconds - 1, 0}};
  EXPECT_EQ(Validate(snapshot).error().field(), "timestamp");
}

}  // namespace
}  // namespace aether
