// SPDX-License-Identifier: Apache-2.0
// The linear denoiser against the inverse of a 2 x 2 covariance, and its measured noise against the
// noise that was added.
#include "isthmus/metrics/linear_denoiser.h"

#include <cmath>

#include <gtest/gtest.h>

#include "isthmus/base/rng_key.h"

namespace isthmus {
namespace {

constexpr int64_t kItems = 4000;
constexpr double kLevel = 0.5;

/// Correlated pairs, and the same with normal noise; a share `masked` of the values at 0 instead.
struct Pairs {
  std::vector<float> clean, noisy;
  explicit Pairs(double masked = 0) {
    const RngKey key = RngKey::from(1, "pairs");
    for (int64_t i = 0; i < kItems; ++i) {
      float e[4], u[2];
      fill_normal(key, static_cast<uint64_t>(i), 0, 0, e, 4);
      fill_uniform(key, static_cast<uint64_t>(i), 1, 0, u, 2);
      const float x[2] = {1 + e[0], e[0] * 0.8f + 0.3f * e[1]};
      for (int j = 0; j < 2; ++j) {
        clean.push_back(x[j]);
        noisy.push_back(masked > 0 ? (u[j] < static_cast<float>(masked) ? 0 : x[j])
                                   : x[j] + static_cast<float>(kLevel) * e[2 + j]);
      }
    }
  }
};

TEST(LinearDenoiser, IsTheWienerFilterOfTheCovariance) {
  const Pairs pairs;
  const LinearDenoiser linear(rows_of(pairs.clean, 2), rows_of(pairs.noisy, 2));
  double mean[2] = {}, c[3] = {}, noisy_mean[2] = {};
  for (size_t i = 0; i < pairs.clean.size(); ++i) {
    mean[i % 2] += pairs.clean[i] / kItems;
    noisy_mean[i % 2] += pairs.noisy[i] / kItems;
  }
  for (size_t i = 0; i < pairs.clean.size(); i += 2) {
    const double a = pairs.clean[i] - mean[0], b = pairs.clean[i + 1] - mean[1];
    c[0] += a * a / kItems, c[1] += a * b / kItems, c[2] += b * b / kItems;
  }
  // a C (a^2 C + v I)^-1 by the inverse of the matrix.
  const double a = linear.gain(), v = linear.noise_sigma() * linear.noise_sigma();
  const double m[3] = {a * a * c[0] + v, a * a * c[1], a * a * c[2] + v};
  const double det = m[0] * m[2] - m[1] * m[1];
  const double y[2] = {2.0 - noisy_mean[0], -1.0 - noisy_mean[1]};
  const double s[2] = {(m[2] * y[0] - m[1] * y[1]) / det, (m[0] * y[1] - m[1] * y[0]) / det};
  const std::vector<float> item = {2, -1};
  std::vector<float> out(2);
  linear.denoise(item, out);
  EXPECT_NEAR(out[0], mean[0] + a * (c[0] * s[0] + c[1] * s[1]), 1e-5);
  EXPECT_NEAR(out[1], mean[1] + a * (c[1] * s[0] + c[2] * s[1]), 1e-5);
}

TEST(LinearDenoiser, MeasuresTheNoiseThatWasAdded) {
  const Pairs pairs;
  const LinearDenoiser linear(rows_of(pairs.clean, 2), rows_of(pairs.noisy, 2));
  EXPECT_NEAR(linear.gain(), 1, 5 * kLevel / std::sqrt(2.0 * kItems));
  EXPECT_NEAR(linear.noise_sigma(), kLevel, 5 * kLevel / std::sqrt(4.0 * kItems));
}

// x times a kept share: the best gain is that share.
TEST(LinearDenoiser, OfMaskedValuesGainsWhatIsLeft) {
  const Pairs pairs(0.25);
  const LinearDenoiser linear(rows_of(pairs.clean, 2), rows_of(pairs.noisy, 2));
  EXPECT_NEAR(linear.gain(), 0.75, 0.03);
}

TEST(LinearDenoiser, WithoutNoiseGivesItemsBack) {
  const Pairs pairs;
  const LinearDenoiser linear(rows_of(pairs.clean, 2), rows_of(pairs.clean, 2));
  std::vector<float> out(2);
  linear.denoise(std::vector<float>{2, -1}, out);
  EXPECT_NEAR(out[0], 2, 1e-6);
  EXPECT_NEAR(out[1], -1, 1e-6);
}

}  // namespace
}  // namespace isthmus
