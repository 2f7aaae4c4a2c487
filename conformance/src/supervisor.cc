// The supervisor and its child.
//
// The child is told what to do by an environment variable that holds JSON, answers with a line of JSON for
// each thing that happens on a pipe, and shares a heartbeat.

#include "supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <thread>

#include "aether/conformance/run_rule.h"
#include "aether/rules.h"
#include "common/interrupts.h"
#include "heartbeat.h"
#include "peer.h"
#include "rule_run.h"
#include "scratch.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;
using nlohmann::json;

constexpr const char* kChildVariable = "AETHER_CONFORMANCE_CHILD";

// ---- the child's side

// Of the process that runs the rules.
struct Session {
  Settings settings;
  std::function<void(const json& message)> send;  // none: nobody listens, a plain GoogleTest program
};

Session session;

void Send(const json& message) {
  if (session.send) session.send(message);
}

void SendThrough(int pipe, const json& message) {
  const std::string line = message.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = write(pipe, line.data() + sent, line.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) _exit(3);  // the supervisor is gone
    sent += static_cast<std::size_t>(n);
  }
}

// The capabilities of `subject`, found out once; nothing when its adapter is broken.
std::optional<Capabilities> Offered(const Subject& subject, std::string* error) {
  static std::map<const Subject*, std::pair<std::optional<Capabilities>, std::string>> known;
  auto [entry, is_new] = known.try_emplace(&subject);
  if (is_new) {
    try {
      entry->second.first = FindOut(subject);
      Send({{"capabilities", ToJson(*entry->second.first)}});
    } catch (const std::exception& exception) {
      entry->second.second = exception.what();
      Send({{"adapter_error", entry->second.second}});
    }
  }
  *error = entry->second.second;
  return entry->second.first;
}

// Runs the tests of these rules once each, in order, whatever the environment asks of GoogleTest.
void RunTests(const std::vector<std::string>& rules) {
  std::string filter;
  for (std::string test : rules) {
    std::replace(test.begin(), test.end(), '-', '_');
    filter += (filter.empty() ? "" : ":") + ("*." + test);
  }
  for (const char* variable : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_SHARD_STATUS_FILE"}) {
    unsetenv(variable);
  }
  int argc = 1;
  char name[] = "conformance";
  char* argv[] = {name, nullptr};
  testing::InitGoogleTest(&argc, argv);
  testing::GTEST_FLAG(filter) = filter;
  testing::GTEST_FLAG(repeat) = 1;
  testing::GTEST_FLAG(shuffle) = false;
  testing::GTEST_FLAG(fail_fast) = false;
  testing::GTEST_FLAG(break_on_failure) = false;
  testing::GTEST_FLAG(throw_on_failure) = false;
  testing::GTEST_FLAG(output) = "";
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  [[maybe_unused]] const int ignored = RUN_ALL_TESTS();  // verdicts are sent
}

// Where the adapter may put files. TMPDIR for all that has never heard of the other, such as a server's own
// directory.
void NameScratch(const Scratch& scratch) {
  for (const char* variable : {"AETHER_SCRATCH", "TMPDIR"}) setenv(variable, scratch.path().c_str(), 1);
}

}  // namespace

void RunRule(const Subject& subject, std::string_view rule_id) {
  RuleResult result;
  result.id = rule_id;
  Send({{"start", rule_id}});
  std::string error;
  if (const auto offered = Offered(subject, &error)) {
    result = RunProperty(subject, *offered, rule_id, session.settings);
  } else {
    result.message = error;
  }
  Send({{"result", ToJson(result)}});
  StoreReport report;
  report.settings = session.settings;
  report.replay = "this program";
  switch (result.verdict) {
    case Verdict::kPassed:
      break;
    case Verdict::kNotOffered:
      GTEST_SKIP() << result.message;
      break;
    default:
      ADD_FAILURE() << Explain(report, result);
  }
}

void EndAsBroken(const std::string& what) {
  Send({{"broken", what}});
  if (!session.send && !TellBroken(what)) std::fprintf(stderr, "%s\n", what.c_str());
  _exit(3);
}

bool IsChild() { return std::getenv(kChildVariable) != nullptr; }

int RunChild() {
  const json task = json::parse(std::getenv(kChildVariable));
  unsetenv(kChildVariable);  // not for the store's own children
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  // Not for the store's own children, and out of the way of a store that closes what is not its own.
  const int pipe = fcntl(task.at("pipe").get<int>(), F_DUPFD_CLOEXEC, 500);
  close(task.at("pipe").get<int>());
  session.send = [pipe](const json& message) { SendThrough(pipe, message); };
  session.settings.seed = task.at("seed");
  session.settings.profile = static_cast<Profile>(task.at("profile").get<int>());
  session.settings.patience = std::chrono::milliseconds(task.at("patience_ms").get<int>());
  session.settings.call_limit = std::chrono::milliseconds(task.at("call_limit_ms").get<int>());
  ShareHeartbeat(task.at("heartbeat"));
  RunTests(task.at("rules"));  // verdicts go through the pipe
  Send({{"done", true}});
  return 0;
}

// ---- the supervisor's side

namespace {

std::string LastLines(const std::filesystem::path& file, std::size_t most) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    lines.push_back(line);
    if (lines.size() > most) lines.erase(lines.begin());
  }
  std::string text;
  for (const std::string& line : lines) text += "\n" + line;
  return text;
}

class Child {
 public:
  Child(const Supervision& supervision, const std::vector<std::string>& rules)
      : supervision_(supervision), output_(scratch_.path() / "output.txt") {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) throw std::runtime_error(std::string("pipe: ") + std::strerror(errno));
    pipe_ = fds[0];
    const json task = {{"pipe", fds[1]},
                       {"heartbeat", monitor_.fd()},
                       {"seed", supervision.settings.seed},
                       {"profile", static_cast<int>(supervision.settings.profile)},
                       {"patience_ms", supervision.settings.patience.count()},
                       {"call_limit_ms", supervision.settings.call_limit.count()},
                       {"rules", rules}};
    pid_ = fork();
    if (pid_ == 0) Exec(fds[1], task.dump());
    setpgid(pid_, pid_);  // here as well, so that it is one before anybody signals it
    close(fds[1]);
    if (pid_ < 0) throw std::runtime_error(std::string("fork: ") + std::strerror(errno));
  }

  ~Child() {
    if (pid_ > 0) {
      trouble_ = "abandoned";
      (void)End();
    }
    close(pipe_);
  }

  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // The next message; nothing at the end, or when the child hangs or talks nonsense.
  std::optional<json> Next(Clock::time_point deadline) {
    while (true) {
      if (const std::size_t end = buffer_.find('\n'); end != std::string::npos) {
        json message = json::parse(buffer_.substr(0, end), nullptr, false);
        buffer_.erase(0, end + 1);
        if (message.is_object()) return message;
        trouble_ = "was ended since something else was written on the kit's own pipe";
        return std::nullopt;
      }
      if (Interrupted()) throw std::runtime_error("interrupted");
      pollfd waiting = {pipe_, POLLIN, 0};
      if (poll(&waiting, 1, 200) > 0) {
        char chunk[65536];
        const ssize_t n = read(pipe_, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return std::nullopt;
        buffer_.append(chunk, static_cast<std::size_t>(n));
        continue;
      }
      const auto oldest = monitor_.oldest_call();
      if (oldest && oldest->age > supervision_.call_limit) {
        trouble_ = "was ended since a call did not return within " +
                   std::to_string(supervision_.call_limit.count()) + " s";
        return std::nullopt;
      }
      if (Clock::now() > deadline) {
        trouble_ = "was ended since the rule took too long";
        return std::nullopt;
      }
    }
  }

  // The call that runs now, the oldest if there are several; to be asked before End().
  std::string RunningCall() const {
    const auto oldest = monitor_.oldest_call();
    return oldest ? "; it was in " + oldest->call : "";
  }

  // Ends the child, at once if it has given trouble and after a while otherwise, and says how it ended.
  std::string End() {
    for (int waited = 0; trouble_.empty() && waited < 5000; waited += 10) {
      siginfo_t info = {};
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
          info.si_pid != 0) {
        break;
      }
      if (waited == 4990) trouble_ = "was ended since it did not end by itself";
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    kill(-pid_, SIGKILL);  // the store's own children as well
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (!trouble_.empty()) return trouble_;
    if (WIFSIGNALED(status)) return std::string("died of ") + strsignal(WTERMSIG(status));
    if (WEXITSTATUS(status) != 0) return "ended with exit code " + std::to_string(WEXITSTATUS(status));
    return "";
  }

  std::string Output() const { return supervision_.verbose ? "" : LastLines(output_, 25); }

 private:
  [[noreturn]] void Exec(int pipe, const std::string& task) {
    setpgid(0, 0);
    fcntl(pipe, F_SETFD, 0);
    fcntl(monitor_.fd(), F_SETFD, 0);
    setenv(kChildVariable, task.c_str(), 1);
    NameScratch(scratch_);
    if (!supervision_.verbose) {
      const int out = open(output_.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
    }
    execl("/proc/self/exe", "conformance", nullptr);
    _exit(127);
  }

  const Supervision& supervision_;
  Scratch scratch_{"aether-conformance"};
  std::filesystem::path output_;
  HeartbeatMonitor monitor_;
  int pipe_ = -1;
  pid_t pid_ = -1;
  std::string buffer_;
  std::string trouble_;  // why it has to be ended
};

RuleResult Errored(const std::string& rule_id, const std::string& message) {
  RuleResult result;
  result.id = rule_id;
  result.verdict = Verdict::kErrored;
  result.message = message;
  return result;
}

constexpr const char* kNoTest = "no test of this program tries the rule: is AETHER_CONFORMANCE in it?";

// No rule takes longer than this, however many calls it makes.
std::chrono::seconds RuleLimit(Profile profile) {
  return profile <= Profile::kStandard ? std::chrono::minutes(10) : std::chrono::hours(25);
}

}  // namespace

void Supervise(const Supervision& supervision, StoreReport* report,
               const std::function<void(const std::string&)>& on_start,
               const std::function<void(const RuleResult&)>& on_result) {
  const InterruptsNoted interrupts;
  const auto started = Clock::now();
  std::vector<std::string> remaining = supervision.rules;
  const auto record = [&](const RuleResult& result) {
    std::erase(remaining, result.id);
    report->rules.push_back(result);
    on_result(result);
  };
  while (!remaining.empty()) {
    Child child(supervision, remaining);
    std::string current;
    std::string broken;
    std::string ended_as;
    bool known = false;
    bool done = false;
    auto deadline = Clock::now() + RuleLimit(supervision.settings.profile);
    while (const auto message = child.Next(deadline)) {
      if (message->contains("start")) {
        current = message->at("start");
        deadline = Clock::now() + RuleLimit(supervision.settings.profile);
        on_start(current);
      } else if (message->contains("capabilities")) {
        report->offered = CapabilitiesFromJson(message->at("capabilities"));
        known = true;
      } else if (message->contains("adapter_error")) {
        broken = message->at("adapter_error");
      } else if (message->contains("broken")) {
        ended_as = message->at("broken");
      } else if (message->contains("result")) {
        if (broken.empty()) record(RuleResultFromJson(message->at("result")));
        current.clear();
      } else if (message->contains("done")) {
        done = true;
      }
    }
    const std::string running = child.RunningCall();
    const std::string end = child.End();
    const auto record_rest = [&](const std::string& why) {
      for (const std::string& id : std::vector<std::string>(remaining)) record(Errored(id, why));
    };
    const std::string death =
        ended_as.empty() ? "the process " + (end.empty() ? "ended early" : end) + running + child.Output()
                         : ended_as + running + child.Output();
    if (!broken.empty()) {
      record_rest(broken);
    } else if (!known) {
      record_rest("the store could not be tried at all: " + death);
    } else if (!current.empty()) {
      record(Errored(current, death));
    } else if (!remaining.empty()) {
      // Not in the midst of a rule: the program does not hold the tests, or dies at its start or end.
      record_rest(done ? kNoTest : death);
    } else if (!end.empty()) {
      // Everything was judged, and then the end went wrong: a sanitizer's report, a crash in a destructor.
      RuleResult& last = report->rules.back();
      if (last.verdict == Verdict::kPassed) last.verdict = Verdict::kErrored;
      last.message += (last.message.empty() ? "" : "\n") + ("after this rule, the last, " + death);
    }
  }
  report->seconds = std::chrono::duration<double>(Clock::now() - started).count();
}

void RunInThisProcess(const Supervision& supervision, StoreReport* report,
                      const std::function<void(const std::string&)>& on_start,
                      const std::function<void(const RuleResult&)>& on_result) {
  const Scratch scratch("aether-conformance");
  NameScratch(scratch);
  const auto started = Clock::now();
  std::vector<std::string> remaining = supervision.rules;
  const auto record = [&](const RuleResult& result) {
    std::erase(remaining, result.id);
    report->rules.push_back(result);
    on_result(result);
  };
  session.settings = supervision.settings;
  session.send = [&](const json& message) {
    if (message.contains("start")) on_start(message.at("start"));
    if (message.contains("capabilities"))
      report->offered = CapabilitiesFromJson(message.at("capabilities"));
    if (message.contains("result")) record(RuleResultFromJson(message.at("result")));
    if (message.contains("broken"))
      std::fprintf(stderr, "%s\n", message.at("broken").get_ref<const std::string&>().c_str());
  };
  RunTests(supervision.rules);
  session.send = nullptr;
  for (const std::string& id : std::vector<std::string>(remaining)) record(Errored(id, kNoTest));
  report->seconds = std::chrono::duration<double>(Clock::now() - started).count();
}

}  // namespace aether::conformance
