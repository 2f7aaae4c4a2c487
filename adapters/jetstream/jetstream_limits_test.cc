// The yardsticks measure, and what they publish is accepted by the server.

#include "jetstream_limits.h"

#include <gtest/gtest.h>

#include "nats_server.h"

namespace aether {
namespace {

using std::chrono::milliseconds;

class JetStreamLimitsTest : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    const auto server = NatsServer::Shared();
    ASSERT_TRUE(server) << server.error().message();
    limits_ = std::make_unique<JetStreamLimits>((*server)->url(), GetParam());
  }

  std::unique_ptr<JetStreamLimits> limits_;
};

TEST_P(JetStreamLimitsTest, EveryPublishHasALatency) {
  const auto bare = limits_->Publish("data", milliseconds(20));
  ASSERT_TRUE(bare) << bare.error().message();
  EXPECT_GT(bare->operations, 0u);
  EXPECT_EQ(bare->latencies_ns.size(), bare->operations);
  EXPECT_GE(bare->duration, milliseconds(20));

  const auto window = limits_->PublishWindow("data", 8, milliseconds(20));
  ASSERT_TRUE(window) << window.error().message();
  EXPECT_GT(window->operations, 8u);
  EXPECT_EQ(window->latencies_ns.size(), window->operations);
}

TEST_P(JetStreamLimitsTest, WholeReadsAreCountedByMessages) {
  for (const auto kind : {JetStreamLimits::Consumer::kOrdered, JetStreamLimits::Consumer::kPull}) {
    const auto read = limits_->Consume("data", 2'500, kind, milliseconds(1));
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(read->operations, 2'500 * read->latencies_ns.size());
    EXPECT_GT(read->operations, 0u);
  }
}

TEST(JetStreamLimits, AServerThatIsAwayIsTold) {
  const JetStreamLimits limits("nats://127.0.0.1:1", false);
  const auto measured = limits.Publish("data", milliseconds(1));
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code(), ErrorCode::kUnavailable);
}

INSTANTIATE_TEST_SUITE_P(Streams, JetStreamLimitsTest, testing::Bool(),
                         [](const auto& streams) { return streams.param ? "Mirrored" : "Plain"; });

}  // namespace
}  // namespace aether
