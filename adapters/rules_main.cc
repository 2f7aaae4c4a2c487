// aether_rules: what there is to know of a rule. Where it is written, what it needs, which property tries
// it, which broken stores it catches, and which of the reference stores offer what it needs.
//
//     aether_rules [PREFIX...]       a list
//     aether_rules --explain VER-03  all of one rule
//     aether_rules --markdown        docs/rules.md
//
// Lives with the adapters, since it looks at their types. It opens no store, and needs none to be built. It
// reads the files of the specification, and the sources of the properties, in ../share/aether beside its
// directory.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <stdexcept>

#include "aether/rules.h"
#include "broken_store.h"
#include "file/file_adapter.h"
#include "jetstream/jetstream_adapter.h"
#include "memory/memory_adapter.h"
#include "report.h"
#include "rule_prose.h"

namespace aether {
namespace {

namespace fs = std::filesystem;

// Where the files are that it reads, laid out as in the sources: next to bin/ where it is installed; in a
// build directory a link to the sources.
fs::path FindSource() {
  const fs::path place = fs::read_symlink("/proc/self/exe").parent_path().parent_path() / "share/aether";
  if (!fs::exists(place / "spec/rules.json")) {
    throw std::runtime_error("there are no rules in " + place.string() +
                             ": this program needs the files that are installed with it");
  }
  return fs::canonical(place);
}

const fs::path& Source() {
  static const fs::path source = FindSource();
  return source;
}

// ---- where rules are written and tried

std::string Contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return text;
}

std::vector<fs::path> FilesIn(const fs::path& directory, const std::string& extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(Source() / directory)) {
    if (entry.path().extension() == extension) files.push_back(fs::relative(entry.path(), Source()));
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A place in the sources; paths are relative to their root.
struct Place {
  fs::path file;
  std::string text;  // the name of the function
};

// The functions that try the rules, by the rules' ids: from the tables at the ends of their files.
std::map<std::string, Place> ReadProperties() {
  std::map<std::string, Place> properties;
  for (const fs::path& file : FilesIn("conformance/src/properties", ".cc")) {
    const std::string source = Contents(Source() / file);
    static const std::regex kEntry(R"re(\{"([A-Z]+-[0-9]{2})",\s*(\w+)\})re");
    for (std::sregex_iterator entry(source.begin(), source.end(), kEntry), end; entry != end; ++entry) {
      properties[(*entry)[1]] = {file, (*entry)[2]};
    }
  }
  return properties;
}

// ---- the stores

struct ReferenceStore {
  std::string name;
  nlohmann::json offers;  // as in report.json
};

// By the types of the adapters; that the stores themselves say the same is a test.
std::vector<ReferenceStore> ReferenceStores() {
  Capabilities file = CapabilitiesShown<FileAdapter>();
  file.processes = false;  // its directory lock lets one process in
  Capabilities jetstream = CapabilitiesShown<JetStreamAdapter>();
  jetstream.cluster = false;  // on its one server, unless it is told otherwise
  return {{"memory", conformance::ToJson(CapabilitiesShown<MemoryAdapter>())},
          {"file", conformance::ToJson(file)},
          {"jetstream", conformance::ToJson(jetstream)}};
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string OfferedBy(const Rule& rule) {
  std::vector<std::string> names;
  for (const ReferenceStore& store : ReferenceStores()) {
    const bool offers = std::all_of(
        rule.capabilities.begin(), rule.capabilities.end(),
        [&](std::string_view capability) { return store.offers.at(std::string(capability)).get<bool>(); });
    if (offers) names.push_back(store.name);
  }
  const auto cluster = conformance::ToJson(CapabilitiesShown<JetStreamAdapter>());
  const bool on_a_cluster = std::all_of(
      rule.capabilities.begin(), rule.capabilities.end(),
      [&](std::string_view capability) { return cluster.at(std::string(capability)).get<bool>(); });
  const bool alone = !names.empty() && names.back() == "jetstream";
  if (on_a_cluster && !alone) names.push_back("jetstream on a cluster");
  return names.empty() ? "none" : Join(names);
}

std::string Needs(const Rule& rule) { return Join({rule.capabilities.begin(), rule.capabilities.end()}); }

std::string CaughtStores(const Rule& rule) {
  std::vector<std::string> names;
  for (const auto& broken : selftest::AllBrokenStores()) {
    if (broken.rule == rule.id) names.emplace_back(broken.name);
  }
  return Join(names);
}

// ---- what is printed

void PrintList(const std::vector<std::string>& prefixes) {
  for (const Rule& rule : AllRules()) {
    const bool wanted = prefixes.empty() ||
                        std::any_of(prefixes.begin(), prefixes.end(),
                                    [&](const std::string& prefix) { return rule.id.starts_with(prefix); });
    if (!wanted) continue;
    std::printf("%-8s %-7s %s\n", std::string(rule.id).c_str(), std::string(rule.level).c_str(),
                std::string(rule.title).c_str());
    if (!rule.capabilities.empty()) std::printf("                 needs   %s\n", Needs(rule).c_str());
    std::printf("                 catches %s\n", CaughtStores(rule).c_str());
  }
}

void PrintRule(const Rule& rule) {
  const std::string id(rule.id);
  const conformance::RuleProse& prose = conformance::ProseOf(id);
  const Place property = ReadProperties()[id];
  std::cout << id << " (" << rule.level << ")  " << rule.title << "\n\n"
            << prose.words << "\n\nWhy: " << prose.why << "\n\n";
  const auto line = [](const char* label, const std::string& text) {
    std::printf("%-10s %s\n", label, text.c_str());
  };
  std::cout << std::flush;
  line("written", prose.file);
  line("needs", rule.capabilities.empty() ? "nothing but an event store" : Needs(rule));
  line("offered by", OfferedBy(rule));
  line("tested by", property.text + " in " + property.file.string());
  line("check", std::string(rule.hint));
  // There is no kit where only the package is.
  line("try it", (fs::exists(Source() / "kit") ? "./kit check --rules " : "YOUR_PROGRAM --rules ") + id);
  const char* label = "catches";
  for (const auto& broken : selftest::AllBrokenStores()) {
    if (broken.rule != rule.id) continue;
    line(label, std::string(broken.name) + ": " + std::string(broken.fault));
    label = "";
  }
}

std::string Link(const std::string& text, const fs::path& file) {
  return "[" + text + "](../" + file.string() + ")";
}

// Broken stores are code: names with underscores, which Markdown would take for emphasis.
std::string Code(const std::string& names) {
  return names.empty() ? "" : "`" + std::regex_replace(names, std::regex(", "), "`, `") + "`";
}

void PrintMarkdown() {
  auto properties = ReadProperties();
  std::cout
      << "# The rules\n\n"
         "Written by `./kit rules --markdown`; a test compares the two. For each rule: what a store has to "
         "offer for it to\napply, the property that tries it, the broken stores that the kit has to catch "
         "by it, and the reference stores\nthat offer what it needs, by the types of their adapters. Each "
         "of these has to pass it.\n";
  std::string_view area;
  for (const Rule& rule : AllRules()) {
    const std::string id(rule.id);
    if (rule.area != area) {
      std::cout << "\n## " << rule.area << "\n\n"
                << "| Rule | Level | What has to hold | Needs | Property | Catches | Offered by |\n"
                << "|---|---|---|---|---|---|---|\n";
      area = rule.area;
    }
    std::cout << "| " << Link(id, conformance::ProseOf(id).file) << " | " << rule.level << " | "
              << rule.title << " | " << Code(Needs(rule)) << " | "
              << Link(properties[id].text, properties[id].file) << " | " << Code(CaughtStores(rule))
              << " | " << OfferedBy(rule) << " |\n";
  }
}

// ---- ids that there are not

std::size_t Distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
    }
  }
  return row.back();
}

// The ids that are nearest to `id`, if any is near.
std::string Suggestions(std::string id) {
  std::transform(id.begin(), id.end(), id.begin(), [](unsigned char c) { return std::toupper(c); });
  std::size_t least = 3;  // further off is another word
  std::vector<std::string> nearest;
  for (const Rule& rule : AllRules()) {
    const std::size_t distance = Distance(id, std::string(rule.id));
    if (distance > least || distance == 3) continue;
    if (distance < least) nearest.clear();
    least = distance;
    if (nearest.size() < 3) nearest.emplace_back(rule.id);
  }
  return nearest.empty() ? "ids look like VER-03" : "did you mean " + Join(nearest) + "?";
}

int Run(const std::vector<std::string>& prefixes, const std::vector<std::string>& explain, bool markdown,
        bool capabilities) {
  for (const std::string& id : explain) {
    if (FindRule(id) != nullptr) continue;
    std::cerr << "there is no rule \"" << id << "\": " << Suggestions(id) << "\n";
    return 2;
  }
  for (const std::string& prefix : prefixes) {
    const auto begins_so = [&](const Rule& rule) { return rule.id.starts_with(prefix); };
    if (!prefix.empty() && std::any_of(AllRules().begin(), AllRules().end(), begins_so)) continue;
    std::cerr << "no rule begins with \"" << prefix << "\": " << Suggestions(prefix) << "\n";
    return 2;
  }
  if (capabilities) {
    nlohmann::json stores = nlohmann::json::object();
    for (const ReferenceStore& store : ReferenceStores()) stores[store.name] = store.offers;
    std::cout << stores.dump(2) << "\n";
  } else if (markdown) {
    PrintMarkdown();
  } else if (explain.empty()) {
    PrintList(prefixes);
  }
  for (const std::string& id : explain) PrintRule(*FindRule(id));
  return 0;
}

}  // namespace
}  // namespace aether

int main(int argc, char** argv) {
  CLI::App app("Lists and explains the rules of the Aether event store specification.");
  std::vector<std::string> prefixes;
  std::vector<std::string> explain;
  bool markdown = false;
  bool capabilities = false;
  app.add_option("PREFIX", prefixes, "only the rules whose ids begin so");
  app.add_option("--explain", explain, "all there is to know of the rule with this id");
  app.add_flag("--markdown", markdown, "all rules as docs/rules.md has them");
  app.add_flag("--capabilities", capabilities, "what the reference stores offer, as JSON");
  try {
    app.parse(argc, argv);
    return aether::Run(prefixes, explain, markdown, capabilities);
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}
