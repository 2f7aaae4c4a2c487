// The run.

#include "measure.h"

#include <set>

#include "interrupts.h"
#include "progress.h"

namespace aether::bench::compare {

namespace {

class Run {
 public:
  Run(const Settings& settings, const WorkerOptions& options, Plan* plan)
      : settings_(settings), options_(options), plan_(*plan), progress_(*plan, settings) {
    for (const Series& series : plan->series) needed_.insert(series.program);
  }

  Measured All() {
    for (const std::size_t program : needed_) Start(program);
    for (int round = 0; round < settings_.repetitions; ++round) {
      if (round > 0 && settings_.rounds_a_process > 0 && round % settings_.rounds_a_process == 0)
        StartAgain();
      for (const std::size_t i : plan_.Order(round)) {
        if (conformance::Interrupted()) break;
        Once(round, i);
      }
    }
    measured_.interrupted = conformance::Interrupted();
    if (!measured_.interrupted) End();
    progress_.End();
    return std::move(measured_);
  }

 private:
  void Start(std::size_t program) {
    workers_[program] = std::make_unique<Worker>(plan_.programs[program], options_);
    measured_.versions[program] = workers_[program]->versions();
  }

  void StartAgain() {
    End();
    for (const std::size_t program : needed_) {
      if (broken_.contains(program)) continue;
      Guard(program, [&] { Start(program); });
    }
  }

  void End() {
    for (auto& [program, worker] : workers_) {
      if (!broken_.contains(program)) Guard(program, [&] { worker->End(); });
    }
    workers_.clear();
  }

  // It is not asked again.
  static bool IsDone(const Series& series) {
    return !series.trouble.empty() || !series.not_offered.empty();
  }

  void Once(int round, std::size_t i) {
    Series& series = plan_.series[i];
    if (IsDone(series) || broken_.contains(series.program)) return;
    progress_.Start(round, i);
    Guard(series.program, [&] {
      Answer answer = workers_[series.program]->Measure(series.benchmark.name);
      answer.repetition.round = round;
      series.not_offered = answer.not_offered;
      series.trouble = answer.error;
      if (!IsDone(series)) series.repetitions.push_back(std::move(answer.repetition));
      if (answer.error.empty()) return;
      Tell(series.benchmark.name + (series.baseline ? " (baseline): " : ": ") + answer.error);
    });
    progress_.Done(i, IsDone(series) ? 0 : settings_.repetitions - round - 1);
  }

  // Does what a program takes part in. When it breaks, its figures that are not complete tell so.
  template <typename Action>
  void Guard(std::size_t program, Action action) {
    std::string trouble;
    try {
      action();
      return;
    } catch (const Broken& broken) {
      trouble = broken.what();
    } catch (const std::runtime_error&) {
      if (!conformance::Interrupted()) throw;
      return;  // the run ends with what there is
    }
    broken_.insert(program);
    Tell(trouble);
    for (std::size_t i = 0; i < plan_.series.size(); ++i) {
      Series& series = plan_.series[i];
      if (series.program != program || IsDone(series)) continue;
      if (static_cast<int>(series.repetitions.size()) == settings_.repetitions) continue;
      series.trouble = trouble;
      progress_.Done(i, 0);
    }
  }

  void Tell(const std::string& trouble) {
    measured_.troubles.push_back(trouble);
    progress_.Tell(trouble);
  }

  const Settings& settings_;
  const WorkerOptions& options_;
  Plan& plan_;
  Progress progress_;
  Measured measured_;
  std::set<std::size_t> needed_;
  std::set<std::size_t> broken_;
  std::map<std::size_t, std::unique_ptr<Worker>> workers_;
};

}  // namespace

Measured Measure(const Settings& settings, const WorkerOptions& options, Plan* plan) {
  return Run(settings, options, plan).All();
}

}  // namespace aether::bench::compare
