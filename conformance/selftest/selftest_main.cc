// aether_selftest: tries the broken stores and tells which rules catch them.
//
// Each store is judged in a process of its own, which is this program again, so that a crash or a hang of
// a broken store is told as such and is no catch.

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "aether/rules.h"
#include "broken_store.h"
#include "options.h"
#include "report.h"
#include "rule_run.h"

namespace aether::selftest {
namespace {

using conformance::Options;
using conformance::RuleResult;
using conformance::Settings;
using conformance::Verdict;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

// What became of one broken store.
struct Outcome {
  std::string name;
  std::string rule;
  std::string verdict;  // killed, killed_by_other, survived, crashed
  std::vector<std::string> killed_by;
  double seconds = 0;  // until its own rule had judged it
};

const BrokenStore* Find(std::string_view name) {
  const auto& all = AllBrokenStores();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const BrokenStore& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// The child's side: judges the store and writes a line of JSON for each rule.
int Judge(const BrokenStore& broken, const std::vector<std::string>& rules, const Settings& settings) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const std::string& rule : rules) {
    const RuleResult result = RunProperty(broken.subject, broken.subject.shown, rule, settings);
    std::cout << ToJson(result).dump() << std::endl;
  }
  return 0;
}

// Reads the child's lines until it ends or `limit` passes without one.
std::vector<RuleResult> ReadResults(int fd, std::chrono::seconds limit) {
  std::vector<RuleResult> results;
  std::string buffer;
  pollfd waiting = {fd, POLLIN, 0};
  while (poll(&waiting, 1, static_cast<int>(std::chrono::milliseconds(limit).count())) > 0) {
    char chunk[65536];
    const ssize_t n = read(fd, chunk, sizeof chunk);
    if (n <= 0) break;
    buffer.append(chunk, static_cast<std::size_t>(n));
    for (std::size_t end; (end = buffer.find('\n')) != std::string::npos; buffer.erase(0, end + 1)) {
      results.push_back(conformance::RuleResultFromJson(json::parse(buffer.substr(0, end))));
    }
  }
  return results;
}

Outcome Try(const BrokenStore& broken, const std::vector<std::string>& rules, const Options& options) {
  std::vector<std::string> arguments = {
      "aether_selftest", "--judge",       std::string(broken.name),
      "--profile",       options.profile, "--seed",
      options.seed,      "--patience",    std::to_string(options.patience_seconds)};
  for (const std::string& rule : rules) arguments.insert(arguments.end(), {"--rules", rule});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int fds[2];
  if (pipe(fds) != 0) throw std::runtime_error("pipe failed");
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(fds[1], STDOUT_FILENO);
    close(fds[0]);
    close(fds[1]);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(fds[1]);
  const auto results = ReadResults(fds[0], std::chrono::seconds(options.call_limit_seconds));
  close(fds[0]);
  kill(pid, SIGKILL);  // does nothing to one that has ended and waits to be reaped
  int status = 0;
  waitpid(pid, &status, 0);

  Outcome outcome{std::string(broken.name), std::string(broken.rule), "survived", {}, 0};
  bool judged = false;
  for (const RuleResult& result : results) {
    if (result.id == broken.rule) {
      judged = true;
      outcome.seconds = result.seconds;
    }
    if (result.verdict == Verdict::kFailed) outcome.killed_by.push_back(result.id);
  }
  const bool own =
      std::find(outcome.killed_by.begin(), outcome.killed_by.end(), broken.rule) != outcome.killed_by.end();
  outcome.verdict = own                         ? "killed"
                    : !judged                   ? "crashed"
                    : outcome.killed_by.empty() ? "survived"
                                                : "killed_by_other";
  return outcome;
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

int Summarise(const std::vector<Outcome>& outcomes, const std::string& report) {
  std::vector<double> seconds;
  std::size_t killed = 0;
  json stores = json::array();
  for (const Outcome& outcome : outcomes) {
    killed += outcome.verdict == "killed" ? 1 : 0;
    seconds.push_back(outcome.seconds);
    stores.push_back({{"name", outcome.name},
                      {"rule", outcome.rule},
                      {"verdict", outcome.verdict},
                      {"killed_by", outcome.killed_by},
                      {"seconds", outcome.seconds}});
  }
  std::sort(seconds.begin(), seconds.end());
  std::printf("%zu of %zu broken stores are killed by the rule they break; median %.3f s, worst %.3f s\n",
              killed, outcomes.size(), seconds[seconds.size() / 2], seconds.back());
  if (!report.empty()) {
    std::filesystem::create_directories(report);
    std::ofstream file(std::filesystem::path(report) / "selftest.json");
    file << json{{"stores", stores}}.dump(2) << "\n";
    file.close();
    if (!file) throw std::runtime_error("cannot write " + report + "/selftest.json");
  }
  return killed == outcomes.size() ? 0 : 1;
}

int Main(int argc, char** argv) {
  if (conformance::IsPeer()) return conformance::RunPeer(FindSubject);
  conformance::AllowPeers();
  CLI::App app("Tries the kit against stores that are broken on purpose.");
  Options options;
  options.profile = "quick";
  options.patience_seconds = 2;
  std::string only;
  std::string judge;
  bool all = false;
  AddOptions(&app, &options);
  app.add_option("--store", only, "only the broken store of this name");
  app.add_flag("--all", all, "try every rule on every broken store, not only the one that it breaks");
  app.add_option("--judge", judge)->group("");  // the child's own
  try {
    app.parse(argc, argv);
    const Settings settings = SettingsOf(options);
    for (const std::string& name : {only, judge}) {
      if (!name.empty() && Find(name) == nullptr) {
        throw CLI::ValidationError("--store", "there is no broken store \"" + name + "\"");
      }
    }
    if (!judge.empty()) return Judge(*Find(judge), SelectRules(options), settings);
    std::vector<Outcome> outcomes;
    for (const BrokenStore& broken : AllBrokenStores()) {
      if (!only.empty() && broken.name != only) continue;
      const auto rules = all ? SelectRules(options) : std::vector<std::string>{std::string(broken.rule)};
      outcomes.push_back(Try(broken, rules, options));
      const Outcome& outcome = outcomes.back();
      std::printf("%-15s %-8s %-36s %6.3f s  %s\n", outcome.verdict.c_str(), outcome.rule.c_str(),
                  outcome.name.c_str(), outcome.seconds, Join(outcome.killed_by).c_str());
      std::fflush(stdout);
    }
    return Summarise(outcomes, options.report);
  } catch (const CLI::Error& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& exception) {
    std::cerr << "error: " << exception.what() << "\n";
    return 2;
  }
}

}  // namespace
}  // namespace aether::selftest

int main(int argc, char** argv) { return aether::selftest::Main(argc, argv); }
