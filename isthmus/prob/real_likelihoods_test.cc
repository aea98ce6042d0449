// SPDX-License-Identifier: Apache-2.0
// laplace and student_t: densities with a width for every value. Golden values: 50 digits of the
// formulas by mpmath, and scipy.stats.
#include <gtest/gtest.h>

#include <numbers>

#include "isthmus/testing/likelihood_cases.h"

namespace isthmus {
namespace {

struct Golden {
  double x;
  std::vector<double> params;
  double log_prob;
};

void expect_golden(const std::string& name, const std::vector<Golden>& values) {
  const Graph graph = one_value_graph(name);
  for (const Golden& v : values) {
    EXPECT_TRUE(
        tolerance::within(log_probs(graph, v.params, {v.x})[0], v.log_prob, tolerance::kGoldenF64))
        << name << " at " << v.x << ": " << log_probs(graph, v.params, {v.x})[0];
  }
}

TEST(Laplace, EqualsItsGoldenValues) {
  expect_golden("laplace", {{0.3, {-1.2, -0.4}, -2.5308842270218508},
                            {5, {2, 1.5}, -2.8625376610052348},
                            {0, {0, -3}, 2.3068528194400547}});
}

TEST(Laplace, IntegratesToOneAndHasItsMoments) {
  const Graph graph = one_value_graph("laplace");
  for (double log_b : {-1.5, 0.0, 1.0}) {
    const double b = std::exp(log_b);
    // Both halves: the density has a corner at the median.
    const DensityMoments below = density_moments(graph, {0.25, log_b}, 0.25 - 45 * b, 0.25, 400);
    EXPECT_NEAR(below.total, 0.5, 100 * tolerance::kGoldenF64);
    const DensityMoments above = density_moments(graph, {0.25, log_b}, 0.25, 0.25 + 45 * b, 400);
    EXPECT_NEAR(above.total, 0.5, 100 * tolerance::kGoldenF64);
    EXPECT_NEAR(below.mean + above.mean, 0.25, 100 * tolerance::kGoldenF64);
    EXPECT_EQ(run_at(graph, {0.25, log_b}, {0}).output("mean").data[0], 0.25);
    expect_sample_moments(graph, {0.25, log_b}, 0.25, 2 * b * b);
  }
}

TEST(StudentT, EqualsItsGoldenValues) {
  expect_golden("student_t", {{0.3, {-1.2, -0.4, 0.7}, -2.614657032057187},
                              {50, {2, 1.5, -3}, -9.8962964290986501},
                              {0, {0, -3, 6}, 2.0533476207816417}});
}

TEST(StudentT, IntegratesToOneAndHasItsMoments) {
  const Graph graph = one_value_graph("student_t");
  for (double freedom : {-2.0, 1.0, 8.0}) {
    const double v = 3 + std::log1p(std::exp(freedom)), s = std::exp(0.3);
    // x = s sinh(y): the tails of powers become exponentials.
    const auto moment = [&](int power) {
      return integral(-40, 40, 800, [&](const std::vector<double>& y) {
        std::vector<double> x;
        for (double value : y) x.push_back(s * std::sinh(value));
        std::vector<double> f = log_probs(graph, {0, 0.3, freedom}, x);
        for (size_t i = 0; i < y.size(); ++i) {
          f[i] = std::exp(f[i]) * s * std::cosh(y[i]) * std::pow(x[i], power);
        }
        return f;
      });
    };
    EXPECT_NEAR(moment(0), 1, 100 * tolerance::kGoldenF64) << freedom;
    const double variance = s * s * v / (v - 2);
    EXPECT_NEAR(moment(2), variance, 1000 * tolerance::kGoldenF64 * variance) << freedom;
    EXPECT_NEAR(run_at(graph, {0, 0.3, freedom}, {0}).output("variance").data[0], moment(2),
                1000 * tolerance::kGoldenF64 * variance);
  }
}

TEST(StudentT, DrawsHaveItsMoments) {
  const Graph graph = one_value_graph("student_t");
  // Many degrees of freedom: the fourth moment, which judges the variance, must exist.
  for (double freedom : {6.0, 9.0}) {
    const double v = 3 + std::log1p(std::exp(freedom));
    expect_sample_moments(graph, {0.5, -0.2, freedom}, 0.5, std::exp(-0.4) * v / (v - 2), 3000);
  }
}

TEST(RealLikelihoods, GradientsEqualDifferences) {
  const LikelihoodSetup setup{.num_values = 2, .min_sigma = {0.1, 0.3}};
  const std::vector<double> x = {0.3, -2, 1.7, 8};
  expect_output_gradients("laplace", setup, {0.1, 0.4, -0.5, 1.2}, x);
  expect_output_gradients("student_t", setup, {0.1, 0.4, -0.5, 1.2, 0.3, -2}, x);
}

TEST(RealLikelihoods, DensityStopsAtTheRoundingOfTheData) {
  constexpr double kRounding = 0.02;  // a deviation
  const LikelihoodSetup setup{.min_sigma = {kRounding}};
  // Perfect reconstruction: however narrow the outputs want to be.
  const double laplace = log_probs(one_value_graph("laplace", setup), {0.5, -1e4}, {0.5})[0];
  EXPECT_NEAR(laplace, -std::log(kRounding * std::numbers::sqrt2), 1e-6);
  const double student = log_probs(one_value_graph("student_t", setup), {0.5, -1e4, 0}, {0.5})[0];
  const double unit = log_probs(one_value_graph("student_t"), {0.5, 0, 0}, {0.5})[0];
  EXPECT_NEAR(student, unit - std::log(kRounding), 1e-6);
}

TEST(RealLikelihoods, FarValuesPullLessThanThoseOfAGaussian) {
  const auto loss = [](const std::string& name, const std::vector<double>& params, double x) {
    return -log_probs(one_value_graph(name), params, {x})[0];
  };
  EXPECT_NEAR(loss("laplace", {0, 0}, 2000) - loss("laplace", {0, 0}, 1000), 1000, 1e-9);
  EXPECT_NEAR(loss("student_t", {0, 0, 0}, 2e6) - loss("student_t", {0, 0, 0}, 1e6),
              (4 + std::log(2.0)) * std::log(2.0), 1e-6);
}

}  // namespace
}  // namespace isthmus
