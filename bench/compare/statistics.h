// Statistics that assume no distribution: medians, their exact intervals, a rank test, and a fitted
// exponent.

#pragma once

#include <optional>
#include <utility>
#include <vector>

namespace aether::bench::compare {

struct Interval {
  double low = 0;
  double high = 0;
};

struct Estimate {
  double median = 0;
  std::optional<Interval> interval;  // none: too few values for one of 95 %
};

// Of at least one value.
double Median(std::vector<double> values);

// The median and the narrowest symmetric pair of order statistics that holds the true median with a
// probability of at least 95 %, whatever the distribution: the k-th value from below and from above, where
// k comes from the binomial distribution. It takes six values at least. Of at least one value.
Estimate EstimateMedian(std::vector<double> values);

// Wilcoxon's signed-rank test: the probability, were the differences symmetric around zero, of a sum of
// positive ranks as low as this one. Exact, also with ties (which share the mean of their ranks). Zeros are
// left out; 1 when nothing else is left.
double WilcoxonLower(const std::vector<double>& differences);

// Holm's step-down correction: p-values of which all below alpha may be believed at once, with a
// probability of at most alpha that any of them is wrong. In the order of `p`.
std::vector<double> Holm(const std::vector<double>& p);

// The exponent b of y = a * x^b, by least squares of the logarithms. All values are positive; at least two
// x differ.
double FittedExponent(const std::vector<std::pair<double, double>>& points);

}  // namespace aether::bench::compare
