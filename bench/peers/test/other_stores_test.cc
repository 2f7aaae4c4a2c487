// Crashes and power cuts on stores of others, whose promises are known: with syncs they have to pass, and
// without they have to be caught.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "aether/conformance/subject.h"
#include "leveldb_store.h"
#include "lmdb_store.h"
#include "rocksdb_store.h"
#include "rule_run.h"
#include "sqlite_store.h"

namespace aether::conformance {

namespace {

using peers::Commits;

template <typename Engine>
using Opener = Result<std::shared_ptr<Engine>> (*)(const std::string& location);

// What a store counts on.
struct Given {
  bool ordered_names = false;
  bool made_before = false;  // no power cut comes while its files are made
};

constexpr Given kOrderedNames = {.ordered_names = true};
constexpr Given kMadeBefore = {.made_before = true};

// A store in a directory of its own, said to survive power cuts.
template <typename Engine, Opener<Engine> kOpen, Given kGiven>
class OnDisk {
 public:
  using Store = peers::PeerStore<Engine>;
  static constexpr bool kLocationIsDirectory = true;
  static constexpr bool kSurvivesPowerLoss = true;
  static constexpr bool kCountsOnOrderedNames = kGiven.ordered_names;

  OnDisk() {
    if (kGiven.made_before && !Open()) throw std::runtime_error("the store does not open");
  }
  Result<std::unique_ptr<Store>> Open() { return OpenAt(directory_.location()); }
  Result<std::string> Location() { return directory_.location(); }
  static Result<std::unique_ptr<Store>> OpenAt(std::string_view location) {
    auto engine = kOpen(std::string(location));
    if (!engine) return engine.error();
    return std::make_unique<Store>(*std::move(engine));
  }

 private:
  peers::TemporaryDirectory directory_;
};

template <typename Engine, Commits kCommits>
Result<std::shared_ptr<Engine>> OpenPeer(const std::string& location) {
  return Engine::Open(location, kCommits);
}

// LevelDB and RocksDB make their directory if need be, and do not sync its name.
template <typename Engine, Commits kCommits>
Result<std::shared_ptr<Engine>> OpenInDirectory(const std::string& location) {
  if (::mkdir((location + "/db").c_str(), 0700) == 0) {
    const int fd = ::open(location.c_str(), O_RDONLY | O_CLOEXEC);
    if (::fsync(fd) != 0) return StoreError(ErrorCode::kStorageFailed, "fsync");
    ::close(fd);
  }
  return Engine::Open(location, kCommits);
}

struct Text {
  char text[64] = "";
  constexpr Text(const char* from) {  // NOLINT: as a template argument
    for (std::size_t i = 0; from[i] != '\0'; ++i) text[i] = from[i];
  }
};

template <Text kPragmas>
Result<std::shared_ptr<peers::SqliteEngine>> OpenSqlite(const std::string& location) {
  return peers::SqliteEngine::OpenWith(location, kPragmas.text, Commits::kToDevice);
}

struct OtherStore {
  std::string_view verdict;  // of DUR-02
  Subject subject;
};

void PrintTo(const OtherStore& store, std::ostream* out) { *out << store.subject.name; }

template <typename Engine, Opener<Engine> kOpen, Given kGiven = Given()>
OtherStore Make(const char* name, std::string_view verdict) {
  OtherStore store{verdict, SubjectOf<OnDisk<Engine, kOpen, kGiven>>()};
  store.subject.name = name;
  return store;
}

template <Text kPragmas>
OtherStore Sqlite(const char* name, std::string_view verdict) {
  return Make<peers::SqliteEngine, OpenSqlite<kPragmas>>(name, verdict);
}

template <Commits kCommits, Given kGiven>
OtherStore Leveldb(const char* name, std::string_view verdict) {
  return Make<peers::LeveldbEngine, OpenInDirectory<peers::LeveldbEngine, kCommits>, kGiven>(name, verdict);
}

template <Commits kCommits>
OtherStore Rocksdb(const char* name, std::string_view verdict) {
  return Make<peers::RocksdbEngine, OpenInDirectory<peers::RocksdbEngine, kCommits>, kOrderedNames>(
      name, verdict);
}

template <Commits kCommits, Given kGiven>
OtherStore Lmdb(const char* name, std::string_view verdict) {
  return Make<peers::LmdbEngine, OpenPeer<peers::LmdbEngine, kCommits>, kGiven>(name, verdict);
}

const std::vector<OtherStore>& OtherStores() {
  static const std::vector<OtherStore> stores = {
      Sqlite<"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL">("sqlite_wal_full", "passed"),
      Sqlite<"PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL">("sqlite_wal_normal", "failed"),
      Sqlite<"PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF">("sqlite_wal_off", "failed"),
      Sqlite<"PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA">("sqlite_delete_extra", "passed"),
      Sqlite<"PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL">("sqlite_delete_full", "failed"),
      Sqlite<"PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF">("sqlite_delete_off", "failed"),
      // It renames CURRENT without a sync of the name, and removes the file that the old one points to.
      Leveldb<Commits::kToDevice, Given{}>("leveldb_sync_any_order", "failed"),
      Leveldb<Commits::kToDevice, kOrderedNames>("leveldb_sync", "passed"),
      Leveldb<Commits::kToPageCache, kOrderedNames>("leveldb_without_sync", "failed"),
      // Between a rename of CURRENT and the sync of it there is a moment in which only the order of names
      // helps.
      Rocksdb<Commits::kToDevice>("rocksdb_sync", "passed"),
      Rocksdb<Commits::kToPageCache>("rocksdb_without_sync", "failed"),
      // It syncs neither the names of the files that it makes, nor their first contents, which have to be
      // whole.
      Lmdb<Commits::kToDevice, Given{}>("lmdb_sync_made_meanwhile", "failed"),
      Lmdb<Commits::kToDevice, kMadeBefore>("lmdb_sync", "passed"),
      Lmdb<Commits::kToPageCache, kMadeBefore>("lmdb_without_sync", "failed"),
  };
  return stores;
}

RuleResult Try(const OtherStore& store, std::string_view rule) {
  return RunProperty(store.subject, store.subject.shown, rule,
                     {Profile::kQuick, 1, std::chrono::seconds(10)});
}

std::string Told(const RuleResult& result) {
  std::string told = result.message + ": expected " + result.expected + ", actual " + result.actual;
  for (const std::string& line : result.counterexample) told += "\n" + line;
  return told;
}

constexpr auto kNameOf = [](const auto& param) { return param.param.subject.name; };

class PowerCutTest : public testing::TestWithParam<OtherStore> {};

TEST_P(PowerCutTest, IsSurvivedByWhoSyncs) {
  const RuleResult result = Try(GetParam(), "DUR-02");
  EXPECT_EQ(VerdictName(result.verdict), GetParam().verdict) << Told(result);
}

INSTANTIATE_TEST_SUITE_P(All, PowerCutTest, testing::ValuesIn(OtherStores()), kNameOf);

class CrashTest : public testing::TestWithParam<OtherStore> {};

TEST_P(CrashTest, IsSurvived) {
  const RuleResult result = Try(GetParam(), "DUR-01");
  EXPECT_EQ(VerdictName(result.verdict), "passed") << Told(result);
}

std::vector<OtherStore> WithSyncs() {
  std::vector<OtherStore> stores;
  for (const OtherStore& store : OtherStores()) {
    if (store.verdict == "passed") stores.push_back(store);
  }
  return stores;
}

TEST_P(CrashTest, LeavesAnotherProcessAlone) {
  const RuleResult result = Try(GetParam(), "PROC-05");
  EXPECT_EQ(VerdictName(result.verdict), "passed") << Told(result);
  const std::string_view name = GetParam().subject.name;
  if (name.starts_with("leveldb") || name.starts_with("rocksdb")) return;  // they let one process in
  const RuleResult several = Try(GetParam(), "DUR-05");
  EXPECT_EQ(VerdictName(several.verdict), "passed") << Told(several);
}

INSTANTIATE_TEST_SUITE_P(All, CrashTest, testing::ValuesIn(WithSyncs()), kNameOf);

const Subject* FindStore(const std::string& name) {
  for (const OtherStore& store : OtherStores()) {
    if (store.subject.name == name) return &store.subject;
  }
  return nullptr;
}

}  // namespace

}  // namespace aether::conformance

int main(int argc, char** argv) {
  using namespace aether::conformance;  // NOLINT
  if (IsPeer()) return RunPeer(FindStore);
  AllowPeers();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
