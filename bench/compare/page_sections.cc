// The parts of the page: tables, which the script draws plots of.

#include "page_sections.h"

#include <algorithm>

#include "markup.h"
#include "words.h"

namespace aether::bench::compare {

using conformance::MarkupEscaped;

namespace {

using Cells = std::vector<std::string>;

std::string Number(const std::string& text) { return "<td class=\"n\">" + text + "</td>"; }

// Wider than a phone: scrolls by itself, with the keyboard too.
std::string Scrolling(const std::string& label, const std::string& table) {
  return "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"" + label + "\">\n" + table +
         "</div>\n";
}

// Columns whose names begin with ">" go to the right.
std::string TableHead(const Cells& names) {
  std::string html = "<thead><tr>";
  for (const std::string& name : names) {
    const bool right = name.starts_with(">");
    html += std::string("<th scope=\"col\"") + (right ? " class=\"n\">" : ">") +
            name.substr(right ? 1 : 0) + "</th>";
  }
  return html + "</tr></thead>\n";
}

std::string Bracketed(const Estimate& estimate) {
  if (!estimate.interval) return "<span class=\"soft\">no interval</span>";
  return "<span class=\"soft\">" + Figures(estimate.interval->low) + " to " +
         Figures(estimate.interval->high) + "</span>";
}

std::string CounterCell(const Figure& figure, const std::string& name) {
  const auto value = Counter(figure, name);
  return Number(value ? Plain(*value) : "");
}

std::string OfLimit(const Figure& figure) {
  if (!figure.of_limit) return Number("");
  const double fraction = std::min(1.0, figure.of_limit->median);
  return "<td class=\"n\" title=\"" + MarkupEscaped(WithInterval(*figure.of_limit)) +
         "\"><span class=\"fill\" style=\"--of:" + std::to_string(fraction) + "\"></span>" +
         Ratio(figure.of_limit->median) + "</td>";
}

std::string FigureRow(const Figure& figure, bool is_limit, int repetitions) {
  const Benchmark& benchmark = figure.benchmark;
  std::string rest = MarkupEscaped(OtherCounters(figure));
  if (static_cast<int>(figure.repetitions) < repetitions) {
    rest = "<span class=\"mark warn\">" + std::to_string(figure.repetitions) + " of " +
           std::to_string(repetitions) + " repetitions</span> " + rest;
  }
  return "<tr><th scope=\"row\">" + MarkupEscaped(is_limit ? benchmark.title : benchmark.store) +
         "</th><td>" + benchmark.durability + "</td>" +
         Number("<b>" + Figures(figure.per_second.median) + "</b>") + Number(PlusMinus(figure.per_second)) +
         Number(Bracketed(figure.per_second)) + CounterCell(figure, "p50_us") +
         CounterCell(figure, "p99_us") + CounterCell(figure, "max_us") +
         CounterCell(figure, "flushes_per_event") + OfLimit(figure) + "<td>" + rest + "</td></tr>\n";
}

std::string CaseTitle(const CaseFigures& one, const Summary& summary) {
  if (one.is_limit) return "Physical limits";
  const Benchmark& benchmark = one.figures[0]->benchmark;
  std::string title = MarkupEscaped(CaseWords(benchmark)) + " <span class=\"soft\">" +
                      MarkupEscaped(benchmark.unit) + " a second";
  if (const Figure* limit = summary.Find(std::string(kLimits) + "/" + benchmark.limit)) {
    title += "; limit: " + MarkupEscaped(limit->benchmark.title) + ", " + Figures(limit->per_second.median);
  }
  return title + "</span>";
}

// What a figure of this durability promises.
std::string Promise(const std::string& durability) {
  if (durability == "device") {
    return "A save returns when the device has the event: it survives a power cut, if the device keeps its "
           "word.";
  }
  if (durability == "page cache") {
    return "A save returns when the operating system has the event: it survives the end of the process, "
           "and not "
           "that of the machine.";
  }
  if (durability == "memory") return "Nothing outlives the process.";
  return "What survives is not known. Compare these with nothing.";
}

std::string Percent(double ratio) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.1f %%", (ratio - 1) * 100);
  return text;
}

}  // namespace

Section FiguresSection(const Results& results, const std::string& durability) {
  std::string id = durability;
  std::ranges::replace(id, ' ', '-');
  std::string title = DurabilityWords(durability);
  title[0] = static_cast<char>(std::toupper(title[0]));
  const std::vector<CaseFigures> cases = Cases(results.summary, durability);
  if (cases.empty()) return {id, title, ""};
  std::string table = "<table class=\"figures\"><caption class=\"sr\">Figures " +
                      DurabilityWords(durability) + "</caption>\n" +
                      TableHead({"store", "durability", ">a second", ">±", ">95 % interval", ">p50 µs",
                                 ">p99 µs", ">max µs", ">flushes an event", ">of limit", "other"});
  for (const CaseFigures& one : cases) {
    table += "<tbody><tr class=\"case\"><th colspan=\"11\" scope=\"rowgroup\"><span>" +
             CaseTitle(one, results.summary) + "</span></th></tr>\n";
    for (const Figure* figure : one.figures)
      table += FigureRow(*figure, one.is_limit, results.settings.repetitions);
    table += "</tbody>\n";
  }
  return {id, title,
          "<p class=\"soft\">" + Promise(durability) + "</p>\n<div class=\"plots\" data-durability=\"" +
              durability + "\"></div>\n" +
              Scrolling("Figures " + DurabilityWords(durability), table + "</table>\n")};
}

Section GrowthSection(const Results& results) {
  std::string rows;
  for (const Growth& growth : results.summary.growth) {
    rows += "<tr><th scope=\"row\">" + MarkupEscaped(growth.title) + ", by " +
            MarkupEscaped(growth.parameter) + "</th><td>" + MarkupEscaped(growth.store) + "</td><td>" +
            growth.durability + "</td>" + Number(ExponentWithInterval(growth.exponent)) +
            Number(Exponent(growth.last_exponent)) + Number(Exponent(growth.expected)) + "<td>" +
            (growth.worse ? "<span class=\"mark bad\">worse than it should be</span>" : "") +
            "</td></tr>\n";
  }
  if (rows.empty()) return {"growth", "Growth", ""};
  return {"growth", "Growth",
          "<p class=\"soft\">How the time of one operation grows with the number of events or actors. An "
          "exponent of 0 "
          "does not depend on it, 1 is in proportion. A replay reads all events, so 1 is what is expected "
          "of it; of "
          "all else 0.</p>\n<div class=\"plots\" data-growth></div>\n" +
              Scrolling("Growth", "<table><caption class=\"sr\">Exponents of growth</caption>\n" +
                                      TableHead({"workload", "store", "durability", ">exponent",
                                                 ">at the end", ">expected", ""}) +
                                      "<tbody>\n" + rows + "</tbody></table>\n")};
}

Section ComparisonSection(const Comparison& comparison, const std::string& suffix) {
  std::vector<const Compared*> figures;
  for (const Compared& figure : comparison.figures) figures.push_back(&figure);
  std::ranges::stable_sort(
      figures, {}, [](const Compared* figure) { return std::pair(!figure->slower, figure->ratio.median); });
  std::string rows;
  for (const Compared* figure : figures) {
    const std::string mark = figure->slower ? " <span class=\"mark bad\">slower</span>" : "";
    rows += "<tr><th scope=\"row\">" + MarkupEscaped(figure->name) + mark + "</th><td class=\"soft\">" +
            figure->durability + "</td>" + Number(Percent(figure->ratio.median)) +
            Number(WithInterval(figure->ratio)) + Number(figure->p_holm ? Plain(*figure->p_holm) : "") +
            "</tr>\n";
  }
  std::string html =
      "<p class=\"soft\">With " + MarkupEscaped(comparison.with) + ". Slower is what lost more than " +
      InPercent(comparison.threshold) +
      (!comparison.figures.empty() && comparison.figures[0].p
           ? " and has p below 0.05 in Wilcoxon's test, after Holm's correction for all of these"
           : "") +
      ".</p>\n" +
      Scrolling("Comparison",
                "<table><caption class=\"sr\">Comparison</caption>\n" +
                    TableHead({"benchmark", "durability", ">change", ">later to earlier", ">p"}) +
                    "<tbody>\n" + rows + "</tbody></table>\n");
  if (!comparison.not_compared.empty()) {
    html += "<details><summary>" + std::to_string(comparison.not_compared.size()) +
            " not compared</summary>\n<ul>\n";
    for (const std::string& name : comparison.not_compared)
      html += "<li>" + MarkupEscaped(name) + "</li>\n";
    html += "</ul>\n</details>\n";
  }
  return {"comparison" + suffix, "Comparison", html};
}

Section AimsSection(const Results& results) {
  if (results.aims.empty()) return {"aims", "Aims", ""};
  static constexpr const char* kStyles[] = {"good", "bad", "none"};
  std::string rows;
  for (const Judged& judged : results.aims) {
    std::string why = AgainstWords(judged);
    if (!judged.aim.note.empty()) why += (why.empty() ? "" : "; ") + judged.aim.note;
    rows += "<tr><td><span class=\"mark " + std::string(kStyles[static_cast<int>(judged.outcome)]) + "\">" +
            OutcomeWords(judged.outcome) + "</span></td><th scope=\"row\">" +
            MarkupEscaped(judged.aim.text) + "</th>" +
            Number(judged.value ? WithInterval(*judged.value) : "") + Number(Bound(judged.aim)) +
            "<td class=\"soft\">" + MarkupEscaped(why) + "</td></tr>\n";
  }
  const auto met = std::ranges::count(results.aims, Outcome::kMet, &Judged::outcome);
  return {"aims", "Aims",
          "<p class=\"soft\">" + std::to_string(met) + " of " + std::to_string(results.aims.size()) +
              " are met in this run.</p>\n" +
              Scrolling("Aims", "<table class=\"aims\"><caption class=\"sr\">Aims</caption>\n" +
                                    TableHead({"", "aim", ">is", ">to be", "why, and against what"}) +
                                    "<tbody>\n" + rows + "</tbody></table>\n")};
}

Section CautionSection() {
  return {
      "caution", "What the numbers do not say",
      "<ul class=\"words\">\n"
      "<li>They are of one machine on one day. Ratios within a run can be compared; figures of two runs "
      "cannot, "
      "and least of all across machines.</li>\n"
      "<li>An interval tells how much the figure wandered during this run. Figures whose intervals do not "
      "meet "
      "differ here; they may not elsewhere, and different is not yet better.</li>\n"
      "<li>“On the device” means that a flush was asked for and acknowledged. A device, or the machine "
      "below a "
      "virtual one, that acknowledges too early is not found out.</li>\n"
      "<li>Each thread waits for an answer before it asks again. While a store stalls few operations are "
      "under "
      "way, so percentiles tell less of stalls than clients at a fixed rate would see; the maximum tells "
      "that there was one.</li>\n"
      "<li>Stores that are servers share the processor with those that ask them. On machines of their own "
      "they have more, and a network between.</li>\n"
      "<li>A fraction of a limit near 1 says that no store could do better in this way. It does not say "
      "that "
      "another way, such as larger batches, would not.</li>\n"
      "<li>What does not stand here was not measured: other sizes, other mixes, weeks of use, a full "
      "disk.</li>\n"
      "</ul>\n"};
}

Section RunSection(const Results& results) {
  const Environment& environment = results.environment;
  std::string rows;
  const auto row = [&](const std::string& label, const std::string& value) {
    rows += "<tr><th scope=\"row\">" + MarkupEscaped(label) + "</th><td>" + value + "</td></tr>\n";
  };
  row("Command", "<code>" + MarkupEscaped(results.command) + "</code>");
  row("Started", results.started);
  row("Duration", Plain(results.took_seconds) + " s");
  row("Repetitions", std::to_string(results.settings.repetitions) + " of each, interleaved, " +
                         Plain(results.settings.seconds) + " s each");
  row("Kit", AETHER_KIT_VERSION);
  row("Processor", MarkupEscaped(environment.cpu) + ", " + std::to_string(environment.cores) + " cores");
  row("Memory", Plain(environment.memory_gib) + " GiB");
  row("System", MarkupEscaped(environment.os + ", " + environment.kernel));
  row("File system", MarkupEscaped(environment.file_system + " (" + environment.mount_options + ")"));
  row("Compiler", MarkupEscaped(environment.compiler));
  for (const auto& [program, versions] : results.versions) {
    if (!versions.is_object() || versions.empty()) continue;
    std::string words;
    for (const auto& [key, value] : versions.items()) {
      words += "<span>" +
               MarkupEscaped(key + " " + (value.is_string() ? value.get<std::string>() : value.dump())) +
               "</span> ";
    }
    row("Program " + results.programs[program].Words(), words);
  }
  return {"run", "Run",
          "<table class=\"facts\"><caption class=\"sr\">Versions and environment</caption><tbody>\n" +
              rows + "</tbody></table>\n"};
}

}  // namespace aether::bench::compare
