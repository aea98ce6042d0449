// SPDX-License-Identifier: Apache-2.0
// Products of values against their closed forms; parameters are float32, hence the tolerances.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/testing/fit_case.h"

namespace isthmus {
namespace {

constexpr double kRounded = 1e-5;

std::vector<double> log_probs(const FitCase& c, const std::vector<double>& x) {
  return run_items(evaluation_graph(c.setup), fitted(c), "log_prob", x, c.setup.data.num_values());
}

TEST(Independent, OfBitsSumsToOneAndHasTheirMeans) {
  const FitCase c{.setup = density_setup("independent", 3, "bernoulli"),
                  .x = {0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1}};  // means 0, 3/4, 3/4
  const std::vector<double> log_p = log_probs(c, all_bits(3));
  EXPECT_NEAR(sum_of_exp(log_p), 1, kRounded);
  // A value that was never 1 is it with probability 1 / (2 N).
  EXPECT_NEAR(log_p[0b110], std::log(7.0 / 8 * 3 / 4 * 3 / 4), kRounded);
  EXPECT_NEAR(log_p[0b001], std::log(1.0 / 8 * 1 / 4 * 1 / 4), kRounded);
}

TEST(Independent, TheErrorOfADensityWithoutALatentIsItsLog) {
  const FitCase c{.setup = density_setup("independent", 2, "bernoulli"), .x = {0, 1, 1, 1}};
  const std::vector<double> x = all_bits(2);
  const std::vector<double> log_p = log_probs(c, x);
  const std::vector<double> error =
      run_items(evaluation_graph(c.setup), fitted(c), "reconstruction", x, 2);
  for (size_t i = 0; i < log_p.size(); ++i) EXPECT_EQ(error[i], -log_p[i]);
}

TEST(Independent, OfRealValuesHasAWidthForEachAndIntegratesToOne) {
  FitCase c{.setup = density_setup("independent", 2, "gaussian"), .x = {1, 10, 3, 20, 5, 60}};
  const LeafValues p = fitted(c);
  EXPECT_NEAR(p.at("independent/params")[1], 30, kRounded);
  const double v0 = 8.0 / 3, v1 = 1400.0 / 3;
  EXPECT_NEAR(std::exp(2 * p.at("likelihood/log_sigma")[0]), v0, kRounded * v0);
  EXPECT_NEAR(std::exp(2 * p.at("likelihood/log_sigma")[1]), v1, kRounded * v1);
  std::vector<double> grid;
  const double step = 0.25, s0 = std::sqrt(v0), s1 = std::sqrt(v1);
  for (double a = -8; a <= 8; a += step) {
    for (double b = -8; b <= 8; b += step) {
      grid.push_back(3 + s0 * a);
      grid.push_back(30 + s1 * b);
    }
  }
  EXPECT_NEAR(sum_of_exp(log_probs(c, grid)) * step * step * s0 * s1, 1, kRounded);
}

TEST(Independent, AFixedSigmaIsKeptAndOneForAllIsRefused) {
  FitCase c{.setup = density_setup("independent", 1, "gaussian"), .x = {0, 4}};
  c.setup.own.texts["model.sigma"] = "2";
  EXPECT_FALSE(fitted(c).contains("likelihood/log_sigma"));
  EXPECT_NEAR(log_probs(c, {2})[0], -0.5 * std::log(2 * std::numbers::pi * 4), kRounded);
  for (const char* sigma : {"learned", "optimal"}) {
    c.setup.own.texts["model.sigma"] = sigma;
    EXPECT_EQ(code_of([&] { evaluation_graph(c.setup); }), ErrorCode::kConflict) << sigma;
  }
}

TEST(Independent, RealItemsThatAreAllAlikeAreRefusedAndOneConstantColumnIsNot) {
  FitCase c{.setup = density_setup("independent", 2, "gaussian"), .x = {1, 2, 1, 2}};
  EXPECT_EQ(code_of([&] { fitted(c); }), ErrorCode::kImpossible);
  c.x = {1, 2, 1, 3};
  EXPECT_TRUE(std::isfinite(log_probs(c, {1, 2.5})[0]));
}

TEST(Independent, OfCategoriesCountsLevels) {
  FitCase c{.setup = density_setup("independent", 2, "categorical"), .x = {0, 1, 0, 1, 2, 0, 0, 1}};
  c.setup.data.fields[0].max = 2;
  for (FieldSpec& field : c.setup.data.fields) field.integer = true;
  std::vector<double> all;
  for (const double a : {0, 1, 2}) {
    for (const double b : {0, 1}) {
      all.push_back(a);
      all.push_back(b);
    }
  }
  const std::vector<double> log_p = log_probs(c, all);
  EXPECT_NEAR(sum_of_exp(log_p), 1, kRounded);
  EXPECT_NEAR(log_p[1], std::log(3.0 / 4.5 * 3 / 4), kRounded);  // 0, 1
  EXPECT_NEAR(log_p[2], std::log(0.5 / 4.5 * 1 / 4), kRounded);  // 1, 0: half an item
}

TEST(Independent, DrawsHaveTheMeansOfTheItems) {
  const FitCase c{.setup = density_setup("independent", 2, "bernoulli"),
                  .x = {1, 0, 1, 1, 0, 1, 0, 1, 0, 1}};  // 2/5, 4/5
  constexpr int64_t kDraws = 20000;
  const std::vector<double> x = run_draws(c.setup, fitted(c), kDraws);
  ASSERT_EQ(x.size(), 2U * kDraws);
  double mean[2] = {0, 0}, both = 0;
  for (size_t i = 0; i < x.size(); i += 2) {
    for (size_t j = 0; j < 2; ++j) mean[j] += x[i + j] / kDraws;
    both += x[i] * x[i + 1] / kDraws;
  }
  const auto five_sigma = [](double p) { return 5 * std::sqrt(p * (1 - p) / kDraws); };
  EXPECT_NEAR(mean[0], 0.4, five_sigma(0.4));
  EXPECT_NEAR(mean[1], 0.8, five_sigma(0.8));
  EXPECT_NEAR(both, 0.32, five_sigma(0.32));
}

}  // namespace
}  // namespace isthmus
