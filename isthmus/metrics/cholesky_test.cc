// SPDX-License-Identifier: Apache-2.0
// Factors multiply back, inverses give the identity, and what is no covariance has no factor.
#include "isthmus/metrics/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>

namespace isthmus {
namespace {

std::vector<double> covariance(size_t n) {  // 1 + 1/2 of the neighbours, and growing variances
  std::vector<double> s(n * n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      const double scale = std::sqrt(double(i + 1) * double(j + 1));
      s[i * n + j] = scale * std::pow(0.5, std::fabs(double(i) - double(j)));
    }
  }
  return s;
}

TEST(Cholesky, FactorsMultiplyBackAndInvert) {
  for (size_t n : {1u, 2u, 5u, 17u}) {
    const std::vector<double> s = covariance(n);
    const auto factor = cholesky(s, n);
    ASSERT_TRUE(factor.has_value());
    const std::vector<double> inverse = inverse_upper(*factor, n);
    for (size_t i = 0; i < n; ++i) {
      for (size_t j = 0; j < n; ++j) {
        double product = 0, identity = 0;
        for (size_t k = 0; k < n; ++k) {
          product += (*factor)[k * n + i] * (*factor)[k * n + j];
          identity += (*factor)[i * n + k] * inverse[k * n + j];
        }
        EXPECT_NEAR(product, s[i * n + j], 1e-12 * double(n));
        EXPECT_NEAR(identity, i == j ? 1 : 0, 1e-12);
        if (j < i) {
          EXPECT_EQ((*factor)[i * n + j], 0);
        }
      }
    }
  }
}

TEST(Cholesky, WhatIsNotPositiveDefiniteHasNoFactor) {
  EXPECT_FALSE(cholesky({1, 2, 2, 1}, 2).has_value());
  EXPECT_FALSE(cholesky({1, 1, 1, 1}, 2).has_value());
  EXPECT_FALSE(cholesky({0}, 1).has_value());
  EXPECT_FALSE(cholesky({INFINITY}, 1).has_value());
}

}  // namespace
}  // namespace isthmus
