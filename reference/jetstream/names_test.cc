// Names on the server are injective and harmless.

#include "names.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "aether/jetstream_store.h"

namespace aether::jetstream {
namespace {

// Reads an unhashed token back: that it can be done shows that no two texts share one.
std::string DecodeToken(const std::string& token) {
  if (token == "=") return "";
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '=') {
      text += token[i];
    } else {
      text += static_cast<char>(std::stoi(token.substr(i + 1, 2), nullptr, 16));
      i += 2;
    }
  }
  return text;
}

RC_GTEST_PROP(NamesTest, EveryShortTokenReadsBack, (const std::string& text)) {
  RC_PRE(text.size() <= kMaxToken / 3);
  RC_ASSERT(DecodeToken(EncodeToken(text)) == text);
}

RC_GTEST_PROP(NamesTest, ATokenIsShortAndPlain, (const std::vector<char>& bytes)) {
  const std::string token = EncodeToken(std::string(bytes.begin(), bytes.end()));
  RC_ASSERT(!token.empty());
  RC_ASSERT(token.size() <= kMaxToken);
  RC_ASSERT(token.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=") ==
            std::string::npos);
}

TEST(NamesTest, TextsThatNearlyCollideHaveDifferentTokens) {
  const std::string x199(199, 'x'), x200(200, 'x'), x201(201, 'x');
  const std::vector<std::string> texts = {"",
                                          "=",
                                          "=3D",
                                          "a",
                                          "A",
                                          "a.b",
                                          "a b",
                                          "a_b",
                                          "a=2Eb",
                                          "a\n",
                                          std::string("a\0", 2),
                                          "=H",
                                          "H",
                                          x199,
                                          x200,
                                          x201,
                                          x200 + "y",
                                          x199 + ".",
                                          EncodeToken(x201)};
  std::set<std::string> tokens;
  for (const std::string& text : texts) tokens.insert(EncodeToken(text));
  EXPECT_EQ(tokens.size(), texts.size());
}

TEST(NamesTest, LongTextsBecomeAHashOfAllOfThem) {
  EXPECT_EQ(EncodeToken("abc"), "abc");
  EXPECT_EQ(EncodeToken(std::string(201, 'x')).substr(0, 2), "=H");
  EXPECT_EQ(EncodeToken(std::string(201, 'x')).size(), 2u + 64u);
  EXPECT_NE(EncodeToken(std::string(1'000, 'x') + "1"), EncodeToken(std::string(1'000, 'x') + "2"));
  EXPECT_EQ(EncodeToken(std::string(67, '.')).substr(0, 2), "=H");  // 201 characters when encoded
}

TEST(NamesTest, StoresOfDifferentPrefixAndNamespaceShareNoName) {
  std::set<std::string> names;
  const std::vector<std::string> prefixes = {"A", "A_EVENTS", "AETHER"};
  const std::vector<std::string> namespaces = {"", "x", "X", "EVENTS-x", "-x", ".", "=", "a.b"};
  for (const std::string& prefix : prefixes) {
    for (const std::string& store_namespace : namespaces) {
      JetStreamOptions options;
      options.prefix = prefix;
      options.store_namespace = store_namespace;
      const JetStreamNames of(options);
      for (const auto& name : {of.events_stream, of.latest_stream, of.snapshots_stream,
                               of.EventSubject("a"), of.SnapshotSubject("a")}) {
        EXPECT_TRUE(names.insert(name).second) << name;
      }
    }
  }
}

TEST(NamesTest, AnActorsSubjectIsMatchedByTheWildcardOfAll) {
  JetStreamOptions options;
  options.store_namespace = "orders";
  const JetStreamNames names(options);
  EXPECT_EQ(names.events_stream, "AETHER-EVENTS-orders");
  EXPECT_EQ(names.events_subject, "AETHER.events.orders.*");
  EXPECT_EQ(names.EventSubject("cart 7"), "AETHER.events.orders.cart=207");
  EXPECT_EQ(names.SnapshotSubject("cart 7"), "AETHER.snapshots.orders.cart=207");
}

}  // namespace
}  // namespace aether::jetstream
