// SPDX-License-Identifier: Apache-2.0
// Logistic regression: at the parameters found the penalised loss has no slope, in double.
#include <gtest/gtest.h>

#include <cmath>

#include "isthmus/testing/fit_case.h"

namespace isthmus {
namespace {

/// Items of two values, three classes that overlap.
FitCase three_classes(const std::string& penalty) {
  FitCase c{.setup = density_setup("logistic_regression", 2, "gaussian", 3)};
  c.setup.own.texts["model.weight_penalty"] = penalty;
  const std::vector<double> noise = normal_values("items", 240);
  for (size_t i = 0; i < 120; ++i) {
    const int label = static_cast<int>(i % 3);
    c.labels.push_back(label);
    c.x.push_back(static_cast<float>(label + noise[2 * i]));
    c.x.push_back(static_cast<float>((label == 1 ? 2 : 0) + noise[2 * i + 1]));
  }
  return c;
}

/// Norm of the gradient of the penalised loss, by class and value, at the weights and at zero.
double slope_at(const FitCase& c, const LeafValues& p, double penalty) {
  const std::vector<double> x(c.x.begin(), c.x.end());
  const std::vector<double> log_y = run_items(classify_graph(c.setup), p, "log_class", x, 2);
  std::vector<double> slope(9);
  for (size_t i = 0; i < c.labels.size(); ++i) {
    for (size_t y = 0; y < 3; ++y) {
      const double error = std::exp(log_y[3 * i + y]) - (static_cast<size_t>(c.labels[i]) == y);
      for (size_t j = 0; j < 2; ++j) slope[2 * y + j] += error * x[2 * i + j];
      slope[6 + y] += error;
    }
  }
  for (size_t k = 0; k < 6; ++k) slope[k] += penalty * p.at("classes/weight")[k];
  double norm = 0;
  for (const double s : slope) norm += s * s;
  return std::sqrt(norm);
}

TEST(LogisticRegression, EndsWhereThePenalisedLossHasNoSlope) {
  for (const double penalty : {0.0, 1.0, 100.0}) {
    const FitCase c = three_classes(std::to_string(penalty));
    const LeafValues zero = {{"classes/weight", std::vector<double>(6)},
                             {"classes/bias", std::vector<double>(3)}};
    const double ratio = slope_at(c, fitted(c), penalty) / slope_at(c, zero, penalty);
    EXPECT_LT(ratio, 2e-5) << penalty;  // 1e-5, and float32 parameters
  }
}

TEST(LogisticRegression, APenaltyShrinksTheWeights) {
  double last = INFINITY;
  for (const char* penalty : {"0", "1", "100"}) {
    double norm = 0;
    const LeafValues p = fitted(three_classes(penalty));
    for (const double w : p.at("classes/weight")) norm += w * w;
    EXPECT_LT(norm, last) << penalty;
    last = norm;
  }
}

TEST(LogisticRegression, ItsClassesSumToOneAndItIsNothingElse) {
  const FitCase c = three_classes("1");
  const std::vector<double> log_y =
      run_items(classify_graph(c.setup), fitted(c), "log_class", {40, -30}, 2);
  EXPECT_NEAR(sum_of_exp(log_y), 1, 1e-9);
  const Abilities has = abilities_of(c.setup);
  EXPECT_TRUE(has.classifies);
  EXPECT_FALSE(has.density || has.samples || has.encodes || has.elbo);
}

TEST(LogisticRegression, RefusesOneClassAndStopsAtItsPasses) {
  FitCase c = three_classes("0");
  c.setup.own.texts["model.passes"] = "1";
  const LeafValues p = fitted(c);
  for (const double w : p.at("classes/weight")) EXPECT_EQ(w, 0);
  c.setup.data.classes = {"only"};
  EXPECT_EQ(code_of([&] { fitted(c); }), ErrorCode::kImpossible);
}

}  // namespace
}  // namespace isthmus
