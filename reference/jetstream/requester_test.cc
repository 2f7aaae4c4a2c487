// Requests over one connection: each gets its own answer, or is told why there is none.

#include "requester.h"

#include <gtest/gtest.h>

#include <thread>

#include "nats_client.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using std::chrono::milliseconds;

// Answers requests to its subject, when told to.
class Responder {
 public:
  Responder(const std::string& url, const std::string& subject) {
    natsConnection* connection = nullptr;
    EXPECT_EQ(natsConnection_ConnectTo(&connection, url.c_str()), NATS_OK);
    connection_.reset(connection);
    natsSubscription* subscription = nullptr;
    EXPECT_EQ(natsConnection_SubscribeSync(&subscription, connection, subject.c_str()), NATS_OK);
    subscription_.reset(subscription);
    EXPECT_EQ(natsConnection_Flush(connection), NATS_OK);
  }

  MsgPtr NextRequest() {
    natsMsg* request = nullptr;
    const milliseconds limit = kLimit;
    EXPECT_EQ(natsSubscription_NextMsg(&request, subscription_.get(), limit.count()), NATS_OK);
    return MsgPtr(request);
  }

  void Answer(const MsgPtr& request, const std::string& text) {
    EXPECT_EQ(
        natsConnection_PublishString(connection_.get(), natsMsg_GetReply(request.get()), text.c_str()),
        NATS_OK);
    EXPECT_EQ(natsConnection_Flush(connection_.get()), NATS_OK);
  }

 private:
  ConnectionPtr connection_;
  SubscriptionPtr subscription_;
};

class RequesterTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_TRUE(IsOk(server));
    server_ = *std::move(server);
    auto connection = Connection::Open(OptionsFor(*server_));
    ASSERT_TRUE(IsOk(connection));
    connection_ = *std::move(connection);
  }

  Answer Ask(const std::string& subject, std::string_view data = "", milliseconds limit = kLimit) {
    return connection_->requester().Ask({subject, data, {}}, limit);
  }

  std::unique_ptr<NatsServer> server_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(RequesterTest, ARequestArrivesWithItsHeadersAndIsAnswered) {
  Responder responder(server_->url(), "s");
  std::thread other([&] {
    const MsgPtr request = responder.NextRequest();
    const char* header = nullptr;
    EXPECT_EQ(natsMsgHeader_Get(request.get(), "Name", &header), NATS_OK);
    EXPECT_STREQ(header, "value");
    EXPECT_STREQ(natsMsg_GetData(request.get()), "data");
    responder.Answer(request, "answer");
  });
  const Answer answer = connection_->requester().Ask({"s", "data", {{"Name", "value"}}}, kLimit);
  other.join();
  EXPECT_EQ(answer.status, NATS_OK);
  EXPECT_EQ(answer.data, "answer");
}

TEST_F(RequesterTest, ThatNobodyListensIsToldAtOnceEachTime) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Ask("nobody").status, NATS_NO_RESPONDERS);
}

TEST_F(RequesterTest, ALateAnswerIsNotTakenForThatToTheNextRequest) {
  Responder responder(server_->url(), "s");
  const Answer late = Ask("s", "first", milliseconds(50));
  EXPECT_EQ(late.status, NATS_TIMEOUT);
  EXPECT_TRUE(late.sent);
  std::thread other([&] {
    const MsgPtr first = responder.NextRequest();
    const MsgPtr second = responder.NextRequest();
    responder.Answer(first, "late");
    responder.Answer(second, "second");
  });
  EXPECT_EQ(Ask("s", "second").data, "second");
  other.join();
}

TEST_F(RequesterTest, ASecondAnswerIsNotTakenForThatToTheNextRequest) {
  Responder responder(server_->url(), "s");
  std::thread other([&] {
    const MsgPtr first = responder.NextRequest();
    responder.Answer(first, "first");
    const MsgPtr second = responder.NextRequest();
    responder.Answer(first, "first again");
    responder.Answer(second, "second");
  });
  EXPECT_EQ(Ask("s").data, "first");
  EXPECT_EQ(Ask("s").data, "second");
  other.join();
}

TEST_F(RequesterTest, EachOfManyThreadsGetsItsOwnAnswers) {
  constexpr int kThreads = 16;
  constexpr int kRequests = 50;
  Responder responder(server_->url(), "s");
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < kRequests; ++j) {
        const std::string text = std::to_string(i) + "." + std::to_string(j);
        EXPECT_EQ(Ask("s", text).data, text);
      }
    });
  }
  for (int i = 0; i < kThreads * kRequests; ++i) {
    const MsgPtr request = responder.NextRequest();
    responder.Answer(request, natsMsg_GetData(request.get()));
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_F(RequesterTest, ARequestThatIsTooLargeIsNotSent) {
  const std::string large(2 << 20, 'x');
  const Answer answer = Ask("s", large);
  EXPECT_EQ(answer.status, NATS_MAX_PAYLOAD);
  EXPECT_FALSE(answer.sent);
}

TEST_F(RequesterTest, NothingIsSentOverAClosedConnection) {
  connection_->Close();
  const Answer answer = Ask("s");
  EXPECT_EQ(answer.status, NATS_CONNECTION_CLOSED);
  EXPECT_FALSE(answer.sent);
}

TEST_F(RequesterTest, ALostConnectionEndsTheWaitAndNothingIsSentMeanwhile) {
  Responder responder(server_->url(), "s");
  std::thread other([&] {
    (void)responder.NextRequest();
    EXPECT_TRUE(IsOk(server_->Kill()));
  });
  const Answer lost = Ask("s", "", std::chrono::hours(1));
  other.join();
  EXPECT_EQ(lost.status, NATS_CONNECTION_DISCONNECTED);
  EXPECT_TRUE(lost.sent);
  const Answer unsent = Ask("s");
  EXPECT_EQ(unsent.status, NATS_INSUFFICIENT_BUFFER);
  EXPECT_FALSE(unsent.sent);
}

// One that was lost and made again is no longer the one that the request was sent over.
TEST_F(RequesterTest, AConnectionThatWasMadeAgainMeanwhileIsALostOne) {
  Responder responder(server_->url(), "s");
  std::thread other([&] {
    (void)responder.NextRequest();
    EXPECT_TRUE(IsOk(server_->Kill()));
    EXPECT_TRUE(IsOk(server_->Restart()));
  });
  EXPECT_EQ(Ask("s", "", std::chrono::hours(1)).status, NATS_CONNECTION_DISCONNECTED);
  other.join();
  EXPECT_TRUE(Eventually([&] { return Ask("nobody").status == NATS_NO_RESPONDERS; }));
}

TEST_F(RequesterTest, LinesThatWereNotAnsweredGoWhenALaterOneIs) {
  Responder responder(server_->url(), "s");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Ask("s", "", milliseconds(1)).status, NATS_TIMEOUT);
  EXPECT_EQ(connection_->requester().CountEnded(), 5u);
  EXPECT_EQ(Ask("nobody").status, NATS_NO_RESPONDERS);
  EXPECT_EQ(connection_->requester().CountEnded(), 0u);
}

TEST_F(RequesterTest, RequestsThatAreNotSentLeaveNothingBehind) {
  ASSERT_TRUE(IsOk(server_->Kill()));
  ASSERT_TRUE(Eventually([&] { return Ask("s", "", milliseconds(1)).status == NATS_INSUFFICIENT_BUFFER; }));
  const std::size_t ended = connection_->requester().CountEnded();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(Ask("s").sent);
  EXPECT_EQ(connection_->requester().CountEnded(), ended);
}

}  // namespace
}  // namespace aether::jetstream
