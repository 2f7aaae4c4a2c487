// What the conformance program does not look at: the guards in the database, the first open, and lost
// connections.

#include "postgresql_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "postgres_server.h"

namespace {

using aether::ErrorCode;

aether::Event MakeEvent(std::int64_t version) {
  aether::Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "Happened";
  event.actor_id = "a-1";
  event.version = version;
  return event;
}

class PostgresqlStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto server = PostgresServer::Shared();
    ASSERT_TRUE(server) << server.error().message();
    admin_ = std::make_unique<Connection>((*server)->conninfo());
    const std::string schema = testing::UnitTest::GetInstance()->current_test_info()->name();
    ASSERT_EQ(Run("CREATE SCHEMA " + schema), "");
    ASSERT_EQ(Run("SET search_path = " + schema), "");
    conninfo_ =
        (*server)->conninfo() + " application_name=" + schema + " options='-c search_path=" + schema + "'";
  }

  // What PostgreSQL says to `sql`, run by somebody who does not use the store; empty when it did as it was
  // told.
  std::string Run(const std::string& sql) {
    const auto done = admin_->Write(sql.c_str());
    return done ? "" : done.error().message();
  }

  // Ends the connections of the stores under test.
  void CutConnections() {
    const auto cut = admin_->Read(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
        "WHERE lower(application_name) = current_schema()");
    ASSERT_TRUE(cut) << cut.error().message();
    ASSERT_GT(cut->size(), 0);
  }

  std::unique_ptr<Connection> admin_;
  std::string conninfo_;
};

TEST_F(PostgresqlStoreTest, DatabaseRefusesToChangeOrRemoveEvents) {
  const auto store = PostgresqlStore::Open(conninfo_);
  ASSERT_TRUE(store) << store.error().message();
  ASSERT_TRUE((*store)->SaveEvent(MakeEvent(1)));
  ASSERT_TRUE((*store)->SaveEvent(MakeEvent(3)));
  const auto never = testing::HasSubstr("events are never changed or removed");
  EXPECT_THAT(Run("UPDATE events SET event = '{}'"), never);
  EXPECT_THAT(Run("DELETE FROM events"), never);
  EXPECT_THAT(Run("TRUNCATE events"), never);
  EXPECT_THAT(Run("INSERT INTO events (namespace, actor_id, version, event) "
                  "SELECT namespace, actor_id, 2, event FROM events LIMIT 1"),
              testing::HasSubstr("the version is not above the latest"));
  ASSERT_EQ(Run("SET default_transaction_isolation = serializable"), "");
  EXPECT_THAT(Run("INSERT INTO events (namespace, actor_id, version, event) "
                  "SELECT namespace, actor_id, 4, event FROM events LIMIT 1"),
              testing::HasSubstr("read committed"));
  const auto events = (*store)->GetEvents("a-1", 0);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(*events->front(), MakeEvent(1));
  EXPECT_EQ(*events->back(), MakeEvent(3));
}

TEST_F(PostgresqlStoreTest, ManyMayBeTheFirstToOpen) {
  std::atomic<bool> go = false;
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 6; ++i) {
    answers.push_back(std::async(std::launch::async, [&]() -> std::string {
      while (!go) {
      }
      const auto store = PostgresqlStore::Open(conninfo_);
      return store ? "open" : store.error().message();
    }));
  }
  go = true;
  for (auto& answer : answers) EXPECT_EQ(answer.get(), "open");
}

TEST_F(PostgresqlStoreTest, OutcomeOfASaveIsUnknownWhenTheConnectionIsLost) {
  const auto store = PostgresqlStore::Open(conninfo_);
  ASSERT_TRUE(store) << store.error().message();
  ASSERT_TRUE((*store)->SaveEvent(MakeEvent(1)));
  CutConnections();
  const auto saved = (*store)->SaveEvent(MakeEvent(2));
  ASSERT_FALSE(saved);
  EXPECT_EQ(saved.error().code(), ErrorCode::kOutcomeUnknown) << saved.error().message();
  EXPECT_EQ((*store)->GetLatestVersion("a-1").value(), 1);
  EXPECT_TRUE((*store)->SaveEvent(MakeEvent(2)));
  CutConnections();
  const auto latest = (*store)->GetLatestVersion("a-1");
  ASSERT_FALSE(latest);
  EXPECT_EQ(latest.error().code(), ErrorCode::kUnavailable) << latest.error().message();
  EXPECT_EQ((*store)->GetLatestVersion("a-1").value(), 2);
}

TEST_F(PostgresqlStoreTest, NoNoticeIsLostWithAConnection) {
  const auto reader = PostgresqlStore::Open(conninfo_);
  ASSERT_TRUE(reader) << reader.error().message();
  std::promise<void> third;
  std::vector<std::int64_t> versions;
  const auto subscription = (*reader)->Subscribe([&](const aether::EventStored& notice) {
    versions.push_back(notice.version);
    if (notice.version == 3) third.set_value();
  });
  ASSERT_TRUE(subscription);
  CutConnections();
  const auto writer = PostgresqlStore::Open(conninfo_);
  for (int version = 1; version <= 3; ++version) ASSERT_TRUE((*writer)->SaveEvent(MakeEvent(version)));
  ASSERT_EQ(third.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(versions, (std::vector<std::int64_t>{1, 2, 3}));
}

}  // namespace
