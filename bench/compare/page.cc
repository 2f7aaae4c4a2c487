// A run as a page: its frame.

#include "page.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "markup.h"
#include "page_parts.h"
#include "page_sections.h"

namespace aether::bench::compare {

using conformance::MarkupEscaped;

namespace {

using nlohmann::json;

std::string Plural(std::size_t n, const std::string& one, const std::string& many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::set<std::string> Stores(const Results& results) {
  std::set<std::string> stores;
  for (const Figure& figure : results.summary.figures) {
    if (figure.benchmark.store != kLimits) stores.insert(figure.benchmark.store);
  }
  return stores;
}

struct Headline {
  const char* style;
  std::string text;
  std::string below;
};

Headline HeadlineOf(const Results& results) {
  std::size_t slower = 0;
  std::size_t compared = 0;
  std::string with;
  for (const Comparison& comparison : results.comparisons) {
    slower += static_cast<std::size_t>(std::ranges::count_if(comparison.figures, &Compared::slower));
    compared += comparison.figures.size();
    with += (with.empty() ? "Compared with " : "; with ") + comparison.with;
  }
  if (slower > 0) return {"bad", Plural(slower, "figure", "figures") + " got slower", with};
  const std::vector<std::string> warnings = results.Warnings();
  if (!warnings.empty()) return {"warn", warnings[0], with};
  if (compared > 0)
    return {"good", "Nothing got slower: " + Plural(compared, "figure", "figures") + " compared", with};
  return {"none",
          Plural(results.summary.figures.size(), "figure", "figures") + " of " +
              Plural(Stores(results).size(), "store", "stores"),
          ""};
}

std::string Header(const Results& results) {
  const Headline headline = HeadlineOf(results);
  std::string html =
      "<header>\n<p class=\"soft\">Aether Conformance Kit</p>\n<h1>Benchmark report</h1>\n"
      "<p class=\"verdict " +
      std::string(headline.style) + "\">" + MarkupEscaped(headline.text);
  if (!headline.below.empty()) html += " <small>" + MarkupEscaped(headline.below) + "</small>";
  html += "</p>\n";
  for (const std::string& warning : results.Warnings()) {
    if (warning != headline.text) html += "<p class=\"note warn\">" + MarkupEscaped(warning) + "</p>\n";
  }
  for (const std::string& trouble : results.troubles) {
    html += "<pre class=\"note warn\">" + MarkupEscaped(trouble) + "</pre>\n";
  }
  return html + "<p class=\"soft facts\"><span>" + std::to_string(results.settings.repetitions) +
         " interleaved repetitions</span> <span>" + MarkupEscaped(results.environment.cpu) + ", " +
         std::to_string(results.environment.cores) + " cores</span> <span>" +
         MarkupEscaped(results.environment.file_system) +
         "</span> <span>kit " AETHER_KIT_VERSION "</span> <span>" + MarkupEscaped(results.started) +
         "</span></p>\n</header>\n";
}

std::string Head() {
  std::string html =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      // Says to the browser too that nothing is loaded.
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'; "
      "script-src 'unsafe-inline'; img-src data:\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>Benchmarks</title>\n<style>\n";
  html += kBaseStyle;
  html += kBenchStyle;
  return html + "</style>\n</head>\n";
}

// What the plots show; repetitions one by one are in bench.json.
std::string DataOf(const json& report) {
  json data = {{"growth", report.at("growth")}, {"figures", json::array()}};
  for (json figure : report.at("figures")) {
    figure.erase("repetitions");
    figure.erase("trouble");
    data["figures"].push_back(std::move(figure));
  }
  std::string text = data.dump(-1, ' ', false, json::error_handler_t::replace);
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos;) text.replace(at, 1, "\\u003c");
  return text;
}

}  // namespace

std::string Page(const Results& results, const json& report) {
  std::vector<Section> sections;
  const auto add = [&](Section section) {
    if (!section.html.empty()) sections.push_back(std::move(section));
  };
  for (const Comparison& comparison : results.comparisons) {
    add(ComparisonSection(comparison,
                          results.comparisons.size() == 1 ? "" : std::to_string(sections.size() + 1)));
  }
  add(AimsSection(results));
  for (const char* durability : kDurabilities) add(FiguresSection(results, durability));
  add(GrowthSection(results));
  add(CautionSection());
  add(RunSection(results));

  std::string html = Head() + "<body>\n<a class=\"skip\" href=\"#main\">Skip to the content</a>\n" +
                     Header(results) + "<nav aria-label=\"Sections\"><ul>\n";
  for (const Section& section : sections) {
    html += "<li><a href=\"#" + section.id + "\">" + section.title + "</a></li>\n";
  }
  html += "</ul></nav>\n<main id=\"main\" tabindex=\"-1\">\n";
  for (const Section& section : sections) {
    html += "<section id=\"" + section.id + "\" aria-labelledby=\"" + section.id + "-title\">\n<h2 id=\"" +
            section.id + "-title\">" + section.title + "</h2>\n" + section.html + "</section>\n";
  }
  html +=
      "</main>\n<script type=\"application/json\" id=\"data\">" + DataOf(report) + "</script>\n<script>\n";
  html += kChartScript;
  html += "</script>\n<script>\n";
  html += kBenchScript;
  return html + "</script>\n</body>\n</html>\n";
}

}  // namespace aether::bench::compare
