// SPDX-License-Identifier: Apache-2.0
// Draws by inversion: exact quantiles at arguments computed with 40 digits, and the distribution of
// many keyed draws by Pearson's chi-square.
#include "isthmus/base/quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "isthmus/base/gamma_functions.h"
#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

constexpr int64_t kDraws = 200'000;

std::vector<float> uniforms(std::string_view purpose) {
  std::vector<float> u(kDraws);
  fill_uniform(RngKey::from(7, purpose), 0, 0, 0, u.data(), kDraws);
  return u;
}

double poisson_probability(double rate, double k) {
  return std::exp(k * std::log(rate) - rate - log_gamma(k + 1));
}

TEST(Quantiles, GammaEqualsFortyDigits) {
  struct Row {
    double shape, u, x;
  };
  const Row rows[] = {{0.01, 0.5, 4.465535018910355e-31},  {0.01, 0.99, 0.26505255025158186},
                      {0.5, 1e-06, 7.853981633978594e-13}, {0.5, 0.3, 0.07423593091627272},
                      {1, 0.75, 1.3862943611198906},       {2.5, 0.01, 0.27714903836413857},
                      {2.5, 0.999, 10.257502826216438},    {50, 0.5, 49.66706461799423},
                      {50, 0.0001, 27.862299225250847},    {1000, 0.9, 1040.73430801369}};
  for (const Row& row : rows) {
    EXPECT_NEAR(gamma_quantile(row.shape, row.u), row.x, 1e-10 * row.x) << row.shape;
    EXPECT_NEAR(gamma_cdf(row.shape, row.x), row.u, 1e-12) << row.shape;
  }
}

TEST(Quantiles, BothGammaMethodsMeetAtAMillion) {
  for (double u : {1e-7, 0.01, 0.5, 0.9, 0.9999999}) {
    const double below = gamma_quantile(999'999, u), above = gamma_quantile(1'000'000, u);
    EXPECT_NEAR(above - below, 1, 0.1) << u;  // one standard deviation is 1000
  }
}

TEST(Quantiles, GammaOfAVanishingShapeIsZeroOrSmall) {
  EXPECT_EQ(gamma_quantile(1e-6, 0.5), 0);
  EXPECT_TRUE(std::isnan(gamma_quantile(0, 0.5)));
  EXPECT_TRUE(std::isnan(gamma_quantile(1, std::nan(""))));
}

TEST(Quantiles, PoissonIsTheSmallestCountThatReachesU) {
  for (double rate : {0.01, 0.7, 1.0, 9.5, 30.0, 400.0}) {
    double sum = 0;
    for (double k = 0; sum < 0.999; ++k) {
      const double p = poisson_probability(rate, k);
      if (p > 1e-9) {
        EXPECT_EQ(poisson_quantile(rate, sum + 0.01 * p), k) << rate;
        EXPECT_EQ(poisson_quantile(rate, sum + 0.99 * p), k) << rate;
      }
      sum += p;
    }
  }
  EXPECT_EQ(poisson_quantile(0, 0.999), 0);
  EXPECT_TRUE(std::isnan(poisson_quantile(-1, 0.5)));
}

TEST(Quantiles, PoissonDrawsPassChiSquare) {
  for (double rate : {0.3, 3.0, 40.0, 9000.0}) {
    // Cells of about a quarter of a standard deviation; the ends hold the rest.
    const double width = std::max(1.0, std::floor(std::sqrt(rate) / 4));
    const auto cell = [&](double k) {
      return static_cast<size_t>(std::clamp(std::floor((k - rate) / width) + 12, 0.0, 24.0));
    };
    std::vector<double> expected(25), counts(25);
    for (double k = std::max(0.0, std::floor(rate - 12 * std::sqrt(rate)));
         k < rate + 12 * std::sqrt(rate) + 20; ++k) {
      expected[cell(k)] += static_cast<double>(kDraws) * poisson_probability(rate, k);
    }
    double sum = 0, squares = 0;
    for (float u : uniforms("poisson")) {
      const double k = poisson_quantile(rate, static_cast<double>(u));
      counts[cell(k)] += 1;
      sum += k;
      squares += (k - rate) * (k - rate);
    }
    double chi = 0, cells = 0;
    for (size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] < 5) continue;
      chi += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
      cells += 1;
    }
    EXPECT_LT(chi, cells - 1 + 4 * std::sqrt(2 * cells)) << rate;
    const double n = static_cast<double>(kDraws);
    EXPECT_NEAR(sum / n, rate, 4 * std::sqrt(rate / n));
    // The variance of (k - rate)^2 is rate + 2 rate^2.
    EXPECT_NEAR(squares / n, rate, 4 * std::sqrt((rate + 2 * rate * rate) / n));
  }
}

TEST(Quantiles, PoissonOfGammaDrawsIsNegativeBinomial) {
  const double r = 1.7, mean = 4;
  const std::vector<float> first = uniforms("gamma"), second = uniforms("count");
  std::vector<double> counts(16);
  for (size_t i = 0; i < first.size(); ++i) {
    const double rate = gamma_quantile(r, static_cast<double>(first[i])) * mean / r;
    const double k = poisson_quantile(rate, static_cast<double>(second[i]));
    counts[static_cast<size_t>(std::min(k, 15.0))] += 1;
  }
  double chi = 0, rest = static_cast<double>(kDraws);
  for (size_t k = 0; k < 16; ++k) {
    const double x = static_cast<double>(k);
    double expected = static_cast<double>(kDraws) *
                      std::exp(log_gamma_difference(x, r) - log_gamma(x + 1) +
                               r * std::log(r / (r + mean)) + x * std::log(mean / (r + mean)));
    if (k == 15) expected = rest;
    rest -= expected;
    chi += (counts[k] - expected) * (counts[k] - expected) / expected;
  }
  EXPECT_LT(chi, 15 + 4 * std::sqrt(30.0));
}

TEST(Quantiles, NormalQuantileIsAntisymmetricAndKnown) {
  EXPECT_NEAR(normal_quantile(0.2), -0.8416212335729142, 2e-9);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 4e-9);
  EXPECT_NEAR(normal_quantile(1e-6), -4.753424308822899, 1e-8);
  EXPECT_EQ(normal_quantile(0.5), 0);
}

}  // namespace
}  // namespace isthmus
