// The wire form: golden vectors, round trips, and what a decoder refuses.

#include "aether/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "generators.h"
#include "vectors.h"

namespace aether {
namespace {

using testing::PickEvent;
using testing::ReadLines;
using ::testing::StartsWith;

constexpr std::string_view kRecord =
    R"({"id":"e-1","eventType":"T","actorId":"a-1","version":1,"data":{"n":1},"timestamp":"2026-01-13T21:26:16Z"})";

// The golden record with `from` replaced.
std::string With(std::string_view from, std::string_view to) {
  std::string record(kRecord);
  return record.replace(record.find(from), from.size(), to);
}

Event Decoded(std::string_view record) {
  auto event = DecodeEvent(record);
  EXPECT_TRUE(event) << record << "\n" << event.error().message();
  return event ? *event : Event();
}

std::string Refused(std::string_view record) {
  const auto event = DecodeEvent(record);
  EXPECT_FALSE(event) << record;
  if (event) return "";
  EXPECT_EQ(event.error().code(), ErrorCode::kCorrupt);
  return event.error().message();
}

TEST(GoldenVectors, EventsOfAnotherEncoderAreReadAndWrittenBack) {
  const auto lines = ReadLines("vectors/go-events.jsonl");
  ASSERT_EQ(lines.size(), 68u);
  for (const std::string& line : lines) {
    const auto vector = nlohmann::json::parse(line);
    SCOPED_TRACE(vector.at("name").get<std::string>());
    // Cut out of the line, so that no number passes through a tree.
    constexpr std::string_view kWire = R"("wire":)";
    const std::size_t start = line.find(kWire) + kWire.size();
    std::string wire = line.substr(start, line.size() - 1 - start);

    const Event event = Decoded(wire);
    EXPECT_EQ(event.timestamp.seconds, vector.at("unixSeconds").get<std::int64_t>());
    EXPECT_EQ(event.timestamp.nanoseconds, vector.at("nanos").get<std::uint32_t>());
    const std::string again = *EncodeEvent(event);
    EXPECT_EQ(Decoded(again), event);
    // The two differences between the encoders: offsets of timestamps, absent data.
    if (!wire.ends_with("Z\"}")) continue;
    if (const auto null = wire.find(R"("data":null)"); null != std::string::npos)
      wire.replace(null + 7, 4, "{}");
    EXPECT_EQ(CanonicalJson(again, true), CanonicalJson(wire, true));
  }
}

TEST(GoldenVectors, ValidRecordsAreReadAndEncodedAsGiven) {
  const auto lines = ReadLines("vectors/valid.jsonl");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    const auto vector = nlohmann::json::parse(line);
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const auto wire = vector.at("wire").get<std::string>();
    const auto encoded = vector.at("encoded").get<std::string>();
    if (vector.at("kind") == "snapshot") {
      const auto snapshot = DecodeSnapshot(wire);
      ASSERT_TRUE(snapshot) << snapshot.error().message();
      EXPECT_EQ(*EncodeSnapshot(*snapshot), encoded);
      EXPECT_EQ(*DecodeSnapshot(encoded), *snapshot);
    } else {
      const Event event = Decoded(wire);
      EXPECT_EQ(*EncodeEvent(event), encoded);
      EXPECT_EQ(Decoded(encoded), event);
    }
  }
}

TEST(GoldenVectors, InvalidRecordsAreRefusedNamingTheKey) {
  const auto lines = ReadLines("vectors/invalid.jsonl");
  ASSERT_FALSE(lines.empty());
  for (const std::string& line : lines) {
    const auto vector = nlohmann::json::parse(line);
    SCOPED_TRACE(vector.at("name").get<std::string>());
    const std::string wire = vector.contains("base64") ? testing::FromBase64(vector.at("base64"))
                                                       : vector.at("wire").get<std::string>();
    const auto key = vector.at("key").get<std::string>() + ": ";
    if (vector.at("kind") == "snapshot") {
      const auto snapshot = DecodeSnapshot(wire);
      ASSERT_FALSE(snapshot);
      EXPECT_EQ(snapshot.error().code(), ErrorCode::kCorrupt);
      EXPECT_THAT(snapshot.error().message(), StartsWith(key));
    } else {
      EXPECT_THAT(Refused(wire), StartsWith(key));
    }
  }
}

TEST(GoldenVectors, TheExampleOfTheProseIsReadAndEncodedAsGiven) {
  int examples = 0;
  for (const std::string& line : ReadLines("wire.md")) {
    if (!line.starts_with('{')) continue;
    ++examples;
    EXPECT_EQ(*EncodeEvent(Decoded(line)), line);
  }
  EXPECT_EQ(examples, 1);
}

TEST(DecodeEvent, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(Refused({}), "record: expected a JSON object");
  EXPECT_EQ(Refused("{}"), "id: missing");
  EXPECT_EQ(Refused(With("1,", "1.5,")), "version: expected a 64-bit integer");
  EXPECT_EQ(Refused(With("1,", "9223372036854775808,")), "version: expected a 64-bit integer");
  EXPECT_EQ(Refused(With("\"e-1\"", "7")), "id: expected a string");
  EXPECT_EQ(Refused(With("\"e-1\"", "\"\"")), "id: must not be empty");
  EXPECT_EQ(Refused(With("{\"n\":1}", "[]")), "data: expected a JSON object");
  EXPECT_EQ(Refused(With("{\"n\":1}", "{\"n\":01}")), "data: byte 69: expected ',' or '}'");
  EXPECT_EQ(Refused(With("\"version\":1,", "\"version\":1,\"version\":1,")), "version: occurs twice");
  EXPECT_EQ(Refused(With("2026-01-13", "2026-02-30")),
            "timestamp: expected an RFC 3339 date-time of the years 0001 to 9999, with at most 9 fraction "
            "digits");
  EXPECT_EQ(Refused(std::string(kRecord) + "\nx"), "record: byte 107: text after the object");
}

// Keys in the encoder's order and spelling are read without being looked up; any other order and spelling
// says the same.
TEST(DecodeEvent, TakesKeysInAnyOrderAndSpelling) {
  std::vector<std::string> members = {R"("id":"e-1")",
                                      R"("eventType":"T")",
                                      R"("actorId":"a-1")",
                                      R"("commandId":"c")",
                                      R"("version":1)",
                                      R"("data":{"n":1})",
                                      R"("metadata":{"b":"2","a":"1"})",
                                      R"("timestamp":"2026-01-13T21:26:16Z")"};
  const auto joined = [&](std::string_view separator) {
    std::string record;
    for (const std::string& member : members)
      record.append(record.empty() ? "{" : separator).append(member);
    return record + "}";
  };
  const Event event = Decoded(joined(","));
  for (std::size_t i = 0; i < members.size(); ++i) {
    std::rotate(members.begin(), members.begin() + 1, members.end());
    EXPECT_EQ(Decoded(joined(",")), event);
    EXPECT_EQ(Decoded(joined(" ,\n")), event);
    const std::string twice = joined(",");
    const std::string key = members[0].substr(1, members[0].find('"', 1) - 1);
    EXPECT_EQ(Refused(twice.substr(0, twice.size() - 1) + "," + members[0] + "}"), key + ": occurs twice");
    EXPECT_EQ(Refused(twice.substr(0, twice.size() - 1) + ",}"),
              "record: byte " + std::to_string(twice.size()) + ": expected a name");
  }
  std::rotate(members.begin(), members.begin() + 3, members.end());
  members[0].replace(1, 1, "\\u0063");  // commandId
  members.insert(members.begin(), R"("other":{"id":[1]})");
  EXPECT_EQ(Decoded(joined(",")), event);
}

TEST(DecodeEvent, TakesPayloadsAsDeepAsJsonObjectDoes) {
  const auto with_depth = [](int depth) {
    const auto arrays = static_cast<std::size_t>(depth - 1);
    return With("{\"n\":1}", "{\"n\":" + std::string(arrays, '[') + std::string(arrays, ']') + "}");
  };
  const std::string deepest = with_depth(JsonObject::kMaxDepth);
  EXPECT_EQ(Decoded(deepest), Decoded(*EncodeEvent(Decoded(deepest))));
  EXPECT_THAT(Refused(with_depth(JsonObject::kMaxDepth + 1)),
              StartsWith("data: byte 1067: nested too deep"));
  EXPECT_THAT(Refused(R"({"other":)" + std::string(1'000'000, '[')), StartsWith("record: "));
}

TEST(DecodeEvent, NoPrefixOfARecordIsARecord) {
  for (std::size_t size = 0; size < kRecord.size(); ++size) Refused(kRecord.substr(0, size));
}

// Whatever the damage: an error, or an event that is valid and can be written again.
TEST(DecodeEvent, EveryDamagedByteIsRefusedOrHarmless) {
  for (std::size_t at = 0; at < kRecord.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string record(kRecord);
      record[at] = static_cast<char>(byte);
      const auto event = DecodeEvent(record);
      if (!event) {
        ASSERT_EQ(event.error().code(), ErrorCode::kCorrupt);
        continue;
      }
      ASSERT_TRUE(Validate(*event)) << record;
      ASSERT_EQ(Decoded(*EncodeEvent(*event)), *event) << record;
    }
  }
}

TEST(EncodeEvent, WritesKeysInOrderAndLeavesOutWhatIsEmpty) {
  EXPECT_EQ(*EncodeEvent(Decoded(kRecord)), kRecord);
  Event event = Decoded(kRecord);
  event.command_id = "c";
  event.metadata = {{"b", ""}, {"a", "\n"}};
  EXPECT_EQ(*EncodeEvent(event),
            R"({"id":"e-1","eventType":"T","actorId":"a-1","commandId":"c","version":1,"data":{"n":1},)"
            R"("metadata":{"a":"\n","b":""},"timestamp":"2026-01-13T21:26:16Z"})");
}

TEST(EncodeEvent, RefusesAnInvalidEvent) {
  Event event = Decoded(kRecord);
  event.actor_id = "\xff";
  EXPECT_EQ(EncodeEvent(event).error().message(), "invalid event: actorId: is not UTF-8");
  EXPECT_EQ(EncodeSnapshot({"", 1, {}, {}}).error().message(), "invalid event: actorId: must not be empty");
}

TEST(AppendEvent, LeavesWhatIsThere) {
  std::string out = "before";
  AppendEvent(Decoded(kRecord), &out);
  EXPECT_EQ(out, "before" + std::string(kRecord));
}

RC_GTEST_PROP(EventWire, ReadsBackEqual, ()) {
  const Event event = PickEvent();
  const auto wire = EncodeEvent(event);
  RC_ASSERT(wire.has_value());
  const auto read = DecodeEvent(*wire);
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == event);
  RC_ASSERT(read->data.text() == event.data.text());
}

RC_GTEST_PROP(EventWire, SaysTheSameAsATree, ()) {
  const Event event = PickEvent();
  const auto tree = nlohmann::json::parse(*EncodeEvent(event));
  RC_ASSERT(tree.at("id").get<std::string>() == event.id);
  RC_ASSERT(tree.at("eventType").get<std::string>() == event.event_type);
  RC_ASSERT(tree.at("actorId").get<std::string>() == event.actor_id);
  RC_ASSERT(tree.value("commandId", "") == event.command_id);
  RC_ASSERT(tree.at("version").get<std::int64_t>() == event.version);
  RC_ASSERT(tree.at("data") == event.data.ToJson());
  RC_ASSERT(tree.contains("metadata") == !event.metadata.empty());
  for (const auto& [key, value] : event.metadata)
    RC_ASSERT(tree.at("metadata").at(key).get<std::string>() == value);
  RC_ASSERT(tree.at("timestamp").get<std::string>() == event.timestamp.Format());
  // Spelled by another library, keys in its own order, it is the same event. (The data as a tree: that
  // library does not always find the shortest spelling of a double.)
  Event respelled = *DecodeEvent(tree.dump(2, ' ', true));
  RC_ASSERT(respelled.data.ToJson() == event.data.ToJson());
  respelled.data = event.data;
  RC_ASSERT(respelled == event);
}

RC_GTEST_PROP(SnapshotWire, ReadsBackEqual, ()) {
  const Event event = PickEvent();
  const ActorSnapshot snapshot{event.actor_id, event.version, event.data, event.timestamp};
  RC_ASSERT(*DecodeSnapshot(*EncodeSnapshot(snapshot)) == snapshot);
}

}  // namespace
}  // namespace aether
