// A private cluster that is broken and mended: what each fault does, and that it can be undone.

#include "nats_cluster.h"

#include <gtest/gtest.h>

#include "subject_log.h"
#include "testing/support.h"

namespace aether {
namespace {

using jetstream::Eventually;
using jetstream::IsOk;
using jetstream::MakeEvent;
using std::chrono::seconds;

constexpr seconds kServiceLimit{60};
constexpr seconds kElectionLimit{30};
const std::string kActor = "a";

class NatsClusterTest : public testing::Test {
 protected:
  // One cluster for all tests, which all leave it mended.
  static void SetUpTestSuite() {
    auto cluster = NatsCluster::Start();
    ASSERT_TRUE(IsOk(cluster));
    cluster_ = *std::move(cluster);
  }
  static void TearDownTestSuite() { cluster_.reset(); }

  void SetUp() override {
    ASSERT_NE(cluster_, nullptr);
    options_.urls = cluster_->urls();
    options_.store_namespace = jetstream::FreshNamespace();
    options_.replicas = cluster_->size();
    stream_ = JetStreamNames(options_).events_stream;
    store_ = Open(0);
    ASSERT_NE(store_, nullptr);
    ASSERT_TRUE(Saves(*store_, 1));
  }
  void TearDown() override {
    store_.reset();
    ASSERT_TRUE(IsOk(cluster_->Mend()));
    ASSERT_TRUE(IsOk(cluster_->AwaitService()));
  }

  // A store that is connected to this server as long as that lives.
  std::unique_ptr<JetStreamStore> Open(int server) const {
    JetStreamOptions options = options_;
    options.urls = cluster_->urls(server);
    auto store = JetStreamStore::Open(options);
    EXPECT_TRUE(IsOk(store));
    return store ? *std::move(store) : nullptr;
  }

  // Whether the event is stored in time, by whichever attempt.
  static bool Saves(JetStreamStore& store, int version) {
    return Eventually(
        [&] {
          const auto saved = store.SaveEvent(MakeEvent(kActor, version));
          return saved || saved.error().code() == ErrorCode::kVersionConflict;
        },
        kServiceLimit);
  }

  // What is stored, once it can be read.
  static std::vector<std::int64_t> Versions(JetStreamStore& store) {
    std::vector<std::int64_t> versions;
    EXPECT_TRUE(Eventually(
        [&] {
          const auto read = store.GetEventsWithErrors(kActor, 0);
          if (!read) return false;
          EXPECT_FALSE(read->HasErrors());
          versions = jetstream::VersionsOf(read->events);
          return true;
        },
        kServiceLimit));
    return versions;
  }

  int Leader() const {
    Result<int> leader = 0;
    EXPECT_TRUE(
        Eventually([&] { return (leader = cluster_->LeaderOf(stream_)).has_value(); }, kServiceLimit));
    return leader ? *leader : 0;
  }

  // Does this to the server that leads the stream, until the others have agreed on a new leader: now and
  // then they do not hear each other (docs/findings.md), which is no fault of ours. Answers who led.
  int BreakLeader(Result<void> (NatsCluster::*fault)(int)) {
    for (int attempts = 4;; --attempts) {
      const int leader = Leader();
      EXPECT_TRUE(IsOk((*cluster_.*fault)(leader)));
      const auto is_replaced = [&] {
        const auto now = cluster_->LeaderOf(stream_);
        return now && *now != leader;
      };
      const bool replaced = Eventually(is_replaced, kElectionLimit);
      EXPECT_TRUE(replaced || attempts > 1) << "no new leader";
      if (replaced || attempts == 1) return leader;
      EXPECT_TRUE(IsOk(cluster_->Mend()));
      EXPECT_TRUE(IsOk(cluster_->AwaitService()));
    }
  }

  // A store at each server.
  std::vector<std::unique_ptr<JetStreamStore>> OpenAll() const {
    std::vector<std::unique_ptr<JetStreamStore>> stores;
    for (int server = 0; server < cluster_->size(); ++server) stores.push_back(Open(server));
    return stores;
  }

  static std::unique_ptr<NatsCluster> cluster_;
  JetStreamOptions options_;
  std::string stream_;
  std::unique_ptr<JetStreamStore> store_;
};

std::unique_ptr<NatsCluster> NatsClusterTest::cluster_;

// A cluster remembers the id of a message that it refused, and takes the next one of that id for a
// duplicate. An expectation ahead of the stream is refused only where all replicas look at it.
TEST_F(NatsClusterTest, ARefusedAppendIsNoDuplicateOfTheNextOne) {
  const auto connection = jetstream::Connection::Open(options_);
  ASSERT_TRUE(IsOk(connection));
  const jetstream::SubjectLog log(*connection, stream_);
  const auto draft = jetstream::MakeDraft(JetStreamNames(options_).EventSubject("b"), "{}", 1);
  const auto append = [&](std::uint64_t last_of_subject, seconds limit) {
    return log.Append(draft, jetstream::Expectation::OfSubject(last_of_subject),
                      jetstream::SubjectLog::Clock::now() + limit);
  };
  ASSERT_TRUE(jetstream::FailsWith(ErrorCode::kOutcomeUnknown, append(1'000, seconds(1))));
  const auto stored = append(0, kServiceLimit);
  ASSERT_TRUE(IsOk(stored));
  EXPECT_TRUE(*stored);
}

TEST_F(NatsClusterTest, AKilledLeaderIsReplacedAndNothingIsLost) {
  BreakLeader(&NatsCluster::Kill);
  EXPECT_TRUE(Saves(*store_, 2));
  EXPECT_EQ(Versions(*store_), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(NatsClusterTest, APausedLeaderIsReplacedAndComesBackAsAFollower) {
  const auto stores = OpenAll();
  const auto leader = static_cast<std::size_t>(BreakLeader(&NatsCluster::Pause));
  EXPECT_TRUE(Saves(*stores[(leader + 1) % stores.size()], 2));
  ASSERT_TRUE(IsOk(cluster_->Mend()));
  EXPECT_TRUE(Saves(*stores[leader], 3));
  EXPECT_EQ(Versions(*store_), (std::vector<std::int64_t>{1, 2, 3}));
}

// Its own client gets no answer and leaves it; the others do without it.
TEST_F(NatsClusterTest, ALeaderThatIsCutOffIsReplacedAndItsClientsGoElsewhere) {
  const auto stores = OpenAll();
  const auto leader = static_cast<std::size_t>(BreakLeader(&NatsCluster::CutOff));
  JetStreamStore& outside = *stores[(leader + 1) % stores.size()];
  EXPECT_TRUE(Saves(outside, 2));
  EXPECT_TRUE(Saves(*stores[leader], 3));
  EXPECT_EQ(Versions(outside), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(NatsClusterTest, WithoutAMajorityNothingIsStored) {
  ASSERT_TRUE(IsOk(cluster_->CutOff(0)));
  ASSERT_TRUE(IsOk(cluster_->CutOff(1)));
  options_.time_limit = seconds(2);
  const auto alone = JetStreamStore::Open(options_);
  EXPECT_FALSE(alone);
  const auto saved = store_->SaveEvent(MakeEvent(kActor, 2));
  EXPECT_FALSE(saved);
  ASSERT_TRUE(IsOk(cluster_->Mend()));
  EXPECT_TRUE(Saves(*store_, 2));
  EXPECT_EQ(Versions(*store_), (std::vector<std::int64_t>{1, 2}));
}

TEST_F(NatsClusterTest, AllServersKilledAndStartedAgainHaveWhatWasAcknowledged) {
  for (int server = 0; server < cluster_->size(); ++server) ASSERT_TRUE(IsOk(cluster_->Kill(server)));
  EXPECT_FALSE(store_->SaveEvent(MakeEvent(kActor, 2)));
  ASSERT_TRUE(IsOk(cluster_->Mend()));
  EXPECT_TRUE(Saves(*store_, 2));
  EXPECT_EQ(Versions(*store_), (std::vector<std::int64_t>{1, 2}));
}

}  // namespace
}  // namespace aether
