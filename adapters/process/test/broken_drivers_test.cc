// What the rules catch in a store they also catch behind a driver; and the honest store passes there.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <ostream>

#include "aether/rules.h"
#include "broken_store.h"
#include "peer.h"
#include "process_adapter.h"
#include "rule_run.h"

namespace aether::selftest {
void PrintTo(const BrokenStore& broken, std::ostream* out) { *out << broken.name; }
}  // namespace aether::selftest

namespace aether::process {
namespace {

using conformance::Settings;
using conformance::VerdictName;
using selftest::BrokenStore;

conformance::RuleResult Judge(std::string_view store, std::string_view rule, conformance::Profile profile,
                              std::uint64_t seed) {
  const std::string command = AETHER_DOUBLE_DRIVER " " + std::string(store);
  setenv(kDriverVariable, command.c_str(), 1);  // of other processes, which run it as well
  UseDriver(command);
  const auto subject = conformance::SubjectOf<ProcessAdapter>();
  Settings settings;
  settings.profile = profile;
  settings.seed = seed;
  settings.patience = std::chrono::seconds(2);
  settings.call_limit = std::chrono::seconds(1);
  return conformance::RunProperty(subject, conformance::FindOut(subject, settings.patience), rule,
                                  settings);
}

// Whether a driver lets the rule be tried.
bool IsTried(std::string_view rule) {
  static constexpr std::string_view kNever[] = {"in_process", "type"};
  const auto& needed = FindRule(rule)->capabilities;
  return std::none_of(needed.begin(), needed.end(), [](std::string_view capability) {
    return std::find(std::begin(kNever), std::end(kNever), capability) != std::end(kNever);
  });
}

// Races whose windows the slower calls of a driver meet too rarely.
constexpr std::string_view kTooRare[] = {"tears_one_read_in_ten_thousand",
                                         "acknowledges_what_close_overtakes", "gives_up_a_lost_race"};

// Rules in which processes, servers and disks fail: they wait more than they compute.
bool IsOnFaults(std::string_view rule) {
  static constexpr std::string_view kAreas[] = {"PROC", "DUR", "FLT", "SRV"};
  return std::find(std::begin(kAreas), std::end(kAreas), FindRule(rule)->area) != std::end(kAreas);
}

std::vector<BrokenStore> StoresToTry(bool on_faults) {
  std::vector<BrokenStore> stores;
  for (const BrokenStore& broken : selftest::AllBrokenStores()) {
    const bool too_rare =
        std::find(std::begin(kTooRare), std::end(kTooRare), broken.name) != std::end(kTooRare);
    if (IsTried(broken.rule) && !too_rare && IsOnFaults(broken.rule) == on_faults) stores.push_back(broken);
  }
  return stores;
}

std::vector<Rule> RulesToTry(bool on_faults) {
  std::vector<Rule> rules;
  std::copy_if(AllRules().begin(), AllRules().end(), std::back_inserter(rules),
               [&](const Rule& rule) { return IsOnFaults(rule.id) == on_faults; });
  return rules;
}

std::string NameOfStore(const testing::TestParamInfo<BrokenStore>& info) {
  return std::string(info.param.name);
}

std::string NameOfRule(const testing::TestParamInfo<Rule>& info) {
  std::string name(info.param.id);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class BrokenDriverTest : public testing::TestWithParam<BrokenStore> {};

TEST_P(BrokenDriverTest, IsCaughtByItsRule) {
  const BrokenStore& broken = GetParam();
  conformance::RuleResult result;
  // A race may be missed, on a busy machine above all: the way through the driver widens the time between
  // two calls, not that within one.
  for (std::uint64_t seed = 1; seed <= (broken.race ? 10 : 1); ++seed) {
    result = Judge(broken.name, broken.rule, conformance::Profile::kStandard, seed);
    if (result.verdict != conformance::Verdict::kPassed) break;
  }
  EXPECT_EQ(VerdictName(result.verdict), "failed")
      << broken.name << " (" << broken.fault << ") survives " << broken.rule << ": " << result.message;
}

INSTANTIATE_TEST_SUITE_P(WithoutFaults, BrokenDriverTest, testing::ValuesIn(StoresToTry(false)),
                         NameOfStore);
INSTANTIATE_TEST_SUITE_P(UnderFaults, BrokenDriverTest, testing::ValuesIn(StoresToTry(true)), NameOfStore);

class HonestDriverTest : public testing::TestWithParam<Rule> {};

TEST_P(HonestDriverTest, PassesOrIsNotOffered) {
  const auto result =
      Judge("honest " + std::string(GetParam().id), GetParam().id, conformance::Profile::kQuick, 1);
  EXPECT_EQ(VerdictName(result.verdict), IsTried(GetParam().id) ? "passed" : "not_offered")
      << result.message;
}

INSTANTIATE_TEST_SUITE_P(WithoutFaults, HonestDriverTest, testing::ValuesIn(RulesToTry(false)), NameOfRule);
INSTANTIATE_TEST_SUITE_P(UnderFaults, HonestDriverTest, testing::ValuesIn(RulesToTry(true)), NameOfRule);

}  // namespace
}  // namespace aether::process

int main(int argc, char** argv) {
  using namespace aether::conformance;
  if (IsPeer()) {
    static const Subject subject = SubjectOf<aether::process::ProcessAdapter>();
    return RunPeer([](const std::string&) { return &subject; });
  }
  AllowPeers();
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
