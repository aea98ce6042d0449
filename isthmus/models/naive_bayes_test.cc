// SPDX-License-Identifier: Apache-2.0
// Naive Bayes against Bayes' rule written out in double.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "isthmus/testing/fit_case.h"

namespace isthmus {
namespace {

constexpr double kRounded = 1e-5;

/// Seven items of three bits, two classes.
FitCase bits() {
  return {.setup = density_setup("naive_bayes", 3, "bernoulli", 2),
          .x = {1, 1, 0, 1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 0, 0},
          .labels = {0, 0, 0, 1, 1, 1, 1}};
}

/// Real items of two values, three classes that differ in mean and width.
FitCase reals(int64_t count) {
  FitCase c{.setup = density_setup("naive_bayes", 2, "gaussian", 3)};
  const std::vector<double> noise = normal_values("items", 2 * count);
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    const int label = static_cast<int>(i % 4 == 3 ? 0 : i % 4);
    c.labels.push_back(label);
    c.x.push_back(static_cast<float>(2 * label + (0.3 + label) * noise[2 * i]));
    c.x.push_back(static_cast<float>(label - 0.5 * noise[2 * i + 1]));
  }
  return c;
}

double normal_log_density(double x, double mean, double variance) {
  return -0.5 * ((x - mean) * (x - mean) / variance + std::log(2 * std::numbers::pi * variance));
}

/// log p(x, y) of the reals, with their own moments.
std::vector<double> joint_of(const FitCase& c, double a, double b) {
  std::vector<double> joint;
  for (int y = 0; y < 3; ++y) {
    double n = 0, mean[2] = {0, 0}, square[2] = {0, 0};
    for (size_t i = 0; i < c.labels.size(); ++i) {
      if (c.labels[i] != y) continue;
      ++n;
      for (size_t j = 0; j < 2; ++j) {
        const double v = c.x[2 * i + j];
        mean[j] += v;
        square[j] += v * v;
      }
    }
    double log_p = std::log(n / static_cast<double>(c.labels.size()));
    for (size_t j = 0; j < 2; ++j) {
      const double m = mean[j] / n;
      log_p += normal_log_density(j == 0 ? a : b, m, square[j] / n - m * m);
    }
    joint.push_back(log_p);
  }
  return joint;
}

TEST(NaiveBayes, OfBitsSumsToOneAndIsSmoothedByOneOfEachKind) {
  const FitCase c = bits();
  const LeafValues p = fitted(c);
  const std::vector<double> x = all_bits(3);
  const std::vector<double> log_p = run_items(evaluation_graph(c.setup), p, "log_prob", x, 3);
  const std::vector<double> log_y = run_items(classify_graph(c.setup), p, "log_class", x, 3);
  EXPECT_NEAR(sum_of_exp(log_p), 1, kRounded);
  const double ones[2][3] = {{3, 2, 1}, {0, 1, 3}}, items[2] = {3, 4};
  for (size_t i = 0; i < log_p.size(); ++i) {
    double joint[2];
    for (size_t y = 0; y < 2; ++y) {
      joint[y] = items[y] / 7;
      for (size_t j = 0; j < 3; ++j) {
        const double mean = (ones[y][j] + 1) / (items[y] + 2);
        joint[y] *= x[3 * i + j] == 1 ? mean : 1 - mean;
      }
    }
    EXPECT_NEAR(log_p[i], std::log(joint[0] + joint[1]), kRounded);
    for (size_t y = 0; y < 2; ++y) {
      EXPECT_NEAR(log_y[2 * i + y], std::log(joint[y] / (joint[0] + joint[1])), kRounded);
    }
  }
}

TEST(NaiveBayes, TheBoundOfBitsIsTheirDensity) {
  const FitCase c = bits();
  const LeafValues p = fitted(c);
  const auto output = [&](const char* name) {
    return run_items(evaluation_graph(c.setup), p, name, all_bits(3), 3);
  };
  const std::vector<double> error = output("reconstruction"), kl = output("kl"),
                            log_p = output("log_prob");
  for (size_t i = 0; i < 8; ++i) EXPECT_NEAR(-error[i] - kl[i], log_p[i], kRounded);
}

TEST(NaiveBayes, OfRealValuesIsBayesRuleOverTheMomentsOfEachClass) {
  const FitCase c = reals(60);
  const LeafValues p = fitted(c);
  for (const auto& [a, b] : {std::pair{0.0, 0.0}, {2.5, -1.0}, {-4.0, 3.0}, {9.0, 2.0}}) {
    const std::vector<double> joint = joint_of(c, a, b);
    const double log_p = std::log(sum_of_exp(joint));
    const std::vector<double> x = {a, b};
    EXPECT_NEAR(run_items(evaluation_graph(c.setup), p, "log_prob", x, 2)[0], log_p, 1e-4);
    const std::vector<double> log_y = run_items(classify_graph(c.setup), p, "log_class", x, 2);
    for (size_t y = 0; y < 3; ++y) EXPECT_NEAR(log_y[y], joint[y] - log_p, 1e-4);
  }
}

TEST(NaiveBayes, OfRealValuesIntegratesToOne) {
  const FitCase c = reals(60);
  std::vector<double> grid;
  const double step = 0.125;
  for (double a = -15; a <= 25; a += step) {
    for (double b = -6; b <= 8; b += step) {
      grid.push_back(a);
      grid.push_back(b);
    }
  }
  const std::vector<double> log_p =
      run_items(evaluation_graph(c.setup), fitted(c), "log_prob", grid, 2);
  EXPECT_NEAR(sum_of_exp(log_p) * step * step, 1, kRounded);
}

TEST(NaiveBayes, AValueThatIsConstantInAClassKeepsAShareOfTheLargestVariance) {
  FitCase c{.setup = density_setup("naive_bayes", 2, "gaussian", 2),
            .x = {1, 5, 1, 7, 3, 5, 4, 9},
            .labels = {0, 0, 1, 1}};
  // Of the second column: mean 6.5, variance 2.75.
  EXPECT_NEAR(fitted(c).at("classes/log_var")[0], std::log(2.75e-9), kRounded);
}

TEST(NaiveBayes, DrawsOfRealValuesHaveTheMomentsOfTheMixture) {
  const FitCase c = reals(60);
  constexpr int64_t kDraws = 20000;
  const std::vector<double> x = run_draws(c.setup, fitted(c), kDraws);
  ASSERT_EQ(x.size(), 2U * kDraws);
  for (size_t j = 0; j < 2; ++j) {
    double mean = 0, square = 0, given = 0, given_square = 0;
    for (size_t i = j; i < x.size(); i += 2) {
      mean += x[i] / kDraws;
      square += x[i] * x[i] / kDraws;
    }
    for (size_t i = j; i < c.x.size(); i += 2) {
      given += c.x[i] / 60.0;
      given_square += static_cast<double>(c.x[i]) * c.x[i] / 60;
    }
    const double deviation = std::sqrt(given_square - given * given);
    EXPECT_NEAR(mean, given, 5 * deviation / std::sqrt(kDraws));
    EXPECT_NEAR(square, given_square, 0.1 * given_square);
  }
}

TEST(NaiveBayes, RefusesOneClassAndItemsThatAreAlike) {
  FitCase c = bits();
  c.setup.data.classes = {"only"};
  EXPECT_EQ(code_of([&] { evaluation_graph(c.setup); }), ErrorCode::kImpossible);
  FitCase alike{
      .setup = density_setup("naive_bayes", 2, "gaussian", 2), .x = {1, 2, 1, 2}, .labels = {0, 1}};
  EXPECT_EQ(code_of([&] { fitted(alike); }), ErrorCode::kImpossible);
}

}  // namespace
}  // namespace isthmus
