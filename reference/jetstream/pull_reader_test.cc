// What the subject of an acknowledgement says; reading streams is tested with SubjectLog.

#include "pull_reader.h"

#include <gtest/gtest.h>

namespace aether::jetstream {
namespace {

void Expect(const std::optional<Delivery>& delivery, std::uint64_t stream, std::uint64_t consumer) {
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->stream_sequence, stream);
  EXPECT_EQ(delivery->consumer_sequence, consumer);
}

TEST(ParseDeliveryTest, TheFormOfOlderServers) {
  Expect(ParseDelivery("$JS.ACK.AETHER-EVENTS-x.c0nsumer.1.18446744073709551615.7.1700000000000000000.5"),
         18446744073709551615u, 7);
}

TEST(ParseDeliveryTest, TheFormWithDomainAndAccount) {
  Expect(ParseDelivery("$JS.ACK._.ACCOUNT.AETHER-EVENTS-x.c0nsumer.1.42.7.1700000000000000000.5"), 42, 7);
  Expect(ParseDelivery("$JS.ACK.hub.ACCOUNT.AETHER-EVENTS-x.c0nsumer.1.42.7.1700000000000000000.5.token"),
         42, 7);
}

TEST(ParseDeliveryTest, AnythingElseIsNone) {
  for (const char* subject :
       {"", "$JS.ACK.", "$JS.ACK.stream.consumer.1.2.3.4", "$JS.ACK.stream.consumer.1.two.3.4.5",
        "$JS.ACK.stream.consumer.1.2.3x.4.5", "$JS.ACK.stream.consumer.1..3.4.5",
        "$JS.ACK.stream.consumer.1.2.3.4.5.6", "_INBOX.stream.consumer.1.2.3.4.5",
        "$JS.ACK.stream.consumer.1.18446744073709551616.3.4.5"}) {
    EXPECT_FALSE(ParseDelivery(subject)) << subject;
  }
}

}  // namespace
}  // namespace aether::jetstream
