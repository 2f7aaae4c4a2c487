// Metadata: the map and its helpers for the standard keys.

#include "aether/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <thread>

#include "generators.h"

namespace aether {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Metadata::Pairs PairsOf(const Metadata& metadata) { return {metadata.begin(), metadata.end()}; }

TEST(Metadata, StandardKeysHaveASetterAndAGetter) {
  Metadata metadata;
  metadata.SetCorrelationId("c");
  metadata.SetCausationId("d");
  metadata.SetUserId("u");
  metadata.SetTraceId("t");
  metadata.SetSpanId("s");
  EXPECT_THAT(PairsOf(metadata),
              ElementsAre(Pair("causationId", "d"), Pair("correlationId", "c"), Pair("spanId", "s"),
                          Pair("traceId", "t"), Pair("userId", "u")));
  EXPECT_EQ(metadata.correlation_id(), "c");
  EXPECT_EQ(metadata.causation_id(), "d");
  EXPECT_EQ(metadata.user_id(), "u");
  EXPECT_EQ(metadata.trace_id(), "t");
  EXPECT_EQ(metadata.span_id(), "s");
}

TEST(Metadata, ChangingACopyLeavesTheOthersAlone) {
  const Metadata first = {{"a", "1"}, {"b", "2"}};
  Metadata second = first;
  Metadata third = second;
  second.Set("a", "x");
  third.CopyFrom({{"c", "3"}});
  EXPECT_THAT(PairsOf(first), ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(PairsOf(second), ElementsAre(Pair("a", "x"), Pair("b", "2")));
  EXPECT_THAT(PairsOf(third), ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("c", "3")));
  second = first;
  EXPECT_EQ(second, first);
  const Metadata taken = std::move(second);
  EXPECT_EQ(taken, first);
  EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move): that it is empty is the point
  second.Set("z", "1");
  EXPECT_THAT(PairsOf(second), ElementsAre(Pair("z", "1")));
}

TEST(Metadata, AValueMayBeSetFromTheSameMap) {
  const std::string text(40, 'v');
  Metadata metadata = {{"b", text}};
  const Metadata copy = metadata;
  metadata.Set("a", metadata.Get("b"));
  metadata.Set("b", metadata.Get("b"));
  EXPECT_THAT(PairsOf(metadata), ElementsAre(Pair("a", text), Pair("b", text)));
}

TEST(Metadata, CopiesAreChangedInManyThreads) {
  const Metadata first = {{"a", "1"}};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([mine = first, t]() mutable {
      for (int i = 0; i < 1000; ++i) {
        const Metadata before = mine;
        mine.Set("a", std::to_string(t * 1000 + i));
        EXPECT_NE(before, mine);
        EXPECT_EQ(mine.Get("a"), std::to_string(t * 1000 + i));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(first.Get("a"), "1");
}

TEST(Metadata, AnAbsentKeyReadsAsTheEmptyText) {
  const Metadata metadata = {{"present", ""}};
  EXPECT_EQ(metadata.trace_id(), "");
  EXPECT_EQ(metadata.Get("present"), "");
  EXPECT_FALSE(metadata.Contains("absent"));
  EXPECT_TRUE(metadata.Contains("present"));
}

TEST(Metadata, SettingAKeyAgainReplacesItsValue) {
  Metadata metadata = {{"a", "1"}, {"a", "2"}};
  EXPECT_THAT(PairsOf(metadata), ElementsAre(Pair("a", "2")));
  metadata.Set("a", "");
  EXPECT_THAT(PairsOf(metadata), ElementsAre(Pair("a", "")));
}

TEST(Metadata, KeysThatDifferInCaseOrSpellingAreDifferentKeys) {
  const Metadata metadata = {{"userid", "lower"}, {"userId", "camel"}, {"", "empty"}, {"userId ", "space"}};
  EXPECT_EQ(metadata.size(), 4u);
  EXPECT_EQ(metadata.user_id(), "camel");
}

TEST(Metadata, CopyingAddsOverwritesAndKeeps) {
  Metadata metadata = {{"kept", "1"}, {"overwritten", "old"}};
  metadata.CopyFrom({{"overwritten", "new"}, {"added", "2"}});
  EXPECT_THAT(PairsOf(metadata),
              ElementsAre(Pair("added", "2"), Pair("kept", "1"), Pair("overwritten", "new")));
}

TEST(Metadata, CopyingFromAnEmptyMapOrItselfChangesNothing) {
  Metadata metadata = {{"a", "1"}};
  metadata.CopyFrom(Metadata());
  metadata.CopyFrom(metadata);
  EXPECT_THAT(PairsOf(metadata), ElementsAre(Pair("a", "1")));
}

TEST(Metadata, OrderOfSettingDoesNotMatter) {
  EXPECT_EQ((Metadata{{"a", "1"}, {"b", "2"}}), (Metadata{{"b", "2"}, {"a", "1"}}));
}

RC_GTEST_PROP(Metadata, BehavesAsASortedMap, ()) {
  Metadata metadata;
  std::map<std::string, std::string> model;
  const int steps = *rc::gen::inRange(0, 20);
  for (int i = 0; i < steps; ++i) {
    const std::string key = *testing::Text();
    const std::string value = *testing::Text();
    metadata.Set(key, value);
    model[key] = value;
  }
  RC_ASSERT(
      std::equal(metadata.begin(), metadata.end(), model.begin(), model.end(),
                 [](const auto& a, const auto& b) { return a.first == b.first && a.second == b.second; }));
  for (const auto& [key, value] : model) RC_ASSERT(metadata.Get(key) == value);
}

}  // namespace
}  // namespace aether
