// SPDX-License-Identifier: Apache-2.0
// Bins and correlations of columns whose answers are known.
#include "isthmus/metrics/marginals.h"

#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

namespace isthmus {
namespace {

using Counts = std::vector<int64_t>;

std::vector<double> whole_numbers(int from, int to) {
  std::vector<double> values(static_cast<size_t>(to - from + 1));
  std::iota(values.begin(), values.end(), from);
  return values;
}

TEST(Bins, OfCoinsAreTwo) {
  const std::vector<double> coin = {0, 1, 1, 0, 1};
  const Bins bins = choose_bins(coin, true);
  EXPECT_EQ(bins.count, 2);
  EXPECT_EQ(histogram(bins, coin), (Counts{2, 3}));
}

TEST(Bins, OfARareOneAreStillTwo) {
  std::vector<double> rare(1000, 0.0);
  rare[17] = 1;  // beyond every quantile
  EXPECT_EQ(histogram(choose_bins(rare, true), rare), (Counts{999, 1}));
}

TEST(Bins, OfOneValueAreOne) {
  const std::vector<double> same = {7, 7, 7};
  EXPECT_EQ(histogram(choose_bins(same, true), same), Counts{3});
  EXPECT_EQ(histogram(choose_bins(same, false), same), Counts{3});
  EXPECT_EQ(histogram(choose_bins(std::vector<double>{2.5}, false), same), Counts{3});
}

TEST(Bins, OfWholeNumbersHoldEquallyMany) {
  const std::vector<double> few = whole_numbers(0, 15), many = whole_numbers(0, 99);
  EXPECT_EQ(choose_bins(few, true).width, 1);
  const Bins bins = choose_bins(many, true);
  EXPECT_EQ(bins.width, 5);
  const Counts counts = histogram(bins, many);
  for (size_t i = 1; i + 1 < counts.size(); ++i) EXPECT_EQ(counts[i], 5) << i;
}

TEST(Bins, OfAHeavyTailShowTheMiddle) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i / 1000.0);
  values.push_back(1e9);
  const Bins bins = choose_bins(values, false);
  EXPECT_LT(bins.low + bins.width * static_cast<double>(bins.count), 1.0);
  const Counts counts = histogram(bins, values);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), int64_t{0}), 1001);  // none is lost
}

TEST(Bins, TakeWhatIsNoNumberForNothing) {
  const Bins bins{.low = 0, .width = 1, .count = 3};
  const std::vector<double> values = {std::nan(""), std::numeric_limits<double>::infinity(), -1e300,
                                      1e300, 1.5};
  EXPECT_EQ(histogram(bins, values), (Counts{1, 1, 1}));
}

TEST(Correlations, OfKnownColumns) {
  const std::vector<double> c =
      correlations({{1, 2, 3, 4}, {8, 6, 4, 2}, {1, -1, -1, 1}, {5, 5, 5, 5}});
  EXPECT_NEAR(c[0], 1, 1e-15);
  EXPECT_NEAR(c[1], -1, 1e-15);
  EXPECT_NEAR(c[2], 0, 1e-15);
  EXPECT_TRUE(std::isnan(c[3]));
  EXPECT_TRUE(std::isnan(c[15]));
  EXPECT_EQ(c[1], c[4]);
}

TEST(Correlations, OfLargeValuesDoNotCancel) {
  EXPECT_NEAR(correlations({{1e9, 1e9 + 1, 1e9 + 2}, {1, 2, 3}})[1], 1, 1e-9);
  EXPECT_TRUE(std::isnan(correlations({{0.1, 0.1, 0.1}, {1, 2, 3}})[1]));
}

}  // namespace
}  // namespace isthmus
