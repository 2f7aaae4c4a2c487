// Every rule can fail: each broken store is caught by the rule it breaks, and the honest double passes all.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <ostream>
#include <set>

#include "aether/rules.h"
#include "broken_store.h"
#include "properties.h"

namespace aether::selftest {

// How GoogleTest prints the parameters.
void PrintTo(const BrokenStore& broken, std::ostream* out) { *out << broken.name; }

namespace {

using conformance::Profile;
using conformance::RunProperty;
using conformance::Settings;
using conformance::Verdict;
using conformance::VerdictName;

class BrokenStoreTest : public testing::TestWithParam<BrokenStore> {};

TEST_P(BrokenStoreTest, IsCaughtByItsRule) {
  const BrokenStore& broken = GetParam();
  Settings settings;
  settings.patience = std::chrono::seconds(2);
  const auto result = RunProperty(broken.subject, broken.subject.shown, broken.rule, settings);
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

class HonestDoubleTest : public testing::TestWithParam<Rule> {};

TEST_P(HonestDoubleTest, Passes) {
  const auto& subject = HonestSubjectFor(GetParam());
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
    if (std::sscanf(line.c_str(), R"(TYPED_TEST_P(%15[A-Z], %15[A-Z0-9_]) { this->Check("%15[A-Z0-9-]"); })", area,
                    test, rule) == 3) {
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
