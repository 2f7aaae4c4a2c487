// RuleRun: the trials of a rule, and the verdict.

#include "rule_run.h"

#include <rapidcheck.h>

#include <algorithm>
#include <exception>
#include <unordered_map>

#include "aether/rules.h"
#include "heartbeat.h"
#include "peer.h"
#include "properties.h"

namespace aether::conformance {

namespace {

using Clock = std::chrono::steady_clock;

// Ends the property: the result is already known.
struct Ended {};

// After its first failure a rule is shrunk for so long at most.
constexpr auto kShrinkTime = std::chrono::seconds(10);

std::chrono::seconds TimeLimit(Profile profile) {
  switch (profile) {
    case Profile::kQuick:
      return std::chrono::seconds(60);
    case Profile::kStandard:
      return std::chrono::minutes(5);
    case Profile::kThorough:
      return std::chrono::hours(1);
    case Profile::kSoak:
      return std::chrono::hours(24);
  }
  return std::chrono::minutes(5);
}

double Factor(Profile profile) {
  switch (profile) {
    case Profile::kQuick:
      return 0.2;
    case Profile::kStandard:
      return 1;
    case Profile::kThorough:
      return 10;
    case Profile::kSoak:
      return 100;
  }
  return 1;
}

// A seed that depends on the run's seed and the rule only, so that one rule alone gets the same inputs.
std::uint64_t SeedOf(std::uint64_t seed, std::string_view rule_id) {
  std::uint64_t hash = 14695981039346656037ULL ^ seed;  // FNV-1a
  for (unsigned char c : rule_id) hash = (hash ^ c) * 1099511628211ULL;
  return hash;
}

class CaseCounter final : public rc::detail::TestListener {
 public:
  explicit CaseCounter(int* cases) : cases_(cases) {}
  void onTestCaseFinished(const rc::detail::CaseDescription&) override { ++*cases_; }
  void onShrinkTried(const rc::detail::CaseDescription&, bool) override {}
  void onTestFinished(const rc::detail::TestMetadata&, const rc::detail::TestResult&) override {}

 private:
  int* cases_;
};

}  // namespace

RuleRun::RuleRun(const Subject& subject, const Capabilities& offered, std::string rule_id,
                 const Settings& settings)
    : subject_(subject),
      offered_(offered),
      rule_id_(std::move(rule_id)),
      settings_(settings),
      first_seed_(conformance::SeedOf(settings.seed, rule_id_)),
      next_seed_(first_seed_),
      started_(Clock::now()) {
  result_.id = rule_id_;
  result_.verdict = Verdict::kPassed;
}

RuleRun::~RuleRun() { CloseHandles(); }

Storage& RuleRun::storage() {
  if (!storage_) {
    const CallInProgress in_progress("the adapter's constructor");
    try {
      storage_ = subject_.make();
      servers_broken_ = false;  // its own are whole
    } catch (const std::exception& exception) {
      throw AdapterError(std::string("the adapter's constructor threw: ") + exception.what());
    }
  }
  return *storage_;
}

Result<void> RuleRun::Mend() {
  if (!servers_broken_ || !storage_) return {};
  const auto mended = storage().MendServers();
  if (mended) servers_broken_ = false;
  return mended;
}

void RuleRun::Measure(const std::string& name, double value, const std::string& unit) {
  result_.figures.push_back({name, value, unit});
}

void RuleRun::Abandon() {
  // What the call that does not return may still use is never destroyed.
  for (auto& handle : handles_) (void)handle.release();
  for (auto& handle : extra_handles_) (void)handle.release();
  (void)storage_.release();
  handles_.clear();
  extra_handles_.clear();
}

void RuleRun::CloseHandles() {
  (void)Mend();  // an error shows by what comes after
  const CallInProgress in_progress("closing the handles");
  peer_.reset();
  extra_handles_.clear();
  handles_.clear();
}

bool RuleRun::HalfTheTimeIsGone() const {
  return Clock::now() > started_ + TimeLimit(settings_.profile) / 2;
}

int RuleRun::Scaled(int standard, int least) const {
  return std::max(least, static_cast<int>(standard * Factor(settings_.profile)));
}

void RuleRun::RunTrial(const std::function<void(Trial&)>& body) {
  if (failed_ && (failed_->verdict != Verdict::kFailed || Clock::now() > failed_at_ + kShrinkTime)) {
    return;  // nothing more to learn: let the search end
  }
  Trial trial(this);
  const auto end = [&](Verdict verdict, const std::string& message, const std::string& expected = "",
                       const std::string& actual = "") {
    if (!failed_) failed_at_ = Clock::now();
    failed_ = result_;
    failed_->verdict = verdict;
    failed_->message = message;
    failed_->expected = expected;
    failed_->actual = actual;
    failed_->counterexample = trial.timeline_.Lines();
    failed_->timeline = trial.timeline_.Drawn();
    CloseHandles();
    storage_.reset();  // the next trial starts afresh: a storage that failed is no ground to judge on
  };
  // A rule that has failed stays failed: a trial of the shrinking that says nothing is no smaller case.
  const auto no_smaller_case = [&] {
    if (!failed_) return false;
    CloseHandles();
    storage_.reset();
    return true;
  };
  try {
    if (!failed_ && Clock::now() > started_ + TimeLimit(settings_.profile)) {
      throw Inconclusive("out of time after " + std::to_string(result_.cases) + " cases");
    }
    body(trial);
    trial.MendServers();
    extra_handles_.clear();
  } catch (const Failure& failure) {
    end(Verdict::kFailed, failure.what(), failure.expected, failure.actual);
    if (!failure.timeline.empty()) {
      failed_->counterexample = failure.timeline;
      failed_->timeline.clear();  // the picture shows what counts of it
    }
    failed_->picture = failure.picture;
    throw;
  } catch (const AdapterError& error) {
    if (no_smaller_case()) return;
    end(Verdict::kErrored, error.what());
    throw;
  } catch (const Inconclusive& inconclusive) {
    if (no_smaller_case()) return;
    end(Verdict::kInconclusive, inconclusive.what());
    throw;
  } catch (const rc::GenerationFailure&) {
    throw;
  } catch (const std::exception& exception) {
    end(Verdict::kErrored, std::string("the kit itself failed: ") + exception.what());
    throw;
  }
}

void RuleRun::ForAll(int standard, const std::function<void(Trial&)>& body) {
  rc::detail::TestParams params;
  params.seed = next_seed_++;
  params.maxSuccess = Scaled(standard);
  CaseCounter counter(&result_.cases);
  // The form that takes everything as arguments: the others read RC_PARAMS from the environment.
  const std::unordered_map<std::string, rc::detail::Reproduce> nothing_to_reproduce;
  const auto outcome = rc::detail::checkTestable([&] { RunTrial(body); }, rc::detail::TestMetadata(),
                                                 params, counter, nothing_to_reproduce);
  if (!failed_ && !outcome.is<rc::detail::SuccessResult>()) {
    failed_ = result_;
    failed_->verdict = Verdict::kErrored;
    std::ostringstream text;
    rc::detail::printResultMessage(outcome, text);
    failed_->message = "the kit's generators failed: " + text.str();
  }
  if (failed_) throw Ended();
}

void RuleRun::Once(const std::function<void(Trial&)>& body) {
  ++result_.cases;
  try {
    RunTrial(body);
  } catch (...) {
    if (!failed_) throw;
    throw Ended();
  }
}

void RuleRun::Rounds(int count, const std::function<void(Trial&, int)>& body) {
  for (int round = 0; round < count; ++round) {
    Once([&](Trial& trial) { body(trial, round); });
  }
}

RuleResult RunProperty(const Subject& subject, const Capabilities& offered, std::string_view rule_id,
                       const Settings& settings) {
  const auto started = Clock::now();
  RuleResult result;
  result.id = rule_id;
  const Rule* rule = FindRule(rule_id);
  const Property* property = FindProperty(rule_id);
  if (rule == nullptr || property == nullptr) {
    result.message = "no such rule";
    return result;
  }
  for (std::string_view capability : rule->capabilities) {
    if (Offers(offered, capability)) continue;
    result.verdict = Verdict::kNotOffered;
    result.message = "needs the capability \"" + std::string(capability) + "\"";
    return result;
  }
  {
    RuleRun run(subject, offered, std::string(rule_id), settings);
    try {
      property->run(run);
      result = run.result_;
    } catch (const Ended&) {
      result = *run.failed_;
      result.cases = run.result_.cases;
    } catch (const std::exception& exception) {
      result.message = std::string("the kit itself failed: ") + exception.what();
    }
  }
  result.seconds = std::chrono::duration<double>(Clock::now() - started).count();
  return result;
}

}  // namespace aether::conformance
