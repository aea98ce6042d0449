// SPDX-License-Identifier: Apache-2.0
#include "isthmus/metrics/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isthmus {
namespace {

TEST(Lbfgs, FindsTheMinimumOfALongValley) {
  const Slope valley = [](std::span<const double> x, std::span<double> g) {
    const double a = 1 - x[0], b = x[1] - x[0] * x[0];
    g[0] = -2 * a - 400 * b * x[0];
    g[1] = 200 * b;
    return a * a + 100 * b * b;
  };
  const LbfgsResult found = minimize_lbfgs(valley, {-1.2, 1}, {.gradient_ratio = 1e-9});
  EXPECT_NEAR(found.x[0], 1, 1e-6);
  EXPECT_NEAR(found.x[1], 1, 1e-6);
  EXPECT_LT(found.passes, 100);
}

TEST(Lbfgs, SolvesABadlyScaledQuadraticToTheRatioAskedFor) {
  const Slope bowl = [](std::span<const double> x, std::span<double> g) {
    double value = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double stiffness = std::pow(10.0, static_cast<double>(i) / 5);
      g[i] = stiffness * (x[i] - 1);
      value += 0.5 * g[i] * (x[i] - 1);
    }
    return value;
  };
  const LbfgsResult found = minimize_lbfgs(bowl, std::vector<double>(20), {});
  EXPECT_LE(found.gradient_ratio, 1e-5);
  EXPECT_LT(found.value, 1e-3);
}

TEST(Lbfgs, EndsAtItsPassesAndWhereNothingIsLower) {
  int64_t calls = 0;
  const Slope rough = [&](std::span<const double>, std::span<double> g) {
    g[0] = 1;  // a slope that no step finds
    return ++calls == 1 ? 0.0 : 1.0;
  };
  EXPECT_EQ(minimize_lbfgs(rough, {0}, {.passes = 7}).passes, 7);
  calls = 0;
  const LbfgsResult stuck = minimize_lbfgs(rough, {0}, {});
  EXPECT_LT(stuck.passes, 50);
  EXPECT_EQ(stuck.x[0], 0);
  const Slope flat = [](std::span<const double>, std::span<double>) { return 3.0; };
  EXPECT_EQ(minimize_lbfgs(flat, {5}, {}).passes, 1);
}

}  // namespace
}  // namespace isthmus
