// The rules as data and as prose say the same.

#include "aether/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "aether/adapter.h"
#include "vectors.h"

namespace aether {
namespace {

using ::testing::AnyOf;
using ::testing::ElementsAreArray;
using ::testing::IsSupersetOf;

const std::map<std::string_view, std::string_view> kFileOfArea = {
    {"IMM", "immutability.md"},  {"API", "interface.md"},  {"VER", "versions.md"},
    {"CON", "concurrency.md"},   {"READ", "reading.md"},   {"ID", "identity.md"},
    {"EVT", "events.md"},        {"DATA", "data.md"},      {"META", "metadata.md"},
    {"RPL", "replay-errors.md"}, {"SNAP", "snapshots.md"}, {"NOTE", "notices.md"},
    {"RET", "retention.md"},     {"NS", "namespaces.md"},  {"INV", "invalid-input.md"},
    {"HIST", "histories.md"},    {"PROC", "processes.md"},  {"DUR", "durability.md"},
    {"FLT", "faults.md"},
    {"SRV", "servers.md"},
};

// A rule as its prose gives it.
struct ProseRule {
  std::string id;
  std::string level;
  std::string title;
  std::string needs;  // "handles, notices", or nothing

  friend bool operator==(const ProseRule&, const ProseRule&) = default;
};

void PrintTo(const ProseRule& rule, std::ostream* out) {
  *out << rule.id << " (" << rule.level << ") " << rule.title << " [" << rule.needs << "]";
}

// The rules whose headings stand in `file`, such as "### VER-03 (MUST) The latest version is ...", each
// perhaps followed by a line such as "Needs: `handles`, `notices`."
std::vector<ProseRule> ReadProse(std::string_view file) {
  constexpr std::string_view kHeading = "### ";
  constexpr std::string_view kNeeds = "Needs: ";
  std::vector<ProseRule> rules;
  for (const std::string& line : testing::ReadLines(std::string(file))) {
    if (line.starts_with(kHeading)) {
      const auto level = line.find(" (");
      const auto title = line.find(") ", level);
      if (title == std::string::npos) {
        ADD_FAILURE() << file << ": not a rule: " << line;
        continue;
      }
      rules.push_back({line.substr(kHeading.size(), level - kHeading.size()),
                       line.substr(level + 2, title - level - 2), line.substr(title + 2), ""});
    } else if (line.starts_with(kNeeds) && !rules.empty()) {
      rules.back().needs = line.substr(kNeeds.size(), line.size() - kNeeds.size() - 1);  // without the stop
      std::erase(rules.back().needs, '`');
    }
  }
  return rules;
}

std::vector<ProseRule> OfArea(std::string_view area) {
  std::vector<ProseRule> rules;
  for (const Rule& rule : AllRules()) {
    if (rule.area != area) continue;
    std::string needs;
    for (const std::string_view capability : rule.capabilities) {
      if (!needs.empty()) needs += ", ";
      needs += capability;
    }
    rules.push_back({std::string(rule.id), std::string(rule.level), std::string(rule.title), needs});
  }
  return rules;
}

TEST(Rules, EveryRuleIsInTheProseOfItsAreaOnceAndInOrder) {
  for (const auto& [area, file] : kFileOfArea) {
    EXPECT_THAT(ReadProse(file), ElementsAreArray(OfArea(area))) << file;
  }
}

TEST(Rules, NoOtherFileHoldsRules) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(AETHER_SOURCE_DIR) + "/spec")) {
    if (entry.path().extension() == ".md") files.insert(entry.path().filename());
  }
  for (const auto& [area, file] : kFileOfArea) EXPECT_EQ(files.erase(std::string(file)), 1u) << file;
  EXPECT_THAT(files, ::testing::UnorderedElementsAre("README.md", "driver.md", "wire.md"));
  for (const std::string& file : files) EXPECT_TRUE(ReadProse(file).empty()) << file;
}

TEST(Rules, HaveUniqueIdsOfTheirAreaNumberedFromOne) {
  std::map<std::string_view, int> last;
  for (const Rule& rule : AllRules()) {
    ASSERT_TRUE(kFileOfArea.contains(rule.area)) << rule.id;
    const int number = ++last[rule.area];
    EXPECT_EQ(rule.id, std::string(rule.area) + (number < 10 ? "-0" : "-") + std::to_string(number));
  }
  EXPECT_EQ(last.size(), kFileOfArea.size());
}

TEST(Rules, HaveALevelATitleAndAHint) {
  for (const Rule& rule : AllRules()) {
    EXPECT_THAT(rule.level, AnyOf("MUST", "SHOULD")) << rule.id;
    for (const std::string_view text : {rule.title, rule.hint}) {
      EXPECT_FALSE(text.empty()) << rule.id;
      EXPECT_FALSE(text.ends_with('.')) << rule.id;
    }
  }
}

TEST(Rules, NeedOnlyCapabilitiesThatExist) {
  std::vector<std::string_view> known;
  for (const CapabilityName& capability : kCapabilities) known.push_back(capability.name);
  for (const Rule& rule : AllRules()) EXPECT_THAT(known, IsSupersetOf(rule.capabilities)) << rule.id;
}

TEST(Rules, AreFoundById) {
  ASSERT_NE(FindRule("VER-03"), nullptr);
  EXPECT_EQ(FindRule("VER-03")->title, "The latest version is that of the last saved event");
  EXPECT_EQ(FindRule("VER-99"), nullptr);
  EXPECT_EQ(FindRule(""), nullptr);
}

TEST(Rules, AreThoseOfTheFile) {
  std::string text;
  for (const std::string& line : testing::ReadLines("rules.json")) text += line + "\n";
  const auto document = nlohmann::json::parse(text);
  EXPECT_EQ(SpecVersion(), document.at("version").get<std::string>());
  ASSERT_EQ(AllRules().size(), document.at("rules").size());
  for (std::size_t i = 0; i < AllRules().size(); ++i) {
    const Rule& rule = AllRules()[i];
    const auto& entry = document.at("rules")[i];
    EXPECT_EQ(rule.id, entry.at("id").get<std::string>());
    EXPECT_EQ(rule.hint, entry.at("hint").get<std::string>());
  }
}

}  // namespace
}  // namespace aether
