// The parts of the page.

#pragma once

#include <string>

#include "results.h"

namespace aether::bench::compare {

struct Section {
  std::string id;
  std::string title;
  std::string html;  // below the title; empty when there is nothing to show
};

// `suffix` tells several apart.
Section ComparisonSection(const Comparison& comparison, const std::string& suffix);
Section AimsSection(const Results& results);
Section FiguresSection(const Results& results, const std::string& durability);
Section GrowthSection(const Results& results);

// What the numbers do not say.
Section CautionSection();
Section RunSection(const Results& results);

}  // namespace aether::bench::compare
