// Every option of the connection, against a server that demands it.

#include <gmock/gmock.h>

#include <fstream>

#include "testing/identities.h"
#include "testing/support.h"

namespace aether::jetstream {
namespace {

using testing::HasSubstr;

class JetStreamConnectionTest : public testing::Test {
 protected:
  void StartServer(const std::string& config) {
    auto server = NatsServer::Start({.config = config});
    ASSERT_TRUE(IsOk(server));
    server_ = *std::move(server);
    options_ = OptionsFor(*server_);
  }

  std::string WriteFile(const std::string& name, const std::string& text) {
    const std::string path = (server_->directory() / name).string();
    std::ofstream(path) << text;
    return path;
  }

  // Whether a store can be opened and used.
  testing::AssertionResult Works() {
    const auto store = JetStreamStore::Open(options_);
    if (!store) return IsOk(store);
    return IsOk((*store)->SaveEvent(MakeEvent("a", ++version_)));
  }

  testing::AssertionResult IsRefused() {
    return FailsWith(ErrorCode::kUnavailable, JetStreamStore::Open(options_));
  }

  std::unique_ptr<NatsServer> server_;
  JetStreamOptions options_;
  std::int64_t version_ = 0;
};

TEST_F(JetStreamConnectionTest, AServerThatIsNotThereIsNamed) {
  JetStreamOptions options;
  options.urls = {"nats://127.0.0.1:1"};
  const auto missing = JetStreamStore::Open(options);
  ASSERT_TRUE(FailsWith(ErrorCode::kUnavailable, missing));
  EXPECT_THAT(missing.error().message(), HasSubstr("cannot connect to nats://127.0.0.1:1"));
}

TEST_F(JetStreamConnectionTest, AMissingProgramIsToldWithThePackageToInstall) {
  const auto missing = NatsServer::Start({.binary = "/nowhere/nats-server"});
  ASSERT_TRUE(FailsWith(ErrorCode::kNotFound, missing));
  EXPECT_THAT(missing.error().message(), HasSubstr("install the package nats-server"));
}

TEST_F(JetStreamConnectionTest, AServerThatCannotStartShowsItsLog) {
  const auto broken = NatsServer::Start({.config = "max_payload: nonsense"});
  ASSERT_TRUE(FailsWith(ErrorCode::kUnavailable, broken));
  EXPECT_THAT(broken.error().message(), HasSubstr("server.conf"));
}

TEST_F(JetStreamConnectionTest, AServerWithoutJetStreamIsToldApart) {
  StartServer("jetstream: disabled");
  const auto refused = JetStreamStore::Open(options_);
  ASSERT_TRUE(FailsWith(ErrorCode::kUnavailable, refused));
  EXPECT_THAT(refused.error().message(), HasSubstr("stream "));
}

TEST_F(JetStreamConnectionTest, OfSeveralUrlsTheFirstThatAnswersIsUsed) {
  StartServer("");
  options_.urls = {"nats://127.0.0.1:1", server_->url()};
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamConnectionTest, UserAndPassword) {
  StartServer(R"(authorization { user: "writer", password: "s3cret" })");
  EXPECT_TRUE(IsRefused());
  options_.user = "writer";
  options_.password = "wrong";
  EXPECT_TRUE(IsRefused());
  options_.password = "s3cret";
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamConnectionTest, Token) {
  StartServer(R"(authorization { token: "t0ken" })");
  EXPECT_TRUE(IsRefused());
  options_.token = "wrong";
  EXPECT_TRUE(IsRefused());
  options_.token = "t0ken";
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamConnectionTest, CredentialsFile) {
  const OperatorSetup setup = MakeOperatorSetup();
  StartServer(setup.server_config);
  EXPECT_TRUE(IsRefused());
  options_.credentials_file = WriteFile("strange.creds", setup.strange_credentials);
  EXPECT_TRUE(IsRefused());
  options_.credentials_file = WriteFile("user.creds", setup.credentials);
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamConnectionTest, ACredentialsFileThatIsNotThereIsAnError) {
  StartServer("");
  options_.credentials_file = "/nowhere/user.creds";
  EXPECT_FALSE(JetStreamStore::Open(options_));
}

// A user without the rights to change or delete streams can still use them once they are there.
TEST_F(JetStreamConnectionTest, AUserWithoutAdministrationCanUseStreamsThatAreThere) {
  StartServer(R"(authorization { users: [
    { user: "admin", password: "a" },
    { user: "app", password: "b", permissions: { publish: { deny: [
        "$JS.API.STREAM.CREATE.>", "$JS.API.STREAM.UPDATE.>", "$JS.API.STREAM.DELETE.>", "$JS.API.STREAM.PURGE.>",
        "$JS.API.STREAM.MSG.DELETE.>", "$JS.API.STREAM.RESTORE.>" ] } } } ] })");
  options_.user = "admin";
  options_.password = "a";
  ASSERT_TRUE(Works());
  options_.user = "app";
  options_.password = "b";
  EXPECT_TRUE(Works());
}

class JetStreamTlsTest : public JetStreamConnectionTest {
 protected:
  static void SetUpTestSuite() {
    std::string directory = testing::TempDir() + "aether-tls-XXXXXX";
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    certificates_ = directory;
    ASSERT_TRUE(MakeCertificates(certificates_));
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(certificates_); }

  static std::string File(const std::string& name) { return (certificates_ / name).string(); }

  void StartTlsServer(const std::string& name, const std::string& more = "") {
    StartServer("tls { cert_file: \"" + File(name + ".pem") + "\", key_file: \"" + File(name + "-key.pem") +
                "\", " + more + " }");
    options_.urls = {"tls://localhost:" + std::to_string(server_->port())};
  }

  static std::filesystem::path certificates_;
};

std::filesystem::path JetStreamTlsTest::certificates_;

TEST_F(JetStreamTlsTest, TheServersAuthorityHasToBeKnown) {
  StartTlsServer("server");
  EXPECT_TRUE(IsRefused());
  options_.tls.ca_file = File("other-ca.pem");
  EXPECT_TRUE(IsRefused());
  options_.tls.ca_file = File("ca.pem");
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamTlsTest, ANamedAuthorityTurnsEncryptionOn) {
  StartTlsServer("server");
  options_.urls = {"nats://localhost:" + std::to_string(server_->port())};
  options_.tls.ca_file = File("ca.pem");
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamTlsTest, AServerOfAnotherNameIsRefused) {
  StartTlsServer("elsewhere");
  options_.tls.ca_file = File("ca.pem");
  EXPECT_TRUE(IsRefused());
  options_.tls.server_name = "elsewhere.test";
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamTlsTest, AClientCertificateIsShownWhereItIsAskedFor) {
  StartTlsServer("server", "ca_file: \"" + File("ca.pem") + "\", verify: true");
  options_.tls.ca_file = File("ca.pem");
  EXPECT_TRUE(IsRefused());
  options_.tls.certificate_file = File("client.pem");
  options_.tls.key_file = File("client-key.pem");
  EXPECT_TRUE(Works());
}

TEST_F(JetStreamTlsTest, AServerThatSpeaksPlainlyIsRefused) {
  StartServer("");
  options_.tls.ca_file = File("ca.pem");
  EXPECT_TRUE(IsRefused());
}

}  // namespace
}  // namespace aether::jetstream
