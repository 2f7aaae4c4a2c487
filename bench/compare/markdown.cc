// A run as a page of Markdown.

#include "markdown.h"

#include <algorithm>

#include "words.h"

namespace aether::bench::compare {

namespace {

// For a cell of a table.
std::string Cell(const std::string& text) {
  std::string cell;
  for (const char c : text) {
    if (c == '|') cell += '\\';
    cell += c == '\n' ? ' ' : c;
  }
  return cell;
}

std::string RowOf(const std::vector<std::string>& cells) {
  std::string row = "|";
  for (const std::string& cell : cells) row += " " + Cell(cell) + (cell.empty() ? "|" : " |");
  return row + "\n";
}

// Columns whose names begin with ">" go to the right.
std::string HeadOf(std::vector<std::string> names) {
  std::vector<std::string> rules;
  for (std::string& name : names) {
    const bool right = name.starts_with(">");
    rules.push_back(right ? "---:" : "---");
    if (right) name.erase(0, 1);
  }
  return RowOf(names) + RowOf(rules);
}

std::string VersionWords(const nlohmann::json& versions) {
  std::string words;
  if (!versions.is_object()) return words;
  for (const auto& [key, value] : versions.items()) {
    words += (words.empty() ? "" : ", ") + key + " " +
             (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return words;
}

std::string EnvironmentOf(const Results& results) {
  const Environment& environment = results.environment;
  std::string text = HeadOf({"", ""});
  text += RowOf({"Date", results.started});
  text += RowOf({"Command", "`" + results.command + "`"});
  text += RowOf({"Kit", AETHER_KIT_VERSION});
  text += RowOf({"Processor", environment.cpu + ", " + std::to_string(environment.cores) + " cores"});
  text += RowOf({"Memory", Plain(environment.memory_gib) + " GiB"});
  text += RowOf({"System", environment.os + ", " + environment.kernel});
  text += RowOf({"File system", environment.file_system + " (" + environment.mount_options + ")"});
  text += RowOf({"Repetitions", std::to_string(results.settings.repetitions) + " of each, interleaved, " +
                                    Plain(results.settings.seconds) + " s each"});
  for (const auto& [program, versions] : results.versions) {
    if (const std::string words = VersionWords(versions); !words.empty()) {
      text += RowOf({results.programs[program].Words(), words});
    }
  }
  return text;
}

std::string CounterWords(const Figure& figure, const std::string& name) {
  const auto value = Counter(figure, name);
  return value ? Plain(*value) : "";
}

std::string FiguresOf(const Results& results, const std::string& durability) {
  const std::vector<CaseFigures> cases = Cases(results.summary, durability);
  if (cases.empty()) return "";
  std::string text = "\n### Figures " + DurabilityWords(durability) + "\n\n" +
                     HeadOf({"workload", "store", "durability", ">per second", ">±", ">p50 us", ">p99 us",
                             ">max us", ">flushes/event", ">of limit", "limit", "other"});
  for (const CaseFigures& one : cases) {
    for (const Figure* figure : one.figures) {
      const Benchmark& benchmark = figure->benchmark;
      text += RowOf({CaseWords(benchmark), benchmark.store, benchmark.durability,
                     Figures(figure->per_second.median), PlusMinus(figure->per_second),
                     CounterWords(*figure, "p50_us"), CounterWords(*figure, "p99_us"),
                     CounterWords(*figure, "max_us"), CounterWords(*figure, "flushes_per_event"),
                     figure->of_limit ? Ratio(figure->of_limit->median) : "",
                     figure->of_limit ? benchmark.limit : "", OtherCounters(*figure)});
    }
  }
  return text;
}

std::string GrowthOf(const Results& results) {
  if (results.summary.growth.empty()) return "";
  std::string text =
      "\n### Growth\n\nThe exponent of the time of an operation: 0 does not depend on the number, 1 is "
      "in proportion to it.\n\n" +
      HeadOf({"workload", "store", "durability", ">exponent", ">at the end", ">expected", ""});
  for (const Growth& growth : results.summary.growth) {
    text += RowOf({growth.title + ", by " + growth.parameter, growth.store, growth.durability,
                   ExponentWithInterval(growth.exponent), Exponent(growth.last_exponent),
                   Exponent(growth.expected), growth.worse ? "**worse than it should be**" : ""});
  }
  return text;
}

std::string AimsOf(const Results& results) {
  if (results.aims.empty()) return "";
  const auto met = std::ranges::count(results.aims, Outcome::kMet, &Judged::outcome);
  std::string text = "\n### Aims\n\n" + std::to_string(met) + " of " + std::to_string(results.aims.size()) +
                     " are met.\n\n" + HeadOf({"aim", ">is", "to be", "", "why, and against what"});
  for (const Judged& judged : results.aims) {
    std::string why = AgainstWords(judged);
    if (!judged.aim.note.empty()) why += (why.empty() ? "" : "; ") + judged.aim.note;
    const std::string outcome = OutcomeWords(judged.outcome);
    text += RowOf({judged.aim.text, judged.value ? WithInterval(*judged.value) : "", Bound(judged.aim),
                   judged.outcome == Outcome::kMet ? outcome : "**" + outcome + "**", why});
  }
  return text;
}

}  // namespace

std::string Markdown(const Results& results) {
  std::string text =
      "# Performance\n\nWhat `./kit bench` measured; [benchmarks.md](benchmarks.md) says what each figure "
      "is, and what not "
      "to conclude.\n\n"
      "Medians of interleaved repetitions. ±: the farther end of the exact 95 % interval of the median. "
      "p50 and p99: "
      "medians over the repetitions; max: the greatest of all. Of limit: the median fraction of the "
      "physical limit that "
      "was measured in the same rounds.\n\n";
  for (const std::string& warning : results.Warnings()) text += "**" + warning + "**\n\n";
  text += EnvironmentOf(results);
  text += AimsOf(results);
  for (const char* durability : kDurabilities) text += FiguresOf(results, durability);
  return text + GrowthOf(results);
}

}  // namespace aether::bench::compare
