// SPDX-License-Identifier: Apache-2.0
// The gamma functions against 60 digits, and their limits.
#include "isthmus/base/gamma_functions.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "isthmus/testing/gamma_table.h"

namespace isthmus {
namespace {

TEST(GammaFunctions, EqualSixtyDigitsFromAMillionthToAMillion) {
  for (const GammaRow& row : kGammaTable) {
    EXPECT_NEAR(log_gamma(row.x), row.log_gamma, 2e-14 * std::fabs(row.log_gamma)) << row.x;
    EXPECT_NEAR(digamma(row.x), row.digamma, 2e-14 * std::max(std::fabs(row.digamma), 0.1))
        << row.x;
    EXPECT_NEAR(trigamma(row.x), row.trigamma, 2e-14 * row.trigamma) << row.x;
  }
}

TEST(GammaFunctions, DifferencesDoNotCancel) {
  for (const DifferenceRow& row : kDifferenceTable) {
    EXPECT_NEAR(log_gamma_difference(row.x, row.r), row.log_gamma,
                1e-13 * std::max(std::fabs(row.log_gamma), 0.01))
        << row.x << ", " << row.r;
    EXPECT_NEAR(digamma_difference(row.x, row.r), row.digamma, 1e-13 * row.digamma)
        << row.x << ", " << row.r;
  }
}

TEST(GammaFunctions, HaveTheirLimitsAtZeroAndInfinity) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(log_gamma(0), kInf);
  EXPECT_EQ(digamma(0), -kInf);
  EXPECT_EQ(trigamma(0), kInf);
  EXPECT_EQ(log_gamma(kInf), kInf);
  EXPECT_EQ(digamma(kInf), kInf);
  EXPECT_EQ(trigamma(kInf), 0);
  for (double x : {-1.0, -0.5, std::nan("")}) {
    EXPECT_TRUE(std::isnan(log_gamma(x)) && std::isnan(digamma(x)) && std::isnan(trigamma(x)));
    EXPECT_TRUE(std::isnan(log_gamma_difference(1, x)) && std::isnan(digamma_difference(1, x)));
  }
  EXPECT_EQ(log_gamma_difference(0, 3), 0);
  EXPECT_EQ(digamma_difference(0, 3), 0);
  EXPECT_EQ(log_gamma(1), 0);
  EXPECT_EQ(log_gamma(2), 0);
}

TEST(GammaFunctions, LogAndExpEqualTheLibraryWithinTwoUnits) {
  for (int k = -2000; k <= 2000; ++k) {
    const double x = std::exp(0.3 * k + 0.01 * (k % 7)), y = 0.35 * k;
    EXPECT_NEAR(own_log(x), std::log(x), 4.5e-16 * std::fabs(std::log(x))) << x;
    EXPECT_NEAR(own_exp(y), std::exp(y), 4.5e-16 * std::exp(y)) << y;
    EXPECT_NEAR(own_log1p(x), std::log1p(x), 4.5e-16 * std::log1p(x)) << x;
  }
}

}  // namespace
}  // namespace isthmus
