// SPDX-License-Identifier: Apache-2.0
// Moves against densities whose modes, moments and weights are known.
#include "isthmus/verbs/latent_moves.h"

#include <cmath>

#include <gtest/gtest.h>

namespace isthmus {
namespace {

constexpr size_t kRows = 2000;

/// N(m, P^-1) in two dimensions for all rows; the prior is N(0, I).
struct Correlated {
  const double mean[2] = {1.5, -2}, precision[2][2] = {{30, 25}, {25, 24}};  // eigenvalues 52, 1.8
  double variance(size_t i) const { return precision[1 - i][1 - i] / (30 * 24 - 25 * 25); }
  double covariance() const { return -25.0 / (30 * 24 - 25 * 25); }
  LatentTarget target() const {
    return [this](std::span<const double> z, double share, std::span<double> log_prob,
                  std::span<double> slope) {
      for (size_t r = 0; r < log_prob.size(); ++r) {
        log_prob[r] = 0;
        for (size_t i = 0; i < 2; ++i) {
          double force = 0;
          for (size_t j = 0; j < 2; ++j) force -= precision[i][j] * (z[2 * r + j] - mean[j]);
          slope[2 * r + i] = share * force - (1 - share) * z[2 * r + i];
          log_prob[r] += 0.5 * share * force * (z[2 * r + i] - mean[i]) -
                         0.5 * (1 - share) * z[2 * r + i] * z[2 * r + i];
        }
      }
    };
  }
};

LatentMoves moves_of(size_t width) {
  return LatentMoves(width, kRows, RngKey::from(1, "momentum"), RngKey::from(1, "uniform"));
}

TEST(LatentMoves, ClimbToTheModeOfAQuadratic) {
  const Correlated density;
  LatentMoves moves = moves_of(2);
  std::vector<double> z = {0, 0, 5, 5, -3, 1};
  moves.fit(density.target(), z);
  for (size_t i = 0; i < z.size(); ++i) EXPECT_NEAR(z[i], density.mean[i % 2], 1e-6);
}

TEST(LatentMoves, SettleIntoTheDensityFromFarAway) {
  const Correlated density;
  LatentMoves moves = moves_of(2);
  std::vector<double> z(2 * kRows, 0.0);
  moves.fit(density.target(), z);
  std::ranges::fill(z, 4.0);
  LatentChains chains = LatentMoves::start(z, kRows);
  double taken = 0;
  for (uint32_t step = 0; step < 30; ++step) {
    taken = moves.move(density.target(), {.adapt = step < 15, .number = step}, chains);
  }
  z = chains.z;
  EXPECT_GT(taken / kRows, 0.6);
  double means[2] = {0, 0}, products[3] = {0, 0, 0};
  for (size_t r = 0; r < kRows; ++r) {
    const double a = z[2 * r] - density.mean[0], b = z[2 * r + 1] - density.mean[1];
    means[0] += a / kRows;
    means[1] += b / kRows;
    products[0] += a * a / kRows;
    products[1] += b * b / kRows;
    products[2] += a * b / kRows;
  }
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(means[i], 0, 4 * std::sqrt(density.variance(i) / kRows));
    EXPECT_NEAR(products[i], density.variance(i), 4 * density.variance(i) * std::sqrt(2.0 / kRows));
  }
  const double error = std::sqrt(
      (density.variance(0) * density.variance(1) + density.covariance() * density.covariance()) /
      kRows);
  EXPECT_NEAR(products[2], density.covariance(), 4 * error);
}

/// Half N(-2, 0.2^2), half N(2, 0.2^2), as p(z) times evidence: from draws of the prior both are
/// found in their shares although the climb ends in one of them, and each has its own width.
TEST(LatentMoves, RisingEvidenceFindsBothModes) {
  constexpr double kWidth = 0.2, kAt = 2;
  const LatentTarget target = [](std::span<const double> z, double share,
                                 std::span<double> log_prob, std::span<double> slope) {
    for (size_t r = 0; r < z.size(); ++r) {
      const double left = -0.5 * std::pow((z[r] + kAt) / kWidth, 2);
      const double right = -0.5 * std::pow((z[r] - kAt) / kWidth, 2);
      const double top = std::max(left, right);
      const double both = std::exp(left - top) + std::exp(right - top);
      const double pull = (std::exp(left - top) * -(z[r] + kAt) / (kWidth * kWidth) +
                           std::exp(right - top) * -(z[r] - kAt) / (kWidth * kWidth)) /
                          both;
      log_prob[r] = share * (top + std::log(both)) - (1 - share) * 0.5 * z[r] * z[r];
      slope[r] = share * pull - (1 - share) * z[r];
    }
  };
  LatentMoves moves = moves_of(1);
  std::vector<double> z(kRows, 1.0);
  moves.fit(target, z);
  EXPECT_NEAR(z[0], kAt, 1e-3);
  std::vector<float> prior(kRows);
  fill_normal(RngKey::from(2, "prior"), 0, 0, 0, prior.data(), kRows);
  std::ranges::copy(prior, z.begin());
  LatentChains chains = LatentMoves::start(z, kRows);
  for (uint32_t step = 1; step <= 60; ++step) {
    const double share = step < 20 ? std::pow(step / 20.0, 4) : 1;
    moves.move(target, {.share = share, .adapt = step < 40, .number = step}, chains);
  }
  z = chains.z;
  double right = 0, squares = 0;
  for (const double v : z) {
    right += v > 0;
    squares += std::pow(std::fabs(v) - kAt, 2) / kRows;
  }
  EXPECT_NEAR(right / kRows, 0.5, 4 * 0.5 / std::sqrt(double{kRows}));
  EXPECT_NEAR(squares, kWidth * kWidth, 4 * kWidth * kWidth * std::sqrt(2.0 / kRows));
}

/// A place where the density is not a number is not moved to.
TEST(LatentMoves, StayWhereNumbersEnd) {
  const LatentTarget target = [](std::span<const double> z, double, std::span<double> log_prob,
                                 std::span<double> slope) {
    for (size_t r = 0; r < z.size(); ++r) {
      log_prob[r] = z[r] > 1 ? std::nan("") : -0.5 * z[r] * z[r];
      slope[r] = z[r] > 1 ? std::nan("") : -z[r];
    }
  };
  LatentMoves moves = moves_of(1);
  std::vector<double> z(kRows, 0.0);
  moves.fit(target, z);
  LatentChains chains = LatentMoves::start(z, kRows);
  for (uint32_t step = 0; step < 20; ++step) {
    moves.move(target, {.adapt = true, .number = step}, chains);
  }
  for (const double v : chains.z) EXPECT_LE(v, 1);
}

}  // namespace
}  // namespace isthmus
