// Numbers and names in words.

#include "words.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <map>

namespace aether::bench::compare {

namespace {

// `value` with as many decimals as make three significant digits.
std::string ThreeDigits(double value) {
  const int before = value == 0 ? 1 : static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
  const int decimals = std::clamp(3 - before, 0, 6);
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, value);
  return text;
}

std::string WithCommas(double value) {
  std::string digits = std::to_string(std::llround(value));
  for (int at = static_cast<int>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), ",");
  }
  return digits;
}

// To three significant digits, as a number.
double Rounded(double value) {
  if (value == 0) return 0;
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 2);
  return std::round(value / unit) * unit;
}

// Whether it has a column of its own, or is one of the percentiles, of which few are shown in numbers.
bool HasColumn(const std::string& counter) {
  const bool percentile = counter.size() > 1 && counter[0] == 'p' && std::isdigit(counter[1]);
  return percentile || counter == "max_us" || counter == "flushes_per_event";
}

}  // namespace

std::string Plain(double value) {
  return std::abs(value) < 1000 ? ThreeDigits(value) : WithCommas(Rounded(value));
}

std::string Figures(double value) {
  const double rounded = Rounded(value);
  return std::abs(rounded) < 1e6 ? Plain(value) : ThreeDigits(value / 1e6) + " M";
}

std::string PlusMinus(const Estimate& estimate) {
  if (!estimate.interval) return "±?";
  const double farthest =
      std::max(estimate.interval->high - estimate.median, estimate.median - estimate.interval->low);
  const double percent = farthest / estimate.median * 100;
  char text[32];
  std::snprintf(text, sizeof text, percent < 9.95 ? "±%.1f %%" : "±%.0f %%", percent);
  return text;
}

std::string Ratio(double value) {
  if (value >= 10 || value < 0.1) return Plain(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}

std::string InPercent(double fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%g %%", fraction * 100);
  return text;
}

std::string CaseWords(const Benchmark& benchmark) {
  if (benchmark.parameter.empty()) return benchmark.title;
  std::string parameter = benchmark.parameter;
  if (benchmark.value == 1 && parameter.ends_with("s")) parameter.pop_back();
  return benchmark.title + ", " + WithCommas(benchmark.value) + " " + parameter;
}

std::string DurabilityWords(const std::string& durability) {
  if (durability == "device") return "on the device";
  if (durability == "page cache") return "in the page cache";
  if (durability == "memory") return "in memory";
  return "of unknown durability";
}

std::optional<double> Counter(const Figure& figure, const std::string& name) {
  const auto found = figure.counters.find(name);
  return found == figure.counters.end() ? std::nullopt : std::optional(found->second);
}

std::string OtherCounters(const Figure& figure) {
  std::string text;
  for (const auto& [name, value] : figure.counters) {
    if (HasColumn(name)) continue;
    std::string label = name;
    std::string unit;
    for (const char* ending : {"_ms", "_us"}) {
      if (!label.ends_with(ending)) continue;
      unit = " " + label.substr(label.size() - 2);
      label.resize(label.size() - 3);
    }
    std::ranges::replace(label, '_', ' ');
    text += (text.empty() ? "" : ", ") + label + " " + Figures(value) + unit;
  }
  return text;
}

std::vector<CaseFigures> Cases(const Summary& summary, const std::string& durability) {
  std::vector<CaseFigures> cases;
  CaseFigures limits{{}, true};
  for (const Figure& figure : summary.figures) {
    if (figure.benchmark.durability != durability) continue;
    if (figure.benchmark.store == kLimits) {
      limits.figures.push_back(&figure);
    } else if (cases.empty() || cases.back().figures[0]->benchmark.Case() != figure.benchmark.Case()) {
      cases.push_back({{&figure}, false});
    } else {
      cases.back().figures.push_back(&figure);
    }
  }
  for (CaseFigures& one : cases) {
    std::ranges::stable_sort(one.figures, std::greater(),
                             [](const Figure* figure) { return figure->per_second.median; });
  }
  if (!limits.figures.empty()) cases.push_back(limits);
  return cases;
}

std::string OutcomeWords(Outcome outcome) {
  return outcome == Outcome::kMet ? "met" : outcome == Outcome::kNotMet ? "not met" : "not measured";
}

std::string Bound(const Aim& aim) {
  const double bound = aim.at_least ? *aim.at_least : *aim.at_most;
  char text[32];
  std::snprintf(text, sizeof text, "%g", bound);
  return (aim.at_least ? "at least " : "at most ") + (bound < 1000 ? std::string(text) : Figures(bound));
}

std::string Exponent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", std::abs(value) < 0.005 ? 0 : value);
  return text;
}

std::string ExponentWithInterval(const Estimate& estimate) {
  if (!estimate.interval) return Exponent(estimate.median);
  return Exponent(estimate.median) + " (" + Exponent(estimate.interval->low) + " to " +
         Exponent(estimate.interval->high) + ")";
}

std::string AgainstWords(const Judged& judged) {
  std::string words = judged.against.empty() ? "" : "against " + judged.against;
  std::string without;
  for (const std::string& name : judged.missing) {
    const bool one_of_several =
        judged.aim.to.size() > 1 && std::ranges::find(judged.aim.to, name) != judged.aim.to.end();
    without +=
        (without.empty() ? "without " : ", ") + (one_of_several ? name.substr(0, name.find('/')) : name);
  }
  return words + (words.empty() || without.empty() ? "" : ", ") + without;
}

std::string WithInterval(const Estimate& estimate) {
  const std::string median = estimate.median < 1000 ? Ratio(estimate.median) : Figures(estimate.median);
  if (!estimate.interval) return median;
  const auto end = [](double value) { return value < 1000 ? Ratio(value) : Figures(value); };
  return median + " (" + end(estimate.interval->low) + " to " + end(estimate.interval->high) + ")";
}

}  // namespace aether::bench::compare
