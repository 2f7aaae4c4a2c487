// Numbers and names in words, the same in every table.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "results.h"

namespace aether::bench::compare {

// Three significant digits: "0.213", "17,800", "2.31 M".
std::string Figures(double value);

// "12.3", at three significant digits, without thousands turned to millions; for microseconds and the like.
std::string Plain(double value);

// The greatest distance of the interval's ends from the median: "±3 %", or "±?" when there is no interval.
std::string PlusMinus(const Estimate& estimate);

// "0.87", of a ratio.
std::string Ratio(double value);

// "5 %", of 0.05.
std::string InPercent(double fraction);

// "append, 8 threads", "replay of 1,000 events": the case as people say it.
std::string CaseWords(const Benchmark& benchmark);

// "on the device", "in the page cache", "in memory", "unknown durability".
std::string DurabilityWords(const std::string& durability);

// The counters that have no column of their own: "fairness 0.98, open 3.2 ms".
std::string OtherCounters(const Figure& figure);

// A counter, or nothing.
std::optional<double> Counter(const Figure& figure, const std::string& name);

// Figures of one durability, the limits last, grouped by case in the order of the run; within a case the
// fastest first.
struct CaseFigures {
  std::vector<const Figure*> figures;
  bool is_limit = false;
};
std::vector<CaseFigures> Cases(const Summary& summary, const std::string& durability);

// "met", "not met", "not measured".
std::string OutcomeWords(Outcome outcome);

// "0.07", and "0.07 (0.05 to 0.09)".
std::string Exponent(double value);
std::string ExponentWithInterval(const Estimate& estimate);

// What an aim is judged against and without: "against redis/append, without lmdb".
std::string AgainstWords(const Judged& judged);

// What an aim asks for: "at least 1.3".
std::string Bound(const Aim& aim);

// "1.52 (1.49 to 1.60)".
std::string WithInterval(const Estimate& estimate);

}  // namespace aether::bench::compare
