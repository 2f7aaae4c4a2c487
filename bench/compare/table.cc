// A run as text for people.

#include "table.h"

#include <algorithm>

#include "words.h"

namespace aether::bench::compare {

namespace {

using Row = std::vector<std::string>;

// As wide as it looks: "±" has two bytes.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

// Columns two spaces apart, the first `left` and the last to the left, the others to the right.
std::string Aligned(const std::vector<Row>& rows, std::size_t left) {
  std::vector<std::size_t> widths(rows[0].size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::string space(widths[i] - Width(row[i]), ' ');
      const bool to_the_left = i < left || i + 1 == row.size();
      line += (line.empty() ? "" : "  ") + (to_the_left ? row[i] + space : space + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string CounterWords(const Figure& figure, const std::string& name) {
  const auto value = Counter(figure, name);
  return value ? Plain(*value) : "";
}

Row RowOf(const Figure& figure, int repetitions) {
  std::string rest = OtherCounters(figure);
  if (static_cast<int>(figure.repetitions) < repetitions) {
    rest = std::to_string(figure.repetitions) + " of " + std::to_string(repetitions) + " repetitions" +
           (rest.empty() ? "" : "; " + rest);
  }
  return {figure.benchmark.Case(),
          figure.benchmark.store,
          figure.benchmark.durability,
          Figures(figure.per_second.median),
          PlusMinus(figure.per_second),
          CounterWords(figure, "p50_us"),
          CounterWords(figure, "p99_us"),
          CounterWords(figure, "max_us"),
          CounterWords(figure, "flushes_per_event"),
          figure.of_limit ? Ratio(figure.of_limit->median) : "",
          rest};
}

std::string FiguresOf(const Results& results, const std::string& durability) {
  const std::vector<CaseFigures> cases = Cases(results.summary, durability);
  if (cases.empty()) return "";
  std::vector<Row> rows = {{"workload", "store", "durability", "per second", "±", "p50 us", "p99 us",
                            "max us", "flushes/event", "of limit", ""}};
  for (const CaseFigures& one : cases) {
    for (const Figure* figure : one.figures) rows.push_back(RowOf(*figure, results.settings.repetitions));
  }
  for (std::size_t column = 5; column + 1 < rows[0].size(); ++column) {
    const auto empty = [&](const Row& row) { return row[column].empty(); };
    if (std::all_of(rows.begin() + 1, rows.end(), empty)) rows[0][column].clear();
  }
  return "\n" + Aligned(rows, 3);
}

std::string GrowthOf(const Results& results) {
  if (results.summary.growth.empty()) return "";
  std::vector<Row> rows = {{"growth of", "store", "durability", "exponent", "at the end", "expected", ""}};
  for (const Growth& growth : results.summary.growth) {
    rows.push_back({growth.workload + " with " + growth.parameter, growth.store, growth.durability,
                    ExponentWithInterval(growth.exponent), Exponent(growth.last_exponent),
                    Exponent(growth.expected), growth.worse ? "WORSE THAN IT SHOULD BE" : ""});
  }
  return "\n" + Aligned(rows, 3);
}

std::string Percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f %%", (1 - ratio) * 100);
  return text;
}

std::string ComparisonOf(const Comparison& comparison) {
  std::string text = "\ncompared with " + comparison.with + ": ";
  const auto slower =
      std::ranges::count_if(comparison.figures, [](const Compared& one) { return one.slower; });
  text += slower == 0 ? "nothing" : std::to_string(slower);
  text += " of " + std::to_string(comparison.figures.size()) + " got slower by more than " +
          InPercent(comparison.threshold) + "\n";
  for (const Compared& figure : comparison.figures) {
    if (!figure.slower) continue;
    text += "SLOWER  " + figure.name + "  (" + figure.durability + ")  by " + Percent(figure.ratio.median) +
            ", ratio " + WithInterval(figure.ratio);
    if (figure.p_holm) text += ", p " + Plain(*figure.p_holm) + " (Holm)";
    text += "\n";
  }
  for (const std::string& name : comparison.not_compared) text += "not compared  " + name + "\n";
  return text;
}

std::string AimsOf(const Results& results) {
  if (results.aims.empty()) return "";
  std::vector<Row> rows = {{"", "aim", "is", "to be", ""}};
  for (const Judged& judged : results.aims) {
    rows.push_back({OutcomeWords(judged.outcome), judged.aim.text,
                    judged.value ? WithInterval(*judged.value) : "", Bound(judged.aim),
                    AgainstWords(judged)});
  }
  return "\n" + Aligned(rows, 2);
}

std::string NotOffered(const Results& results) {
  std::string text;
  for (const Series& series : results.series) {
    if (series.baseline || series.not_offered.empty()) continue;
    text += "not offered  " + series.benchmark.name + ": " + series.not_offered + "\n";
  }
  return text.empty() ? "" : "\n" + text;
}

}  // namespace

std::string Text(const Results& results) {
  std::string text;
  for (const char* durability : kDurabilities) text += FiguresOf(results, durability);
  text += GrowthOf(results);
  text += AimsOf(results);
  for (const Comparison& comparison : results.comparisons) text += ComparisonOf(comparison);
  text += NotOffered(results);
  if (!results.troubles.empty()) text += "\n";
  for (const std::string& trouble : results.troubles) text += "BROKEN  " + trouble + "\n";
  const std::vector<std::string> warnings = results.Warnings();
  if (!warnings.empty()) text += "\n";
  for (const std::string& warning : warnings) text += warning + "\n";
  text +=
      "\nmedians of " + std::to_string(results.settings.repetitions) +
      " interleaved repetitions; ±: 95 % interval of the median; of limit: fraction of the physical limit "
      "measured in the same rounds\n";
  return text;
}

}  // namespace aether::bench::compare
