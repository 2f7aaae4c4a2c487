// Statistics against values known from tables and worked by hand.

#include "statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace aether::bench::compare {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

std::vector<double> OneTo(int n) {
  std::vector<double> values(static_cast<std::size_t>(n));
  std::iota(values.begin(), values.end(), 1);
  return values;
}

TEST(Statistics, MedianOfAnEvenNumberIsTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2.5);
  EXPECT_EQ(Median({7}), 7);
}

// Ranks from the usual table of the sign test's intervals: n = 6: 1, 9: 2, 15: 4, 20: 6, 25: 8.
TEST(Statistics, IntervalIsTheExactOneOfOrderStatistics) {
  const std::vector<std::pair<int, int>> known = {{6, 1},  {8, 1},  {9, 2}, {12, 3},
                                                  {15, 4}, {20, 6}, {25, 8}};
  for (const auto& [n, k] : known) {
    const Estimate estimate = EstimateMedian(OneTo(n));
    ASSERT_TRUE(estimate.interval) << n;
    EXPECT_EQ(estimate.interval->low, k) << n;
    EXPECT_EQ(estimate.interval->high, n + 1 - k) << n;
  }
}

TEST(Statistics, FiveValuesHaveNoIntervalOf95Percent) {
  EXPECT_FALSE(EstimateMedian(OneTo(5)).interval);
  EXPECT_EQ(EstimateMedian(OneTo(5)).median, 3);
  EXPECT_FALSE(EstimateMedian({1}).interval);
}

TEST(Statistics, OrderOfTheValuesDoesNotMatter) {
  const Estimate estimate = EstimateMedian({9, 1, 8, 2, 7, 3, 6, 4, 5});
  EXPECT_EQ(estimate.interval->low, 2);
  EXPECT_EQ(estimate.interval->high, 8);
}

// Of n differences there are 2^n equally likely signs; how many of them give such a sum is countable by
// hand.
TEST(Statistics, WilcoxonIsExact) {
  EXPECT_DOUBLE_EQ(WilcoxonLower({-1, -2, -3, -4, -5}), 1.0 / 32);  // only the empty sum
  EXPECT_DOUBLE_EQ(WilcoxonLower({1, -2, -3, -4, -5}), 2.0 / 32);   // 0, 1
  EXPECT_DOUBLE_EQ(WilcoxonLower({-1, -2, 3, -4, -5}), 5.0 / 32);   // 0, 1, 2, 3, 1+2
  EXPECT_DOUBLE_EQ(WilcoxonLower({1, 2, 3, 4, 5}), 1);
  // The table's one-sided 5 % points: n = 10: 10 (0.0420), n = 15: 30 (0.0473), n = 20: 60 (0.0487).
  EXPECT_NEAR(WilcoxonLower({1, 2, 3, 4, -5, -6, -7, -8, -9, -10}), 43.0 / 1024, 1e-12);
  std::vector<double> fifteen = OneTo(15);
  for (double& value : fifteen) value = value == 15 || value == 14 || value == 1 ? value : -value;
  EXPECT_NEAR(WilcoxonLower(fifteen), 0.0473, 5e-5);
}

TEST(Statistics, WilcoxonGivesTiesTheirMeanRankAndLeavesOutZeros) {
  // Ranks 1.5, 1.5, 3: of the 8 sums 0, 1.5, 1.5, 3, 3, 4.5, 4.5, 6 three are at most 1.5.
  EXPECT_DOUBLE_EQ(WilcoxonLower({1, -1, -2}), 3.0 / 8);
  EXPECT_DOUBLE_EQ(WilcoxonLower({0, 1, 0, -1, -2}), 3.0 / 8);
  EXPECT_DOUBLE_EQ(WilcoxonLower({0, 0}), 1);
  EXPECT_DOUBLE_EQ(WilcoxonLower({}), 1);
}

TEST(Statistics, WilcoxonStaysExactWithManyDifferences) {
  std::vector<double> all = OneTo(100);
  for (double& value : all) value = -value;
  EXPECT_NEAR(WilcoxonLower(all) / std::pow(0.5, 100), 1, 1e-9);
  std::vector<double> half = OneTo(100);
  for (std::size_t i = 0; i < half.size(); i += 2) half[i] = -half[i];
  // Normal approximation with continuity correction: W = 2550, mean 2525, deviation 290.84.
  EXPECT_NEAR(WilcoxonLower(half), 0.5 * std::erfc(-(2550.5 - 2525) / 290.84 / std::sqrt(2)), 1e-3);
}

TEST(Statistics, HolmMultipliesByWhatIsLeftAndNeverFalls) {
  EXPECT_THAT(Holm({0.01, 0.04, 0.03, 0.005}),
              ElementsAre(DoubleNear(0.03, 1e-12), DoubleNear(0.06, 1e-12), DoubleNear(0.06, 1e-12),
                          DoubleNear(0.02, 1e-12)));
  EXPECT_THAT(Holm({0.6, 0.7}), ElementsAre(1, 1));
  EXPECT_THAT(Holm({}), ElementsAre());
}

TEST(Statistics, ExponentIsFittedInLogarithms) {
  EXPECT_NEAR(FittedExponent({{1, 3}, {10, 30}, {1000, 3000}}), 1, 1e-12);
  EXPECT_NEAR(FittedExponent({{10, 7}, {100, 7}, {1000, 7}}), 0, 1e-12);
  EXPECT_NEAR(FittedExponent({{1, 2}, {4, 4}, {16, 8}}), 0.5, 1e-12);
  EXPECT_NEAR(FittedExponent({{1, 1}, {10, 2}, {100, 1}}), 0, 1e-12);
}

}  // namespace
}  // namespace aether::bench::compare
