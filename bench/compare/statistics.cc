// Statistics that assume no distribution.

#include "statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace aether::bench::compare {

namespace {

constexpr double kConfidence = 0.95;

// Twice the rank of each value by size, from 1; ties share the mean of their ranks, which doubling keeps
// whole.
std::vector<std::size_t> DoubledRanks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return values[a] < values[b]; });
  std::vector<std::size_t> ranks(values.size());
  for (std::size_t first = 0; first < order.size();) {
    std::size_t end = first + 1;
    while (end < order.size() && values[order[end]] == values[order[first]]) ++end;
    for (std::size_t i = first; i < end; ++i) ranks[order[i]] = first + 1 + end;
    first = end;
  }
  return ranks;
}

// The probability that a sum of these, each taken with probability 1/2, is at most `most`.
double ProbabilityOfSumUpTo(const std::vector<std::size_t>& summands, std::size_t most) {
  std::vector<double> probability(std::accumulate(summands.begin(), summands.end(), std::size_t{1}));
  probability[0] = 1;
  for (const std::size_t summand : summands) {
    for (std::size_t sum = probability.size(); sum-- > 0;) {
      const double taken = sum >= summand ? probability[sum - summand] : 0;
      probability[sum] = (probability[sum] + taken) / 2;
    }
  }
  double result = 0;
  for (std::size_t sum = 0; sum <= most; ++sum) result += probability[sum];
  return std::min(result, 1.0);
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

Estimate EstimateMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  Estimate estimate{Median(values), std::nullopt};
  // Outside of the k-th values lies the median with twice the probability of fewer than k heads in n
  // tosses.
  double one = std::pow(0.5, static_cast<double>(n));  // of exactly k - 1 heads
  double fewer = 0;
  for (std::size_t k = 1; 2 * k <= n; ++k) {
    fewer += one;
    if (2 * fewer > 1 - kConfidence) break;
    estimate.interval = Interval{values[k - 1], values[n - k]};
    one *= static_cast<double>(n - k + 1) / static_cast<double>(k);
  }
  return estimate;
}

double WilcoxonLower(const std::vector<double>& differences) {
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (const double difference : differences) {
    if (difference == 0) continue;
    sizes.push_back(std::abs(difference));
    positive.push_back(difference > 0);
  }
  const std::vector<std::size_t> ranks = DoubledRanks(sizes);
  std::size_t sum = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) sum += positive[i] ? ranks[i] : 0;
  return ProbabilityOfSumUpTo(ranks, sum);
}

std::vector<double> Holm(const std::vector<double>& p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] < p[b]; });
  std::vector<double> corrected(p.size());
  double least = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    corrected[order[i]] = least;
  }
  return corrected;
}

double FittedExponent(const std::vector<std::pair<double, double>>& points) {
  double mean_x = 0;
  double mean_y = 0;
  for (const auto& [x, y] : points) {
    mean_x += std::log(x) / static_cast<double>(points.size());
    mean_y += std::log(y) / static_cast<double>(points.size());
  }
  double together = 0;
  double spread = 0;
  for (const auto& [x, y] : points) {
    together += (std::log(x) - mean_x) * (std::log(y) - mean_y);
    spread += (std::log(x) - mean_x) * (std::log(x) - mean_x);
  }
  return together / spread;
}

}  // namespace aether::bench::compare
