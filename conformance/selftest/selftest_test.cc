// Every rule can fail: each broken store is caught by the rule it breaks, and the honest double passes all.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <ostream>
#include <set>
#include <tuple>

#include "aether/rules.h"
#include "broken_store.h"
#include "properties.h"
#include "report.h"

namespace aether::selftest {

// How GoogleTest prints the parameters.
void PrintTo(const BrokenStore& broken, std::ostream* out) { *out << broken.name; }

namespace {

using conformance::Profile;
using conformance::RunProperty;
using conformance::Settings;
using conformance::Verdict;
using conformance::VerdictName;

// A sanitizer or a busy machine makes calls many times slower, and windows as much narrower: a race may be missed
// once.
constexpr std::uint64_t kSeedsForARace = 3;

class BrokenStoreTest : public testing::TestWithParam<BrokenStore> {};

// Whether this build can try the rule: with sanitizers no file operations are watched.
bool CanBeTried(const conformance::Subject& subject, const Rule& rule) {
  return std::all_of(rule.capabilities.begin(), rule.capabilities.end(),
                     [&](std::string_view name) { return conformance::Offers(subject.shown, name); });
}

TEST_P(BrokenStoreTest, IsCaughtByItsRule) {
  const BrokenStore& broken = GetParam();
  if (!CanBeTried(broken.subject, *FindRule(broken.rule))) GTEST_SKIP() << "needs a build without sanitizers";
  Settings settings;
  settings.patience = std::chrono::seconds(2);
  settings.call_limit = std::chrono::seconds(1);
  auto result = RunProperty(broken.subject, broken.subject.shown, broken.rule, settings);
  while (broken.race && result.verdict == Verdict::kPassed && settings.seed < kSeedsForARace) {
    ++settings.seed;
    result = RunProperty(broken.subject, broken.subject.shown, broken.rule, settings);
  }
  EXPECT_EQ(VerdictName(result.verdict), "failed")
      << broken.name << " (" << broken.fault << ") survives " << broken.rule << ": " << result.message;
  EXPECT_FALSE(result.message.empty());
  // A crash is no catch, and an exception only where the rule is about exceptions.
  if (broken.rule != "API-03") {
    EXPECT_EQ(result.message.find("exception"), std::string::npos) << result.message;
  }
}

INSTANTIATE_TEST_SUITE_P(All, BrokenStoreTest, testing::ValuesIn(AllBrokenStores()),
                         [](const auto& param) { return std::string(param.param.name); });

// What a failure tells, all but its time.
auto Told(const conformance::RuleResult& result) {
  return std::tuple(VerdictName(result.verdict), result.message, result.expected, result.actual,
                    result.counterexample);
}

class DeterminismTest : public testing::TestWithParam<BrokenStore> {};

TEST_P(DeterminismTest, TheSameSeedTellsTheSame) {
  const BrokenStore& broken = GetParam();
  const Settings settings = {Profile::kQuick, 7, std::chrono::milliseconds(500)};
  const auto judge = [&] { return RunProperty(broken.subject, broken.subject.shown, broken.rule, settings); };
  const auto first = judge();
  // Another rule in between leaves nothing behind. On another store: only its own rule knows that a store which
  // keeps the caller's object may use it.
  const auto& honest = HonestSubjectFor(*FindRule("VER-03"));
  (void)RunProperty(honest, honest.shown, "VER-03", settings);
  EXPECT_EQ(Told(judge()), Told(first));
}

std::vector<BrokenStore> WithoutRaces() {
  std::vector<BrokenStore> stores;
  for (const BrokenStore& store : AllBrokenStores()) {
    if (!store.race) stores.push_back(store);
  }
  return stores;
}

INSTANTIATE_TEST_SUITE_P(All, DeterminismTest, testing::ValuesIn(WithoutRaces()),
                         [](const auto& param) { return std::string(param.param.name); });

// The whole text that a user gets to see, one store of each area that can be told in a few calls.
struct Golden {
  std::string_view store;
  std::size_t most_calls;  // of the least case, remarks left out
};

void PrintTo(const Golden& golden, std::ostream* out) { *out << golden.store; }

class GoldenTest : public testing::TestWithParam<Golden> {};

TEST_P(GoldenTest, TextIsAsItWas) {
  const auto& all = AllBrokenStores();
  const auto broken =
      std::find_if(all.begin(), all.end(), [](const BrokenStore& s) { return s.name == GetParam().store; });
  ASSERT_NE(broken, all.end());
  conformance::StoreReport report;
  report.store = broken->name;
  report.settings.patience = std::chrono::seconds(10);
  report.replay = "./" + report.store + "_conformance";
  const auto result = RunProperty(broken->subject, broken->subject.shown, broken->rule, report.settings);
  const auto calls =
      std::count_if(result.counterexample.begin(), result.counterexample.end(),
                    [](const std::string& line) { return line.find("  --  ") == std::string::npos; });
  EXPECT_LE(static_cast<std::size_t>(calls), GetParam().most_calls);

  const std::string text = conformance::Explain(report, result);
  const std::string path = AETHER_SOURCE_DIR "/conformance/selftest/golden/" + report.store + ".txt";
  if (std::getenv("AETHER_WRITE_GOLDEN") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  const std::string golden((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(text, golden) << "if the new text is the better one: AETHER_WRITE_GOLDEN=1 ./selftest_test "
                             "--gtest_filter='*Golden*' writes "
                          << path;
}

INSTANTIATE_TEST_SUITE_P(All, GoldenTest,
                         testing::Values(Golden{"upserts", 3}, Golden{"updates", 0},
                                         Golden{"tells_the_count", 3}, Golden{"swaps_versions", 2},
                                         Golden{"from_is_exclusive", 3}, Golden{"lower_cases_ids", 2},
                                         Golden{"cuts_to_microseconds", 2},
                                         Golden{"integers_through_doubles", 2},
                                         Golden{"lower_cases_keys", 2}, Golden{"numbers_are_one_off", 1},
                                         Golden{"last_written_wins", 3},
                                         Golden{"announces_refused_saves", 4}, Golden{"joins_names", 2},
                                         Golden{"takes_an_empty_type", 1}),
                         [](const auto& param) { return std::string(param.param.store); });

class HonestDoubleTest : public testing::TestWithParam<Rule> {};

TEST_P(HonestDoubleTest, Passes) {
  const auto& subject = HonestSubjectFor(GetParam());
  if (!CanBeTried(subject, GetParam())) GTEST_SKIP() << "needs a build without sanitizers";
  const auto result = RunProperty(subject, subject.shown, GetParam().id,
                                  Settings{Profile::kQuick, 1, std::chrono::seconds(10)});
  EXPECT_EQ(VerdictName(result.verdict), "passed")
      << result.message << "\nexpected " << result.expected << "\nactual " << result.actual;
}

INSTANTIATE_TEST_SUITE_P(All, HonestDoubleTest, testing::ValuesIn(AllRules()), [](const auto& param) {
  std::string name(param.param.id);
  name[name.find('-')] = '_';
  return name;
});

// A storage that holds valid UTF-8 only, as a column of text does.
class TextOnly final : public conformance::Storage {
 public:
  explicit TextOnly(std::unique_ptr<conformance::Storage> storage) : storage_(std::move(storage)) {}
  Result<std::unique_ptr<EventStore>> Open() override { return storage_->Open(); }
  Result<std::unique_ptr<EventStore>> OpenNamespace(std::string_view name) override {
    return storage_->OpenNamespace(name);
  }
  Result<std::unique_ptr<EventStore>> OpenWithRetention(std::chrono::milliseconds age) override {
    return storage_->OpenWithRetention(age);
  }
  Result<Injection> InjectMalformed(std::string_view actor_id, std::string_view raw) override {
    return IsValidUtf8(raw) ? storage_->InjectMalformed(actor_id, raw) : Injection::Impossible();
  }
  Result<std::string> Location() override { return storage_->Location(); }
  Result<Capabilities> Probe(const Capabilities& shown) override { return storage_->Probe(shown); }

 private:
  std::unique_ptr<conformance::Storage> storage_;
};

TEST(TextOnlyTest, PassesTheRulesOfMalformedRecords) {
  conformance::Subject subject = HonestSubjectFor(*FindRule("RPL-05"));
  subject.make = [make = subject.make] { return std::make_unique<TextOnly>(make()); };
  for (const Rule& rule : AllRules()) {
    if (rule.area != "RPL") continue;
    const auto result =
        RunProperty(subject, subject.shown, rule.id, Settings{Profile::kThorough, 1, std::chrono::seconds(10)});
    EXPECT_EQ(VerdictName(result.verdict), "passed") << rule.id << ": " << result.message;
  }
}

// A server goes on with what it was sent: what was not answered may be there, and may come.
TEST(LateSubjectTest, PassesTheRulesOfProcesses) {
  for (const char* rule : {"PROC-01", "PROC-02", "PROC-03", "PROC-04", "PROC-05", "DUR-01", "DUR-05"}) {
    const auto result = RunProperty(LateSubject(), LateSubject().shown, rule,
                                    Settings{Profile::kQuick, 1, std::chrono::seconds(10)});
    EXPECT_EQ(VerdictName(result.verdict), "passed")
        << rule << ": " << result.message << "\nexpected " << result.expected << "\nactual " << result.actual;
  }
}

// What is not seen can neither be lost in a power cut nor fail, which is no word for the store.
TEST(UnseenSubjectTest, IsNotJudgedByWhatIsSeen) {
  const auto& subject = UnseenSubject();
  for (const char* rule : {"DUR-02", "FLT-01", "FLT-02", "FLT-03", "FLT-04", "FLT-07"}) {
    if (!CanBeTried(subject, *FindRule(rule))) GTEST_SKIP() << "needs a build without sanitizers";
    const auto result =
        RunProperty(subject, subject.shown, rule, Settings{Profile::kQuick, 1, std::chrono::seconds(10)});
    EXPECT_EQ(VerdictName(result.verdict), "inconclusive") << rule << ": " << result.message;
  }
}

// The rules of single servers hold for three of them as well.
TEST(ClusterOfDoublesTest, PassesTheRulesOfServers) {
  const auto& subject = HonestSubjectFor(*FindRule("SRV-07"));
  for (const char* rule : {"SRV-01", "SRV-02", "SRV-03", "SRV-04", "SRV-05", "SRV-06"}) {
    const auto result =
        RunProperty(subject, subject.shown, rule, Settings{Profile::kStandard, 1, std::chrono::seconds(10)});
    EXPECT_EQ(VerdictName(result.verdict), "passed")
        << rule << ": " << result.message << "\nexpected " << result.expected << "\nactual " << result.actual;
  }
}

TEST(AgreementTest, RulesAndPropertiesAreOneToOne) {
  std::vector<std::string_view> rules;
  std::vector<std::string_view> properties;
  for (const Rule& rule : AllRules()) rules.push_back(rule.id);
  for (const auto& property : conformance::AllProperties()) properties.push_back(property.rule);
  EXPECT_EQ(rules, properties);
}

TEST(AgreementTest, TypedSuitesHoldEveryRule) {
  std::ifstream file(AETHER_SOURCE_DIR "/conformance/include/aether/conformance/suites.inc");
  std::vector<std::string> tests;
  std::vector<std::string> rules;
  for (std::string line; std::getline(file, line);) {
    // TYPED_TEST_P(VER, VER_03) { this->Check("VER-03"); }
    char area[16], test[16], rule[16];
    if (std::sscanf(line.c_str(),
                    R"(TYPED_TEST_P(%15[A-Z], %15[A-Z0-9_]) { this->Check("%15[A-Z0-9-]"); })", area, test,
                    rule) == 3) {
      tests.push_back(std::string(area) + " " + rule);
    }
  }
  for (const Rule& rule : AllRules()) rules.push_back(std::string(rule.area) + " " + std::string(rule.id));
  EXPECT_EQ(tests, rules);
}

TEST(AgreementTest, EveryRuleHasABrokenStore) {
  std::set<std::string_view> broken;
  for (const BrokenStore& store : AllBrokenStores()) {
    EXPECT_NE(FindRule(store.rule), nullptr) << store.name;
    broken.insert(store.rule);
  }
  for (const Rule& rule : AllRules()) EXPECT_TRUE(broken.contains(rule.id)) << rule.id;
}

TEST(AgreementTest, NamesOfBrokenStoresAreUnique) {
  std::set<std::string_view> names;
  for (const BrokenStore& store : AllBrokenStores())
    EXPECT_TRUE(names.insert(store.name).second) << store.name;
}

}  // namespace
}  // namespace aether::selftest

int main(int argc, char** argv) {
  if (aether::conformance::IsPeer()) return aether::conformance::RunPeer(aether::selftest::FindSubject);
  aether::conformance::AllowPeers();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
