// SPDX-License-Identifier: Apache-2.0
// Closed forms: one posterior for all items, posteriors that do not overlap, and Gaussian codes.
#include "isthmus/metrics/aggregate_posterior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

std::vector<float> normals(size_t count, uint64_t seed) {
  std::vector<float> out(count);
  fill_normal(RngKey::from(seed, "test/rows"), 0, 0, 0, out.data(), static_cast<int64_t>(count));
  return out;
}

TEST(AggregatePosterior, OfSeparatedPosteriorsIsLogN) {
  constexpr size_t kItems = 64;
  std::vector<float> mean(kItems), log_var(kItems, -10), draw(kItems);
  for (size_t i = 0; i < kItems; ++i) draw[i] = mean[i] = static_cast<float>(i);
  const AggregatePosterior a = aggregate_posterior(mean, log_var, draw, 1);
  EXPECT_NEAR(a.mutual_information.value, std::log(64.0), 1e-6);
  EXPECT_EQ(a.items, 64);
}

TEST(AggregatePosterior, OfThePriorForAllItemsIsZero) {
  constexpr size_t kItems = 200, kLatents = 3;
  const std::vector<float> zero(kItems * kLatents);
  const AggregatePosterior a =
      aggregate_posterior(zero, zero, normals(kItems * kLatents, 1), kLatents);
  EXPECT_NEAR(a.mutual_information.value, 0, 1e-12);
  EXPECT_NEAR(a.kl.value, 0, 1e-12);
  EXPECT_NEAR(a.total_correlation.value, 0, 1e-12);
  EXPECT_NEAR(a.dimension_kl.value, 0, 1e-12);
}

// Codes z ~ N(0, S), S = [[1, r], [r, 1]], each seen through noise of variance v: q(z) is nearly
// N(0, S + v I). KL to N(0, I), total correlation and the marginal part are closed.
TEST(AggregatePosterior, OfCorrelatedNormalCodesIsTheClosedForm) {
  constexpr size_t kItems = 4000;
  const double r = 0.8, v = 0.2;
  const std::vector<float> noise = normals(2 * kItems, 1), more = normals(2 * kItems, 2);
  std::vector<float> mean(2 * kItems), log_var(2 * kItems, static_cast<float>(std::log(v))),
      draw(2 * kItems);
  for (size_t i = 0; i < 2 * kItems; i += 2) {
    mean[i] = noise[i];
    mean[i + 1] =
        static_cast<float>(r) * noise[i] + static_cast<float>(std::sqrt(1 - r * r)) * noise[i + 1];
    for (size_t j = i; j < i + 2; ++j) {
      draw[j] = mean[j] + static_cast<float>(std::sqrt(v)) * more[j];
    }
  }
  const AggregatePosterior a = aggregate_posterior(mean, log_var, draw, 2, 4000);
  const double s = 1 + v, determinant = s * s - r * r;
  const double kl = 0.5 * (2 * s - 2 - std::log(determinant));
  const double correlation = 0.5 * std::log(s * s / determinant);
  const double information = 0.5 * std::log(determinant / (v * v));
  // A mixture of 4,000 instead of a normal: a few hundredths of a nat.
  EXPECT_NEAR(a.kl.value, kl, 0.06);
  EXPECT_NEAR(a.total_correlation.value, correlation, 0.06);
  EXPECT_NEAR(a.dimension_kl.value, kl - correlation, 0.06);
  EXPECT_NEAR(a.mutual_information.value, information, 0.06);
  EXPECT_NEAR(a.kl.value, a.total_correlation.value + a.dimension_kl.value, 1e-9);
}

}  // namespace
}  // namespace isthmus
