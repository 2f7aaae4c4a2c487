// What is set up on the server: the guards hold, foreign configurations and bad options are refused.

#include "streams.h"

#include <gmock/gmock.h>

#include "server_version.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::HasSubstr;

class StreamsTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = NatsServer::Shared();
    ASSERT_TRUE(IsOk(server));
    options_ = OptionsFor(**server);
    auto connection = Connection::Open(options_);
    ASSERT_TRUE(IsOk(connection));
    connection_ = *connection;
  }

  JetStreamNames names() const { return JetStreamNames(options_); }

  // A stream as somebody else could have made it; `change` says how.
  template <typename Change>
  void MakeEventsStream(Change change) {
    const JetStreamNames of = names();
    const char* subject = of.events_subject.c_str();
    jsStreamConfig config;
    jsStreamConfig_Init(&config);
    config.Name = of.events_stream.c_str();
    config.Subjects = &subject;
    config.SubjectsLen = 1;
    config.MaxAge = std::chrono::nanoseconds(options_.max_age).count();
    config.Discard = js_DiscardNew;
    config.DenyDelete = config.DenyPurge = true;
    change(&config);
    ASSERT_EQ(js_AddStream(nullptr, connection_->js(), &config, nullptr, nullptr), NATS_OK)
        << nats_GetLastError(nullptr);
  }

  JetStreamOptions options_;
  std::shared_ptr<Connection> connection_;
};

TEST_F(StreamsTest, TheServerRefusesToDeleteAndPurgeEvents) {
  const auto store = JetStreamStore::Open(options_);
  ASSERT_TRUE(IsOk(store));
  ASSERT_TRUE(IsOk((*store)->SaveEvent(MakeEvent("a", 1))));
  ASSERT_TRUE(IsOk((*store)->SaveSnapshot({"a", 1, JsonObject(), {}})));
  const JetStreamNames of = names();
  for (const std::string& stream : {of.events_stream, of.latest_stream, of.snapshots_stream}) {
    jsErrCode code = kNoJsError;
    EXPECT_NE(js_DeleteMsg(connection_->js(), stream.c_str(), 1, nullptr, &code), NATS_OK) << stream;
    EXPECT_EQ(code, JSStreamMsgDeleteFailed);
    EXPECT_NE(js_EraseMsg(connection_->js(), stream.c_str(), 1, nullptr, &code), NATS_OK) << stream;
    EXPECT_EQ(code, JSStreamMsgDeleteFailed);
    EXPECT_NE(js_PurgeStream(connection_->js(), stream.c_str(), nullptr, &code), NATS_OK) << stream;
    EXPECT_EQ(code, JSStreamPurgeFailedErr);
  }
  EXPECT_EQ((*store)->GetEvents("a", 0)->size(), 1u);
}

TEST_F(StreamsTest, TheGuardsCannotBeTakenAway) {
  ASSERT_TRUE(IsOk(JetStreamStore::Open(options_)));
  jsStreamInfo* raw = nullptr;
  ASSERT_EQ(js_GetStreamInfo(&raw, connection_->js(), names().events_stream.c_str(), nullptr, nullptr),
            NATS_OK);
  const StreamInfoPtr info(raw);
  info->Config->DenyDelete = false;
  jsErrCode code = kNoJsError;
  EXPECT_NE(js_UpdateStream(nullptr, connection_->js(), info->Config, nullptr, &code), NATS_OK);
  EXPECT_EQ(code, JSStreamInvalidConfig);
}

TEST_F(StreamsTest, AStreamThatIsAlreadyAsWantedIsTaken) {
  MakeEventsStream([](jsStreamConfig*) {});
  EXPECT_TRUE(IsOk(JetStreamStore::Open(options_)));
  EXPECT_TRUE(IsOk(JetStreamStore::Open(options_)));
}

TEST_F(StreamsTest, AByteLimitThatRefusesInsteadOfDeletingIsTaken) {
  MakeEventsStream([](jsStreamConfig* config) { config->MaxBytes = 1'000; });
  const auto store = JetStreamStore::Open(options_);
  ASSERT_TRUE(IsOk(store));
  ASSERT_TRUE(IsOk((*store)->SaveEvent(MakeEvent("a", 1))));
  Event event = MakeEvent("a", 2);
  event.data = JsonObject::Trusted("{\"text\":\"" + std::string(1'000, 'x') + "\"}");
  EXPECT_TRUE(FailsWith(ErrorCode::kStorageFull, (*store)->SaveEvent(event)));
  EXPECT_EQ(*(*store)->GetLatestVersion("a"), 1);
}

TEST_F(StreamsTest, AForeignConfigurationIsRefusedByName) {
  MakeEventsStream([](jsStreamConfig* config) { config->DenyDelete = false; });
  const auto refused = JetStreamStore::Open(options_);
  ASSERT_TRUE(FailsWith(ErrorCode::kStorageFailed, refused));
  EXPECT_THAT(refused.error().message(), HasSubstr(names().events_stream));
  EXPECT_THAT(refused.error().message(), HasSubstr("does not deny delete"));
}

TEST_F(StreamsTest, MemoryStorageIsRefused) {
  MakeEventsStream([](jsStreamConfig* config) { config->Storage = js_MemoryStorage; });
  EXPECT_THAT(MessageOf(JetStreamStore::Open(options_)), HasSubstr("not kept in files"));
}

TEST_F(StreamsTest, AnotherRetentionIsRefused) {
  ASSERT_TRUE(IsOk(JetStreamStore::Open(options_)));
  options_.max_age = std::chrono::hours(1);
  const auto refused = JetStreamStore::Open(options_);
  ASSERT_TRUE(FailsWith(ErrorCode::kStorageFailed, refused));
  EXPECT_THAT(refused.error().message(), HasSubstr("max_age"));
}

TEST_F(StreamsTest, SubjectsThatOverlapAreRefused) {
  const std::string somebodys = "SOMEBODYS-" + options_.store_namespace;
  MakeEventsStream([&](jsStreamConfig* config) { config->Name = somebodys.c_str(); });
  EXPECT_TRUE(FailsWith(ErrorCode::kStorageFailed, JetStreamStore::Open(options_)));
}

TEST_F(StreamsTest, ReplicasAreRefusedWhereTheServerMayLoseThem) {
  options_.replicas = 3;
  const auto version = AskServerVersion(connection_->nats(), options_.time_limit);
  ASSERT_TRUE(IsOk(version));
  const auto refused = JetStreamStore::Open(options_);
  ASSERT_TRUE(FailsWith(ErrorCode::kStorageFailed, refused));
  if (*version < ServerVersion{2, 9, 21}) {
    EXPECT_THAT(refused.error().message(), HasSubstr("need nats-server 2.9.21 or newer"));
    EXPECT_THAT(refused.error().message(), HasSubstr(ToString(*version)));
  }
}

TEST_F(StreamsTest, TheOverrideLeavesReplicasToTheServer) {
  options_.replicas = 3;
  options_.allow_unsafe_replicas = true;
  EXPECT_THAT(MessageOf(JetStreamStore::Open(options_)), HasSubstr("10074"));  // no cluster here
}

TEST(ServerVersionTest, VersionsAreReadAndOrdered) {
  EXPECT_EQ(*ParseServerVersion("2.9.10"), (ServerVersion{2, 9, 10}));
  EXPECT_EQ(*ParseServerVersion("2.11.0-RC.1"), (ServerVersion{2, 11, 0}));
  EXPECT_LT(*ParseServerVersion("2.9.9"), *ParseServerVersion("2.9.21"));
  for (const char* text : {"", "2", "2.9", "x.y.z", "2..1"}) EXPECT_FALSE(ParseServerVersion(text)) << text;
}

TEST(OptionsTest, OptionsThatContradictThemselvesAreRefused) {
  const auto refused = [](auto change) {
    JetStreamOptions options;
    change(&options);
    return FailsWith(ErrorCode::kStorageFailed, CheckOptions(options));
  };
  EXPECT_TRUE(IsOk(CheckOptions(JetStreamOptions())));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->urls.clear(); }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->prefix = "a.b"; }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->prefix = ""; }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->replicas = 0; }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->max_age = std::chrono::milliseconds(1); }));
  EXPECT_TRUE(
      refused([](JetStreamOptions* options) { options->time_limit = std::chrono::milliseconds(0); }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->user = options->token = "x"; }));
  EXPECT_TRUE(refused([](JetStreamOptions* options) { options->tls.certificate_file = "x"; }));
}

}  // namespace
}  // namespace aether::jetstream
