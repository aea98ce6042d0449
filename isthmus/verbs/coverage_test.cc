// SPDX-License-Identifier: Apache-2.0
// Intervals of draws by counting.
#include "isthmus/verbs/coverage.h"

#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace isthmus {
namespace {

TEST(IntervalCoverage, IsThatOfOrderStatistics) {
  const Mask mask(Tensor::from<uint8_t>({1, 1}, std::vector<uint8_t>{0}));
  std::vector<float> draws(38);
  std::iota(draws.begin(), draws.begin() + 19, 1.0f);
  std::iota(draws.begin() + 19, draws.end(), 1.0f);
  const Tensor truth = Tensor::from<float>({2, 1}, std::vector<float>{19, 19.5f});
  const auto coverage = interval_coverage(truth, Tensor::from<float>({38, 1}, draws), mask);
  ASSERT_TRUE(coverage.has_value());
  EXPECT_DOUBLE_EQ(coverage->share, 0.5);  // 1 .. 19 holds one of the two
  EXPECT_DOUBLE_EQ(coverage->expected, 0.9);
  draws.resize(36);
  EXPECT_FALSE(interval_coverage(truth, Tensor::from<float>({36, 1}, draws), mask).has_value());
}

}  // namespace
}  // namespace isthmus
