// aether_selftest: tries the broken stores and tells which rules catch them.
//
// Each store is judged in a process of its own, which is this program again, so that a crash or a hang of
// a broken store is told as such and is no catch.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "aether/rules.h"
#include "broken_store.h"
#include "options.h"
#include "report.h"
#include "rule_run.h"
#include "selftest_report.h"

namespace aether::selftest {
namespace {

using conformance::Options;
using conformance::RuleResult;
using conformance::Settings;
using conformance::Verdict;
using nlohmann::json;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

const BrokenStore* Find(std::string_view name) {
  const auto& all = AllBrokenStores();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const BrokenStore& s) { return s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// The child's side: judges the store and writes a line of JSON for each rule.
int Judge(const BrokenStore& broken, const std::vector<std::string>& rules, const Settings& settings) {
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

// Has `rules` judged in a child, and answers those that it got to.
std::vector<RuleResult> RunChild(const BrokenStore& broken, const std::vector<std::string>& rules,
                                 const Options& options) {
  std::vector<std::string> arguments = {"aether_selftest", "--judge",       std::string(broken.name),
                                        "--profile",       options.profile, "--seed",
                                        options.seed};
  for (const std::string& rule : rules) arguments.insert(arguments.end(), {"--rules", rule});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(fds[1], STDOUT_FILENO);
    execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(fds[1]);
  auto results = ReadResults(fds[0], std::chrono::seconds(options.call_limit_seconds));
  close(fds[0]);
  kill(pid, SIGKILL);  // does nothing to one that has ended and waits to be reaped
  int status = 0;
  waitpid(pid, &status, 0);
  return results;
}

Outcome Try(const BrokenStore& broken, std::vector<std::string> rules, const Options& options) {
  Outcome outcome;
  outcome.name = broken.name;
  outcome.rule = broken.rule;
  outcome.fault = broken.fault;
  bool judged = false;
  bool own = false;
  while (!rules.empty()) {
    const auto results = RunChild(broken, rules, options);
    for (const RuleResult& result : results) {
      if (result.id == broken.rule) {
        judged = result.verdict != Verdict::kErrored;
        own = result.verdict == Verdict::kFailed;
        outcome.seconds = result.seconds;
      }
      if (result.verdict != Verdict::kFailed) continue;
      outcome.killed_by.push_back(result.id);
      outcome.messages[result.id] = result.message;
    }
    // The rule in which the child died or hung is left out, and the others go on.
    rules.erase(rules.begin(), rules.begin() + static_cast<std::ptrdiff_t>(results.size()));
    if (rules.empty()) break;
    outcome.crashed_in.push_back(rules.front());
    rules.erase(rules.begin());
  }
  outcome.fate = own                         ? Fate::kKilled
                 : !judged                   ? Fate::kCrashed
                 : outcome.killed_by.empty() ? Fate::kSurvived
                                             : Fate::kKilledByOther;
  return outcome;
}

// Tries `stores`, several at a time, and shows each as soon as those before it are shown.
class Trials {
 public:
  Trials(std::vector<const BrokenStore*> stores, const Options& options, bool all)
      : stores_(std::move(stores)),
        options_(options),
        all_(all),
        outcomes_(stores_.size()),
        done_(stores_.size()) {}

  std::vector<Outcome> Run(unsigned jobs) {
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < std::min<std::size_t>(jobs, stores_.size()); ++i) {
      threads.emplace_back([this] { Work(); });
    }
    std::string_view area;
    for (std::size_t i = 0; i < stores_.size(); ++i) {
      ShowProgress(i);
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return done_[i] || failure_; });
      if (!done_[i]) break;
      lock.unlock();
      if (isatty(STDERR_FILENO)) std::fputs("\r\x1b[K", stderr);
      const Rule* rule = FindRule(outcomes_[i].rule);
      if (rule->area != area) std::printf("%s\n", Heading(area = rule->area, all_).c_str());
      std::printf("%s\n", Line(outcomes_[i], all_).c_str());
      std::fflush(stdout);
    }
    for (std::thread& thread : threads) thread.join();
    if (failure_) std::rethrow_exception(failure_);
    return std::move(outcomes_);
  }

 private:
  void Work() {
    try {
      for (std::size_t i; (i = next_++) < stores_.size();) {
        const BrokenStore& broken = *stores_[i];
        Outcome outcome =
            Try(broken, all_ ? SelectRules(options_) : std::vector{std::string(broken.rule)}, options_);
        const std::lock_guard lock(mutex_);
        outcomes_[i] = std::move(outcome);
        done_[i] = true;
        changed_.notify_all();
      }
    } catch (...) {
      const std::lock_guard lock(mutex_);
      failure_ = std::current_exception();
      changed_.notify_all();
    }
  }

  void ShowProgress(std::size_t shown) const {
    if (isatty(STDERR_FILENO)) std::fprintf(stderr, "\r\x1b[K%zu of %zu", shown, stores_.size());
  }

  const std::vector<const BrokenStore*> stores_;
  const Options& options_;
  const bool all_;
  std::atomic<std::size_t> next_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Outcome> outcomes_;
  std::vector<char> done_;
  std::exception_ptr failure_;
};

void AddSelftestOptions(CLI::App* app, Options* options) {
  app->add_option("--profile", options->profile,
                  "how much each rule tries: quick, standard, thorough, soak")
      ->check(CLI::IsMember({"quick", "standard", "thorough", "soak"}))
      ->capture_default_str();
  app->add_option("--seed", options->seed, "what the inputs are generated from: a number, or random")
      ->capture_default_str();
  app->add_option("--report", options->report, "write selftest.json and selftest.html into this directory");
  app->add_option("--call-limit", options->call_limit_seconds, "seconds after which a rule hangs")
      ->check(CLI::Range(1, 86400))
      ->capture_default_str();
  app->add_option("--rules", options->rules)->group("");  // the child's own
}

int Main(int argc, char** argv) {
  if (conformance::IsPeer()) return conformance::RunPeer(FindSubject);
  conformance::AllowPeers();
  CLI::App app("Tries the kit against stores that are broken on purpose.");
  Options options;
  options.profile = "quick";
  options.patience_seconds = 1;  // broken stores are in memory: what comes comes at once
  std::string only;
  std::string judge;
  bool all = false;
  unsigned jobs = 0;
  AddSelftestOptions(&app, &options);
  app.add_option("--store", only, "only the broken store of this name");
  app.add_flag("--all", all, "try every rule on every broken store, not only the one that it breaks");
  app.add_option("--jobs", jobs,
                 "how many stores to try at a time (default: 1, with --all 2 for each core)");
  app.add_option("--judge", judge)->group("");  // the child's own
  try {
    app.parse(argc, argv);
    Selftest selftest;
    selftest.settings = SettingsOf(options);
    for (const std::string& name : {only, judge}) {
      if (!name.empty() && Find(name) == nullptr) {
        throw CLI::ValidationError("--store", "there is no broken store \"" + name + "\"");
      }
    }
    // Shorter than a child may take for a rule, so that the rule has the last word.
    selftest.settings.call_limit = std::chrono::seconds(1);
    if (!judge.empty()) return Judge(*Find(judge), SelectRules(options), selftest.settings);
    options.seed = std::to_string(selftest.settings.seed);  // the one number for all, when it was random
    std::vector<const BrokenStore*> stores;
    for (const BrokenStore& broken : AllBrokenStores()) {
      if (only.empty() || broken.name == only) stores.push_back(&broken);
    }
    // Most of a rule's time on a broken store is waiting. Races get the cores for themselves without --all.
    if (jobs == 0) jobs = all ? 2 * std::max(1U, std::thread::hardware_concurrency()) : 1;
    const auto start = Clock::now();
    selftest.all = all;
    selftest.outcomes = Trials(stores, options, all).Run(jobs);
    selftest.seconds = SecondsSince(start);
    std::printf("\n%s", Summary(selftest).c_str());
    if (!options.report.empty()) WriteReports(options.report, selftest);
    return selftest.Good() ? 0 : 1;
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
