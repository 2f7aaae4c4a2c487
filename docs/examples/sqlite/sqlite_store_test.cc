// What the conformance program does not look at: the guards in the database, and the first open.

#include "sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <stdlib.h>

#include <atomic>
#include <thread>

namespace {

aether::Event MakeEvent(std::int64_t version) {
  aether::Event event;
  event.id = "e-" + std::to_string(version);
  event.event_type = "Happened";
  event.actor_id = "a-1";
  event.version = version;
  return event;
}

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { ::mkdtemp(directory_.data()); }
  ~SqliteStoreTest() override { std::filesystem::remove_all(directory_); }

  std::filesystem::path File() const { return std::filesystem::path(directory_) / "events.db"; }

  // What SQLite says to `sql`, run by somebody who does not use the store; empty when it did as it was
  // told.
  std::string Run(const std::string& sql) const {
    sqlite3* database = nullptr;
    sqlite3_open(File().c_str(), &database);
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr);
    const std::string said = code == SQLITE_OK ? "" : sqlite3_errmsg(database);
    sqlite3_close(database);
    return said;
  }

  std::string directory_ = (std::filesystem::temp_directory_path() / "sqlite-store-XXXXXX").string();
};

TEST_F(SqliteStoreTest, DatabaseRefusesToChangeOrRemoveEvents) {
  auto store = SqliteStore::Open(File());
  ASSERT_TRUE(store);
  ASSERT_TRUE((*store)->SaveEvent(MakeEvent(1)));
  ASSERT_TRUE((*store)->SaveEvent(MakeEvent(3)));
  EXPECT_EQ(Run("UPDATE events SET event = '{}'"), "events are never changed");
  EXPECT_EQ(Run("DELETE FROM events"), "events are never removed");
  const std::string refused = "the version is not above the latest";
  EXPECT_EQ(Run("INSERT INTO events SELECT 9, namespace, actor_id, 2, event FROM events LIMIT 1"), refused);
  EXPECT_EQ(Run("REPLACE INTO events SELECT 9, namespace, actor_id, 3, '' FROM events LIMIT 1"), refused);
  EXPECT_EQ(Run("REPLACE INTO events SELECT 1, namespace, actor_id, 4, '' FROM events LIMIT 1"), refused);
  const auto events = (*store)->GetEvents("a-1", 0);
  ASSERT_TRUE(events);
  ASSERT_EQ(events->size(), 2U);
  EXPECT_EQ(*events->front(), MakeEvent(1));
  EXPECT_EQ(*events->back(), MakeEvent(3));
}

TEST_F(SqliteStoreTest, ManyMayBeTheFirstToOpen) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<bool> go = false;
    std::atomic<int> opened = 0;
    std::string refused[4];
    std::vector<std::thread> threads;
    for (std::string& why : refused) {
      threads.emplace_back([&] {
        while (!go) {
        }
        const auto store = SqliteStore::Open(File());
        if (store) {
          ++opened;
        } else {
          why = store.error().message();
        }
      });
    }
    go = true;
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(opened, 4) << refused[0] << refused[1] << refused[2] << refused[3];
    std::filesystem::remove(File());
  }
}

}  // namespace
