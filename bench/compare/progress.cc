// How far the run is.

#include "progress.h"

#include <unistd.h>

#include <cmath>
#include <cstdio>

namespace aether::bench::compare {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPause{30};  // between two lines where no terminal is

}  // namespace

std::string DurationWords(double seconds) {
  const long whole = std::lround(std::ceil(seconds));
  if (whole < 100) return std::to_string(whole) + " s";
  const long minutes = (whole + 59) / 60;
  if (minutes < 60) return std::to_string(minutes) + " min";
  return std::to_string(minutes / 60) + " h " + (minutes % 60 < 10 ? "0" : "") +
         std::to_string(minutes % 60) + " min";
}

Progress::Progress(const Plan& plan, const Settings& settings)
    : plan_(plan),
      rounds_(settings.repetitions),
      terminal_(isatty(STDERR_FILENO) == 1),
      seconds_(plan.series.size(), settings.seconds),
      left_(plan.series.size(), settings.repetitions),
      told_(Clock::now() - kPause) {}

void Progress::Start(int round, std::size_t series) {
  started_ = Clock::now();
  if (!terminal_ && started_ - told_ < kPause) return;
  told_ = started_;
  const Benchmark& benchmark = plan_.series[series].benchmark;
  std::fprintf(stderr, "%sround %d/%d  %s%s  %s left%s", terminal_ ? "\r\x1b[K" : "", round + 1, rounds_,
               benchmark.name.c_str(), plan_.series[series].baseline ? " (baseline)" : "",
               DurationWords(SecondsLeft()).c_str(), terminal_ ? "" : "\n");
}

void Progress::Done(std::size_t series, int left) {
  seconds_[series] = std::chrono::duration<double>(Clock::now() - started_).count();
  left_[series] = left;
}

void Progress::Tell(const std::string& text) {
  End();
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Progress::End() {
  if (terminal_) std::fprintf(stderr, "\r\x1b[K");
}

double Progress::SecondsLeft() const {
  double sum = 0;
  for (std::size_t i = 0; i < left_.size(); ++i) sum += left_[i] * seconds_[i];
  return sum;
}

}  // namespace aether::bench::compare
